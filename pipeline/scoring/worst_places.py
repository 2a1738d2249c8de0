"""The places of a film that flicker most, with their pictures, kept while it streams by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stylize_video.models.motion.flow import Flow, Mask
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

_APART = 1.0  # s; nearer than this, it is the same place


@dataclass(frozen=True, eq=False)
class Place:
    """Two consecutive pairs of frames, and how far the painting is from following the original."""

    time_s: float  # of the later pair, in the input
    warping_error: float
    input_warping_error: float
    source: tuple[Picture, Picture]
    output: tuple[Picture, Picture]
    flow: Flow  # of the source, from the first to the second
    visible: Mask


class WorstPlaces:
    """Keeps the few places with the highest warping error, a second apart at least."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._kept: list[Place] = []

    def offer(self, place: Place) -> None:
        """Keep it if it is worse than what is there."""
        near = [kept for kept in self._kept if abs(kept.time_s - place.time_s) < _APART]
        if any(kept.warping_error >= place.warping_error for kept in near):
            return
        self._kept = [kept for kept in self._kept if kept not in near]
        self._kept.append(place)
        if len(self._kept) > self._count:
            self._kept.remove(min(self._kept, key=lambda kept: kept.warping_error))

    def found(self) -> tuple[Place, ...]:
        """The worst first."""
        return tuple(sorted(self._kept, key=lambda place: -place.warping_error))
