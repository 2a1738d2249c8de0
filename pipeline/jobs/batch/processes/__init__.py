"""The processes that a batch works in, and what they are given to do."""
