"""Turn films into the same films in the style of a painting."""

__version__ = "0.1.0"
