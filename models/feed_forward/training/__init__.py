"""How the painters of one network are trained: on a painting each, and the one with a canvas."""
