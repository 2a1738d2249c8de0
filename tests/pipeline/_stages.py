"""Batches through a stage, for its own tests; stages without a state, for other tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from stylize_video.pipeline.frames import FrameBatch
from stylize_video.pipeline.signal import ColorTags, Signal
from stylize_video.pipeline.stage import Stage, run_stage


def signal(height: int = 36, width: int = 64) -> Signal:
    """Of a film that is nowhere."""
    base = Fraction(1, 25)
    return Signal(
        coded_width=width,
        coded_height=height,
        pixel_format="yuv420p",
        bit_depth=8,
        color=ColorTags(),
        time_base=base,
        rate=1 / base,
    )


def through(stage: Stage[Any, FrameBatch], batches: Iterable[FrameBatch]) -> Iterator[FrameBatch]:
    """All batches through a stage."""
    return run_stage(stage, signal(), batches)


class Stateless(Stage[None, FrameBatch]):
    """To derive stages from that know nothing of the frames before."""

    def start(self, signal: Signal) -> None:
        """Nothing is known."""
