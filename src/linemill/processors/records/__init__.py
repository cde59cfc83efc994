"""Built-in processors on records, a file each."""
