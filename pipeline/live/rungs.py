"""In which sizes, and by which networks, live pictures are painted: a ladder from cheap to dear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stylize_video.models.styles import DRAFT, FULL, QUALITIES

_SIDES = {  # px of the longer side, by quality
    DRAFT: (256, 320, 400, 480, 576, 640, 800, 960, 1120, 1280),
    FULL: (256, 320, 400, 480, 576, 640, 800, 960, 1120, 1280, 1600, 1920),
}
_FULL_FROM = 640  # px; where both may be taken, smaller pictures are drafts and the others are not
_LARGEST_DRAFT = 800  # px; it takes about half as long as a full one of 640
_FULL_COSTS = 2.6  # times a draft's of the same size, with motion and steadying
_ALWAYS = 370**2  # px of a draft, whose time is taken by all that has nothing to do with the size painted

AUTO = "auto"  # as a quality: drafts where the time is short, else full


class Rung(NamedTuple):
    """One step of the ladder."""

    size: int  # px, the longer side of what is painted; a smaller picture is never enlarged
    quality: str  # of the network: one of `models.styles.QUALITIES`

    @property
    def cost(self) -> float:
        """About how long it takes, by no unit; twice as much takes twice as long."""
        return _ALWAYS + self.size**2 * (_FULL_COSTS if self.quality == FULL else 1.0)

    def __str__(self) -> str:
        return f"{self.size} px" + (", draft" if self.quality == DRAFT else "")


DEFAULT = Rung(480, DRAFT)


def ladder(quality: str = AUTO, *, largest: int = 1280) -> list[Rung]:
    """All rungs that may be chosen from, each dearer than the one before.

    Args:
        quality: one of `QUALITIES` for one network in all sizes, or `AUTO`.
        largest: px of the longer side; there is always one rung at least.

    Raises:
        ValueError: no such quality.
    """
    if quality not in (AUTO, *QUALITIES):
        raise ValueError(f"{quality = } must be one of {(AUTO, *QUALITIES)}")
    if quality == AUTO:
        found = [Rung(side, DRAFT) for side in _SIDES[DRAFT] if side <= _LARGEST_DRAFT]
        found += [Rung(side, FULL) for side in _SIDES[FULL] if side >= _FULL_FROM]
    else:
        found = [Rung(side, quality) for side in _SIDES[quality]]
    return _up_to(found, largest)


def _up_to(rungs: Sequence[Rung], largest: int) -> list[Rung]:
    fitting = [rung for rung in rungs if rung.size <= largest]
    return fitting or [Rung(largest, rungs[0].quality)]


def working_size(size: tuple[int, int], longer: int, *, stride: int = 16) -> tuple[int, int]:
    """The size in which a picture is painted: the network's strides, so that nothing is added at its sides.

    Args:
        size: width and height, px.
        longer: px that the longer side may have; a smaller picture keeps its size.
        stride: px that both sides are a multiple of.
    """
    scale = min(1.0, longer / max(size))
    width, height = (max(2 * stride, round(side * scale / stride) * stride) for side in size)
    return width, height
