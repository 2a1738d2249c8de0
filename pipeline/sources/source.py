"""What every source of frames has in common."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from stylize_video.pipeline.carried.other_streams import OtherStreams
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.sources.report import ReadingReport


class Source(Protocol):
    """Gives frames, each once and later than the one before. A context manager.

    `tests/pipeline/sources/test_conformance.py` holds every source against this.
    """

    @property
    def signal(self) -> Signal:
        """What the frames are; known as soon as there is a source."""
        ...

    @property
    def others(self) -> OtherStreams | None:
        """What lies beside the pictures and is to be carried into the output; None if there is nothing."""
        ...

    @property
    def report(self) -> ReadingReport:
        """What was read so far, and what went wrong without stopping it."""
        ...

    def frames(self, *, rgb: bool = True) -> Iterator[Frame]:
        """All frames, once; without `rgb` as stored planes alone. May run in a thread of its own.

        Raises:
            InputError: the source fails; what it gave before stays good.
        """
        ...

    def close(self) -> None:
        """Let go of everything. Safe to call again; before the last frame too."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
