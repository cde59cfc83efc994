"""Built-in processors that parse text into records, a file each."""
