"""A stretch of a film as a task: its segments come back one by one, each with what is known at its end."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from stylize_video.errors import InputError
from stylize_video.pipeline import saved_state
from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.jobs import assembly
from stylize_video.pipeline.jobs.batch.processes.worker import Message
from stylize_video.pipeline.jobs.cluster import parcel
from stylize_video.pipeline.jobs.cluster.actor import Tell
from stylize_video.pipeline.jobs.painting import Painting
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.marks import Mark
from stylize_video.pipeline.runner import Beginning
from stylize_video.pipeline.segments.stretches import sum_of
from stylize_video.pipeline.sinks.encoded import Encoded
from stylize_video.pipeline.sinks.output_clock import OutputClock
from stylize_video.pipeline.sinks.segment_encoder import SegmentEncoder
from stylize_video.pipeline.sources.film import FilmSource

if TYPE_CHECKING:
    import av

    from stylize_video.models.workshop import Workshop

SEGMENT = "segment"  # the kind of message that brings one
_OFTEN = 0.25  # s between two words of how far it is


@dataclass(frozen=True)
class PaintedSegment:
    """A segment that is painted."""

    packets: list[Encoded]
    states: list[bytes]  # of the stages at its end; none at the film's end
    ahead: int  # see `sinks/encoded.py`
    captions_lost: int  # of how many of its frames
    notes: list[str]  # of those who paint


@dataclass(frozen=True)
class Finished:
    """A stretch that is painted."""

    frames: int


@dataclass(frozen=True)
class PaintStretch:
    """Paint a part of a film that was sent here."""

    request: PaintRequest  # as its own machine knows it
    first: int  # frames of the film before it
    times: array[int]  # pts of all its frames
    cuts: frozenset[int]  # frames of the film that begin a shot
    marks: Mapping[int, int]  # what some of its frames hold, see `stretches.sum_of`
    seeks: bool  # whether nothing is wrong with the film up to there
    ends: tuple[int, ...]  # frames of the film up to each segment's end
    clock: OutputClock  # of the output, at its beginning
    states: tuple[bytes, ...] | None  # of the stages there; None: it begins with a shot
    last: bool  # whether the film ends with it

    def run(self, root: Path, workshop: Workshop, tell: Tell) -> Finished:
        """Do it."""
        if not self.ends:  # all of it had come back when the worker before this one was lost
            return Finished(0)
        request = parcel.moved(self.request, root)
        sent: list[None] = []

        def telling(message: Message) -> None:
            sent.extend([None] if message.kind == SEGMENT else [])
            tell(message)

        try:
            return self._run(request, workshop, telling, seeks=self.seeks)
        except _OtherFrameError:
            if sent or not self.seeks:
                raise
        return self._run(request, workshop, tell, seeks=False)

    def _run(self, request: PaintRequest, workshop: Workshop, tell: Tell, *, seeks: bool) -> Finished:
        container, _ = formats.check_output(request.target, request.sink.codec)
        with assembly.open_source(request, None, upright=not container.rotation) as reader:
            sought = seeks and reader.seek(self.times[0])
            painting = Painting(request, None, reader.signal, [], None, None, workshop)
            encoder = SegmentEncoder(
                request.target, assembly.encoding(request), painting.painted, reader.others.captions
            )
            encoder.clock = deepcopy(self.clock)  # perhaps there is a second try
            sender = _Sender(encoder, painting, tell)
            try:
                self._paint(painting, reader, encoder, sender, sought=sought)
            finally:
                encoder.close()
        return Finished(len(self.times))

    def _paint(
        self,
        painting: Painting,
        reader: FilmSource,
        encoder: SegmentEncoder,
        sender: _Sender,
        *,
        sought: bool,
    ) -> None:
        beginning = None
        if self.states is not None:
            beginning = Beginning([saved_state.loads(state) for state in self.states], held=0)
        painting.run(
            lambda rgb: self._marked(reader.frames(rgb=rgb, skip=0 if sought else self.first), sought=sought),
            encoder,
            sender.write,
            beginning=beginning,
            at_mark=sender.at_mark,
        )
        if self.last:
            sender.end([], last=True)

    def _marked(self, frames: Iterable[Frame], *, sought: bool) -> Iterator[Frame | Mark]:
        """The stretch's frames, marked where they begin a shot, and marks where segments end."""
        number = self.first
        for frame in islice(frames, len(self.times)):
            other = sought and sum_of(frame) != self.marks[number] if number in self.marks else False
            if other or frame.pts != self.times[number - self.first]:
                raise _OtherFrameError(
                    f"{self.request.source.input}: frame {number} is another one here; install the same "
                    "versions on all machines of the cluster"
                )
            yield replace(frame, cut=True) if number in self.cuts else frame
            number += 1
            if number in self.ends and not (self.last and number == self.ends[-1]):
                yield Mark([], ends=number == self.ends[-1])
        if number < self.ends[-1]:
            raise _OtherFrameError(f"{self.request.source.input}: has fewer frames here")


class _OtherFrameError(InputError):
    """A frame is not what it is on the machine that the film is from."""


class _Sender:
    """Encodes what is painted, and sends each segment when it is whole."""

    def __init__(self, encoder: SegmentEncoder, painting: Painting, tell: Tell) -> None:
        self._encoder, self._painting, self._tell = encoder, painting, tell
        self._packets: list[Encoded] = []
        self._frames, self._lost, self._told = 0, 0, 0.0

    def write(self, picture: av.VideoFrame) -> None:
        """Encode a picture."""
        self._packets += self._encoder.write(picture)
        self._frames += 1
        now = time.monotonic()
        if now - self._told > _OFTEN:
            self._told = now
            self._tell(Message("progress", self._frames))

    def at_mark(self, mark: Mark) -> None:
        """A segment ends."""
        self.end(mark.states, last=False)

    def end(self, states: list[bytes], *, last: bool) -> None:
        """Send a segment."""
        self._packets += self._encoder.end(last=last)
        lost = self._encoder.captions_lost - self._lost
        self._lost = self._encoder.captions_lost
        notes = list(self._painting.notes)
        found = PaintedSegment(self._packets, states, self._encoder.ahead, lost, notes)
        self._packets, self._frames = [], 0
        self._tell(Message(SEGMENT, found))
