"""The commands, one a file: what each can be given, and what it does with that."""
