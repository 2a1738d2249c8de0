"""Optical flow between frames, how far it is trusted, and pictures carried along it."""
