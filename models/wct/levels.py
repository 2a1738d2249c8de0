"""The levels of the whitening and colouring transform: layers relu1_1 .. relu5_1. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence

from stylize_video.errors import UsageError

LEVELS = (1, 2, 3, 4, 5)
DEFAULT_LEVELS = (4, 3, 2, 1)
BUNDLED = "wct"  # the manifest's name of the bundled networks


def parse(text: str) -> tuple[int, ...]:
    """Levels as a user gives them, e.g. "4,3,2,1".

    Raises:
        UsageError: no numbers, or not such as one can go through.
    """
    try:
        levels = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"{text!r} are no levels; give e.g. 4,3,2,1") from None
    check(levels)
    return levels


def check(levels: Sequence[int]) -> None:
    """See whether a picture can go through these levels, from coarse to fine.

    Raises:
        UsageError: none, unknown ones, or another order.
    """
    known = all(level in LEVELS for level in levels)
    if not levels or not known or list(levels) != sorted(set(levels), reverse=True):
        given = ",".join(map(str, levels))
        raise UsageError(f"levels {given!r} are out of range; give some of 5,4,3,2,1, in this order")
