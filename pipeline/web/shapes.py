"""The shapes of the frames that are painted: a few, since for each a program is compiled."""

from __future__ import annotations

from fractions import Fraction

_SHAPES = tuple(Fraction(*sides) for sides in ((16, 9), (4, 3), (1, 1), (3, 4), (9, 16)))
_LONGER = 1280  # px, of the cameras that stand for them


def nearest(width: int, height: int) -> tuple[int, int]:
    """Width and height, px, of the camera that stands for all of nearly this shape.

    Args:
        width, height: of a camera, px.
    """
    given = Fraction(width, height)
    shape = min(_SHAPES, key=lambda known: max(known, given) / min(known, given))
    if shape >= 1:
        return _LONGER, round(_LONGER / shape)
    return round(_LONGER * shape), _LONGER
