"""Networks and their mathematics: they know tensors and their own weights, no films."""
