"""Where a film is cut into segments: by its frames alone, so that every run cuts it in the same places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from stylize_video.pipeline import saved_state
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.marks import Mark
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.sources.report import ReadingReport
from stylize_video.pipeline.stage import close
from stylize_video.pipeline.stages.cuts import Cuts, CutsState

_LONGEST = 240  # frames; x264 begins anew after 250 anyway
_LEAST = 96  # frames of a large film's segments, which take long to paint
_LARGE = 1920 * 1080  # px of a frame


def usual_length(signal: Signal) -> int:
    """How many frames a segment has, at most, of which as many are lost by a crash."""
    pixels = signal.width * signal.height
    return max(_LEAST, min(_LONGEST, _LONGEST * _LARGE // pixels))


@dataclass(frozen=True)
class Lengths:
    """How many frames a segment has: it ends where a shot does, once it is half as long as it may be."""

    longest: int

    @property
    def least(self) -> int:
        """Frames from where on a shot's end is a segment's."""
        return max(1, self.longest // 2)

    def ends(self, count: int, *, cut: bool) -> bool:
        """Whether a segment of so many frames ends before a frame that is a shot's first, or is not."""
        return count >= self.longest or (cut and count >= self.least)


@dataclass(eq=False)
class Place(Mark):
    """Where a segment ends.

    Attributes:
        read: how many frames the source has given up to here; the frames behind are among those.
        report: what it said of them by then.
    """

    read: int = 0
    report: ReadingReport = field(default_factory=ReadingReport)


@dataclass
class Ahead:
    """What is known of a film before its first stage, at a place."""

    cuts: CutsState | None  # None: nobody asks for cuts
    first: list[Frame] = field(default_factory=list)  # those that come before all that is still to be read

    @property
    def count(self) -> int:
        """How many frames are in it."""
        return len(self.first) + (0 if self.cuts is None else len(self.cuts.held))


class Cutter:
    """Marks where shots begin, if anybody asks, and where segments end.

    Args:
        lengths: of segments.
        ahead: what is known already; None: nothing, at the film's beginning.
        cuts: what finds shots; None: nobody asks.
        read: frames that were read before.
        segments: ends after so many; None: at the film's end.

    Attributes:
        read: frames that were read by now.
        stopped: whether it has ended before the film.
    """

    def __init__(
        self,
        lengths: Lengths,
        cuts: Cuts | None,
        *,
        ahead: Ahead | None = None,
        read: int = 0,
        segments: int | None = None,
    ) -> None:
        self._lengths, self._cuts, self._left = lengths, cuts, segments
        self._ahead = ahead or Ahead(None if cuts is None else cuts.start())
        self.read = read
        self.stopped = False
        self._count = 0  # frames since the last place

    def mark(self, frames: Iterable[Frame], report: ReadingReport) -> Iterator[Frame | Mark]:
        """All frames, and the places between them.

        Args:
            frames: those that come next; closed with this generator if it is one itself.
            report: what the source says of them, while it reads.
        """
        try:
            for frame in self._marked(frames):
                if self._lengths.ends(self._count, cut=frame.cut) and self._count:
                    place = self._place(frame, report)
                    yield place
                    if place.ends:
                        self.stopped = True
                        return
                    self._count = 0
                self._count += 1
                yield frame
        finally:
            close(frames)

    def _place(self, frame: Frame, report: ReadingReport) -> Place:
        """The place before a frame."""
        saved = saved_state.dumps(Ahead(self._ahead.cuts, [frame]))
        self._left = None if self._left is None else self._left - 1
        return Place([saved], self._left == 0, self.read, deepcopy(report))

    def _marked(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        yield from self._ahead.first
        for frame in frames:
            self.read += 1
            yield from self._through(frame)
        if self._cuts is not None and self._ahead.cuts is not None:
            while found := next(iter(self._cuts.finish(self._ahead.cuts)), None):
                yield found

    def _through(self, frame: Frame) -> Iterable[Frame]:
        if self._cuts is None or self._ahead.cuts is None:
            return (frame,)
        return list(self._cuts.step(self._ahead.cuts, frame))  # all, so that the state is whole
