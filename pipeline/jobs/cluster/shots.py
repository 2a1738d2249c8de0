"""One long film, whose shots are painted side by side by the workers of a cluster.

This machine reads it from its first frame to its last, says where shots and segments begin, keeps what comes
back as it would keep its own segments, and puts them together. So whatever ends this process, the same
command goes on, with the cluster or without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from stylize_video.errors import StylizeVideoError
from stylize_video.pipeline.jobs.batch.processes.worker import Failure, Message
from stylize_video.pipeline.jobs.cluster.actor import RemoteTask
from stylize_video.pipeline.jobs.cluster.actors import Actors
from stylize_video.pipeline.jobs.cluster.parcel import Parcel
from stylize_video.pipeline.jobs.cluster.stretch_task import SEGMENT, PaintedSegment, PaintStretch
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.segments.parts import Parts
from stylize_video.pipeline.segments.saved import Saved
from stylize_video.pipeline.segments.stretches import Planned, Stretch, without_past
from stylize_video.pipeline.sources.report import ReadingReport


class Shots:
    """A film that is under way.

    Args:
        request: what, and how.
        parcel: the files that it takes.
        actors: paint it.
        parts: take what is finished.
        tell: told how many frames of the film are painted.
    """

    def __init__(
        self,
        request: PaintRequest,
        parcel: Parcel,
        actors: Actors,
        parts: Parts,
        tell: Callable[[int], None],
    ) -> None:
        self._request, self._parcel = request, parcel
        self._actors, self._parts, self._tell = actors, parts, tell
        self._under_way: list[_StretchErrand] = []
        self._end: Callable[[], None] | None = None  # records the last segment, once all others are there
        self._notes: dict[str, None] = {}
        self._lost = 0  # of how many frames captions
        self._ahead = max((record.ahead for record in parts.records.values()), default=0)

    def paint(self, stretches: Iterator[Stretch], stop: Callable[[], None]) -> None:
        """Have all that is missing painted.

        Args:
            stretches: the film's, in their order; asked for in a thread of its own.
            stop: has them end.

        Raises:
            StylizeVideoError: one can't be painted, or not be kept.
        """
        with ThreadPoolExecutor(1, "stylize-video survey") as reading:
            try:
                self._paint(lambda: reading.submit(next, stretches, None))
            except BaseException:
                stop()
                self._actors.abandon()
                raise

    def _paint(self, look: Callable[[], Future[Stretch | None]]) -> None:
        following: Future[Stretch | None] | None = look()
        while following is not None or self._under_way:
            if following is not None and (not self._under_way or following.done()):
                stretch = _found(following)
                if stretch is not None and not self._is_wanted(stretch):
                    following = look()
                    continue
                if stretch is None:
                    following = None
                elif self._actors.idle:
                    self._give(stretch)
                    following = look()
                    continue
            for event in self._actors.wait() if self._under_way else ():
                self._take(event.errand, event.message)
        if self._end is not None:
            self._end()
            self._tell(self._parts.painted)

    def _is_wanted(self, stretch: Stretch) -> bool:
        return any(segment.number not in self._parts.records for segment in stretch.segments)

    def _give(self, stretch: Stretch) -> None:
        errand = _StretchErrand(self._request, self._parcel, stretch)
        self._under_way.append(errand)
        self._actors.give(errand)

    def _take(self, errand: _StretchErrand, message: Message) -> None:
        if message.kind == SEGMENT:
            self._keep(*message.content)
        elif message.kind == "done":
            self._under_way.remove(errand)
        elif message.kind == "failed":
            found: Failure = message.content
            raise StylizeVideoError(found.reason)
        frames = sum(each.frames for each in self._under_way)
        self._tell(self._parts.painted + frames)

    def _keep(self, planned: Planned, found: PaintedSegment) -> None:
        """Record a segment; the film's last one after all others, for with it the film is complete."""
        self._ahead = max(self._ahead, found.ahead)
        self._lost += found.captions_lost
        self._notes |= dict.fromkeys(found.notes)
        if planned.last:
            self._end = lambda: self._record(planned, found)
        else:
            self._record(planned, found)

    def _record(self, planned: Planned, found: PaintedSegment) -> None:
        saved = Saved(
            [] if planned.last else [*(kept.read() for kept in planned.ahead), *found.states],
            planned.read,
            planned.report,
            planned.clock,
            planned.captions,
            self._lost,
            self._ahead,
            list(self._notes),
        )
        file = self._parts.begin(planned.number)
        try:
            file.write(found.packets)
            self._parts.finish(
                planned.number, file, saved.to_bytes(), planned.end, last=planned.last, ahead=found.ahead
            )
        except BaseException:
            file.discard()
            raise


def _found(following: Future[Stretch | None]) -> Stretch | None:
    return following.result()


def _is_sound(report: ReadingReport) -> bool:
    return not (report.damaged or report.missing or report.retimed)


@dataclass
class _StretchErrand:
    """A stretch that is to be painted; see `Errand`."""

    request: PaintRequest
    files: Parcel
    stretch: Stretch
    done: int = 0  # of its segments
    states: tuple[bytes, ...] | None = None  # of the stages there
    frames: int = 0  # of the segment under way

    def task(self) -> RemoteTask:
        """See `Errand`."""
        stretch, segments = self.stretch, self.stretch.segments
        first = segments[self.done - 1].end if self.done else stretch.first
        clock = segments[self.done - 1].clock if self.done else stretch.clock
        return PaintStretch(
            self.request,
            first,
            stretch.times[first - stretch.first :],
            frozenset(stretch.cuts),
            stretch.marks,
            _is_sound(segments[-1].report),
            tuple(segment.end for segment in segments[self.done :]),
            without_past(clock),
            self.states,
            segments[-1].last,
        )

    def parcel(self) -> Parcel:
        """See `Errand`."""
        return self.files

    def take(self, message: Message) -> Message | None:
        """See `Errand`."""
        if message.kind == "progress":
            self.frames = message.content
        elif message.kind == SEGMENT:
            found: PaintedSegment = message.content
            self.frames, self.states = 0, tuple(found.states)
            self.done += 1
            content: Any = (self.stretch.segments[self.done - 1], found)
            return Message(SEGMENT, content)
        return message

    def lost(self) -> None:
        """See `Errand`; what was sent before is kept."""
        self.frames = 0
