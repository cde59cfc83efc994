"""The life of a file: stage, work, publish."""
