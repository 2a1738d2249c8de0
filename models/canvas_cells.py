"""How a canvas is divided, without the canvas itself: shapes of networks need no more. Needs no NumPy."""

from __future__ import annotations

CELL = 4  # px of the frame, the side of a cell of the canvas: the network's working resolution
OCTAVES = 4
CHANNELS_PER_OCTAVE = 2
CHANNELS = OCTAVES * CHANNELS_PER_OCTAVE
