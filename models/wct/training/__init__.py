"""How the networks of the whitening and colouring transform are trained, in two phases."""
