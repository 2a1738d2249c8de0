"""The size that frames are shrunk to."""

from __future__ import annotations

from fractions import Fraction


def fitted(width: int, height: int, max_size: int | None) -> tuple[int, int]:
    """Shrink to `max_size` px on the longer side, to even numbers."""
    if max_size is None or max(width, height) <= max_size:
        return width, height
    scale = Fraction(max_size, max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
