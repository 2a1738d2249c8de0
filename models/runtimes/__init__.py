"""How networks are run: compiled, in PyTorch, whole or in tiles, and on which device."""
