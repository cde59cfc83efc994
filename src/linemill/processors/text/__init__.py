"""Built-in processors on text, a file each."""
