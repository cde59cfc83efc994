"""What can be seen of a mill: its logs."""
