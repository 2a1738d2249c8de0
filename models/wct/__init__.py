"""Painting by the whitening and colouring transform (Li et al. 2017)."""
