"""A painter whose strokes move with the things: each feature map is a sampled, continuous signal."""
