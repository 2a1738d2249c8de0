"""VGG features, the losses made of them, and figures measured by them."""
