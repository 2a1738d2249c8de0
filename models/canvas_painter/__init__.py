"""Painting frame and canvas together: the painter with a canvas, ready to paint."""
