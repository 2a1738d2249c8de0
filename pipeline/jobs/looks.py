"""A film whose look changes on its way: the same request, with another look at each time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from fractions import Fraction

from stylize_video.errors import UsageError
from stylize_video.models.look import Look, LookTimeline
from stylize_video.models.method import Plan
from stylize_video.pipeline.jobs import early_checks
from stylize_video.pipeline.jobs.request import PaintRequest

_MAY_CHANGE = ("style", "strength", "regions")  # fields of a look; of the regions their styles alone


class ChangingLook:
    """What is asked for at each time of a film.

    Styles and strength may change, which costs a running film neither conversion nor compilation. The film
    is steadied throughout as suits the request's own look.

    Args:
        request: all but the look.
        timeline: the looks.

    Raises:
        UsageError: a look that can't be painted, or that can't follow the request's own: by another method,
            one that holds frames back, or with other places, colours or sizes of strokes.
    """

    def __init__(self, request: PaintRequest, timeline: LookTimeline) -> None:
        self._timeline = timeline
        self._requests = {look: replace(request, look=look) for look in timeline.looks}
        for asked in self._requests.values():
            early_checks.check_look(asked)
            _check_follows(asked, request)
        self._plans = {look: asked.plans() for look, asked in self._requests.items()}

    @property
    def mixes(self) -> bool:
        """Whether the original is mixed in at any time."""
        return any(asked.mixed < 1 for asked in self._requests.values())

    @property
    def plans(self) -> Collection[Sequence[Plan]]:
        """How each style is painted, for each look."""
        return self._plans.values()

    def plans_at(self, time: Fraction) -> Sequence[Plan]:
        """How each style is painted in the frame at a time (s)."""
        return self._plans[self._timeline.at(time)]

    def mixed_at(self, time: Fraction) -> float:
        """How much of the painting is mixed with the original in the frame at a time (s), 0..1."""
        return self._requests[self._timeline.at(time)].mixed


def _check_follows(asked: PaintRequest, before: PaintRequest) -> None:
    changed = [name for name in _other_fields(asked.look, before.look) if name not in _MAY_CHANGE]
    if changed:
        raise UsageError(f"{', '.join(changed)} of a look can't change within a film; its styles can")
    if asked.look.masks != before.look.masks:
        raise UsageError("the masks of a look can't change within a film; its styles can")
    if [way.method for way in asked.ways] != [way.method for way in before.ways]:
        raise UsageError(f"{asked.look} can't follow {before.look}: another method paints it")
    if asked.holds_frames:
        raise UsageError(f"{asked.look} can't change within a film: keyframes are carried through it")


def _other_fields(one: Look, other: Look) -> list[str]:
    return [f.name for f in fields(Look) if getattr(one, f.name) != getattr(other, f.name)]
