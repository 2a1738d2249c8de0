"""Between the planes that a file stores and upright RGB pixels."""
