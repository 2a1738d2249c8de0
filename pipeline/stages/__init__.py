"""What happens to frames between source and sink."""
