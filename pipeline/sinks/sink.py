"""What every sink of pictures has in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import av

from stylize_video.pipeline.signal import ColorTags, Signal
from stylize_video.pipeline.sinks.report import WriteReport

Check = Callable[[Path, WriteReport], object]
"""Looks at what was written, still under its partial name; raises if it is not as it should be."""


class Sink(Protocol):
    """Takes pictures, each later than the one before. A context manager.

    Nothing appears under its final name before `finish`, and nothing is left behind by what fails before
    that. `tests/pipeline/sinks/test_conformance.py` holds every sink against this.
    """

    @property
    def pixel_format(self) -> str:
        """What pictures handed to `write` must be in, FFmpeg's name; known once it is open, as all below."""
        ...

    @property
    def color(self) -> ColorTags:
        """How they must be coded."""
        ...

    @property
    def width(self) -> int:
        """Their width, px."""
        ...

    @property
    def height(self) -> int:
        """Their height, px."""
        ...

    def open(self, signal: Signal) -> Self:
        """Prepare for pictures of that signal: the last stage's.

        Raises:
            UsageError: such pictures can't be written so.
            OutputError: nothing can be written there.
        """
        ...

    def write(self, picture: av.VideoFrame) -> None:
        """Take `picture`, whose pts and time base are the signal's.

        Raises:
            OutputError: it can't be written; nothing is left behind.
        """
        ...

    def finish(self, check: Check | None = None) -> WriteReport:
        """Write what is left and let it appear under its name, if `check` is content with it.

        Raises:
            OutputError: it can't be written, or there was no picture at all.
            VerificationError: `check` failed.
        """
        ...

    def keep_partial(self) -> Path | None:
        """End after the last picture and say where that lies; None, and nothing left, if there was none."""
        ...

    def close(self) -> None:
        """Let go of everything; without `finish` or `keep_partial` nothing is left. Safe to call again."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
