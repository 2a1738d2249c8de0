"""A time drawn into a picture, to be read back from what comes out: so delay is measured from end to end.

Two rows of squares along the top, each square of the second row the opposite of the one above. A bit is which
of the two is lighter: so it can be read from a painting too, however that changes brightness. Five bits of
checksum say whether what is read is a time at all.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

BITS = 15  # of the time, in ms: 32.8 s, after which it begins anew
PERIOD = 1 << BITS  # ms
_CHECK = 5  # bits
_CHECK_PRIME = 31
_DARK, _LIGHT = 16, 240  # levels
_HEIGHT = 0.16  # of the picture, of both rows


def draw(picture: Picture, ms: int) -> Picture:
    """A copy of a picture with a time in it, ms, of which only the remainder of `PERIOD` is kept."""
    drawn = picture.copy()
    value = ms % PERIOD
    bits = _bits(value, BITS) + _bits(value % _CHECK_PRIME, _CHECK)
    rows, columns = _edges(picture)
    for number, bit in enumerate(bits):
        left, right = columns[number], columns[number + 1]
        drawn[: rows[1], left:right] = _LIGHT if bit else _DARK
        drawn[rows[1] : rows[2], left:right] = _DARK if bit else _LIGHT
    return drawn


def read(picture: Picture) -> int | None:
    """The time in a picture, ms; None: there is none, or it can't be read."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    rows, columns = _edges(picture)
    bits = [
        _middle(grey[: rows[1], left:right]) > _middle(grey[rows[1] : rows[2], left:right])
        for left, right in pairwise(columns)
    ]
    value = _number(bits[:BITS])
    return value if value % _CHECK_PRIME == _number(bits[BITS:]) else None


def since(ms: int, now: float) -> float:
    """How long ago a time was drawn that was read just now, in ms.

    Args:
        ms: what was read.
        now: s, of the clock that it was drawn by.
    """
    return (now * 1000 - ms) % PERIOD


def _bits(number: int, count: int) -> list[bool]:
    return [bool(number >> place & 1) for place in range(count)]


def _number(bits: list[bool]) -> int:
    return sum(bit << place for place, bit in enumerate(bits))


def _edges(picture: Picture) -> tuple[list[int], list[int]]:
    """Where rows and columns of squares begin and end, px."""
    height, width = picture.shape[:2]
    rows = [round(height * _HEIGHT * number / 2) for number in range(3)]
    count = BITS + _CHECK
    return rows, [round(width * number / count) for number in range(count + 1)]


def _middle(square: NDArray[np.float32]) -> float:
    """The mean of its middle: painters and codecs blur the edges."""
    height, width = square.shape
    return float(square[height // 4 : -(height // 4) or None, width // 4 : -(width // 4) or None].mean())
