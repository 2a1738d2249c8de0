"""Where live pictures go."""
