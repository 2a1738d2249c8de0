"""Names of files as users type them, and files that are written whole or not at all."""
