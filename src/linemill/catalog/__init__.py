"""What is durable: files, attempts, outputs, counts, dead letters, versions, events, in one database."""
