"""A film and what somebody made of it, compared: `stylize-video score`. Used by nothing else."""
