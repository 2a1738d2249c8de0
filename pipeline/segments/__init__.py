"""Long films, painted by segments that are saved one by one, so that a crash loses the last one at most."""
