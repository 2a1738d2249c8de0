"""Frames that the user painted."""
