"""Many films painted by one command."""
