"""Every tuned number of the stabiliser and of the motion that it goes by, and how each is changed.

A definition is no tuned number: the matrix of luma and chroma, a gain between nothing fine and twice as much,
thresholds that papers published and films are measured with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from stylize_video.models.motion import confidence, flow_estimation, neighbours
from stylize_video.models.steadying import detail, stabilizer
from stylize_video.models.steadying_options import USUAL_STABILITY

CHANGES = ("halved", "doubled", "off")
_NEVER = 1e9  # of a tolerance that nothing exceeds
_WHOLE = 10**6  # px: one cell, the whole frame


@dataclass(frozen=True)
class Number:
    """A tuned number, and what it is changed to; None: it can't be."""

    name: str
    what: str
    value: float
    halved: Any
    doubled: Any
    off: Any
    module: ModuleType | None = None  # None: the stability
    attribute: str = ""

    @property
    def of_motion(self) -> bool:
        """Whether motion has to be found anew."""
        return self.module in (flow_estimation, neighbours)


def _constant(
    module: ModuleType, attribute: str, what: str, halved: Any, doubled: Any, off: Any = None
) -> Number:
    value = float(getattr(module, attribute))
    return Number(attribute.strip("_").lower(), what, value, halved, doubled, off, module, attribute)


def _tolerance(field: str, what: str, off: float) -> Number:
    """One of `COARSE`."""
    coarse = confidence.COARSE
    value = getattr(coarse, field)
    half, twice, without = (replace(coarse, **{field: new}) for new in (value / 2, value * 2, off))
    return Number(f"trust: {field}", what, value, half, twice, without, neighbours, "COARSE")


def _same(flow: Any) -> Any:
    return flow


NUMBERS = (
    Number("stability", "how much of the frame before is kept", USUAL_STABILITY, 0.4, 0.9, 0.0),
    _constant(stabilizer, "_GHOST", "levels at which half of the trust is lost", 7.0, 28.0, _NEVER),
    _constant(stabilizer, "_NOTICED", "of each frame, in what is called lately", 0.1, 0.4, 1.0),
    _constant(stabilizer, "_AREA", "px a side, over which ghosts are looked for", 1, 7, 1),
    _constant(stabilizer, "_MOST", "the most that is kept, whatever is asked for", 0.49, None, 1.0),
    _constant(stabilizer, "_CELL", "px a side, in whose means light is followed", 4, 16, _WHOLE),
    _constant(detail, "_FINE", "px a side, of what is sharpened", 3, 9, 1),
    _constant(flow_estimation, "_SHRINK", "times smaller: where flow is judged", 2, 8),
    _constant(flow_estimation, "_FINER", "times larger than that: where it is found", 1, 4),
    _constant(flow_estimation, "_SHORT_SIDE", "px that are left at least", 45, 180, 1),
    _constant(flow_estimation, "_STEPS", "in which a patch looks for its place", 4, 16),
    Number("median", "px a side, over the flow", 5, None, None, _same, flow_estimation, "_median"),
    _tolerance("edge", "slope of the flow at a motion edge", _NEVER),
    _tolerance("edge_share", "and by the px of the way", 0.0),
    _tolerance("colour", "levels that colours differ by", _NEVER),
    _tolerance("shift", "px that the flow may be off structure", 0.0),
    _tolerance("border", "px beyond the border", 0.0),
    Number(
        "coarse",
        "times that coarse flow errs by more",
        4,
        confidence.CARRYING.coarser(2),
        confidence.CARRYING.coarser(8),
        confidence.CARRYING,
        neighbours,
        "COARSE",
    ),
)


@contextmanager
def changed(number: Number, value: Any) -> Iterator[float]:
    """The stabiliser with one number changed; gives the stability."""
    if number.module is None:
        yield value
        return
    before = getattr(number.module, number.attribute)
    setattr(number.module, number.attribute, value)
    try:
        yield USUAL_STABILITY
    finally:
        setattr(number.module, number.attribute, before)
