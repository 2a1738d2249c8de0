"""Painting by optimising the pixels of a picture (Gatys et al. 2016)."""
