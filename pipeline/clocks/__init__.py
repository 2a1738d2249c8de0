"""A file's clock, where it starts again or jumps."""
