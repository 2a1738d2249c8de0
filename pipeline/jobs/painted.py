"""What a painting job tells, while it runs and when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from stylize_video.models.method import OnStep
from stylize_video.pipeline.profile import Profile
from stylize_video.pipeline.signal import Signal

OnFrame = Callable[[int], None]  # called with the number of frames written so far


class Listener(NamedTuple):
    """Who is told how far a job is; see `film.paint`."""

    on_start: Callable[[Signal], None] | None
    on_frame: OnFrame | None
    on_step: OnStep | None


@dataclass(frozen=True)
class Painted:
    """What a job did."""

    output: Path
    frames: int
    damaged: int  # of the frames, those that could be decoded only in part
    seconds: float  # from the first frame asked for to the output in its place
    notes: tuple[str, ...]  # damage, and what could not be kept as it was, a line each
    verified: str | None  # what was compared, or None if verification was off
    profile: Profile  # where the time went
    before: int = 0  # of the frames, those that an interrupted run had painted


class PaintingInterrupted(KeyboardInterrupt):
    """Ctrl-C; `partial` is the playable film of what had been painted, or None.

    `resumable` says that finished segments or keyframes are kept, so that the same job goes on from there.
    """

    def __init__(self, partial: Path | None, frames: int, *, resumable: bool = False) -> None:
        super().__init__()
        self.partial = partial
        self.frames = frames
        self.resumable = resumable
