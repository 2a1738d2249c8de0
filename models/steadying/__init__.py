"""Takes the flicker out of painted films."""
