"""How networks are run: compiled or in PyTorch, and on which device."""
