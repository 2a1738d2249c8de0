"""Painting frame and canvas by a network that was trained on paintings, and its training."""
