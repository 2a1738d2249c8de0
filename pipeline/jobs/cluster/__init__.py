"""Films painted by a cluster of machines, through Ray. Nothing imports it before it is asked for."""
