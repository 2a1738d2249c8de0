"""Moving pictures: containers, clocks and threads; no networks."""
