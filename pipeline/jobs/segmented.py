"""One long film, painted by segments: whatever ends the process, the same command goes on with the next one.

Every film that is long enough is painted so, cut in the same places in every run. So there is no telling the
film of a run that was interrupted from that of one that was not.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Protocol

import av

from stylize_video.errors import StylizeVideoError, UsageError
from stylize_video.models.look import LookTimeline
from stylize_video.pipeline import saved_state
from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.crew import Crew
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.jobs import assembly
from stylize_video.pipeline.jobs.identity import identity
from stylize_video.pipeline.jobs.looks import ChangingLook
from stylize_video.pipeline.jobs.painted import Listener, Painted, PaintingInterrupted
from stylize_video.pipeline.jobs.painting import Painting
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.marks import Mark
from stylize_video.pipeline.profile import Profile
from stylize_video.pipeline.runner import Beginning
from stylize_video.pipeline.segments.parts import Gap, Parts
from stylize_video.pipeline.segments.places import Cutter, Lengths, usual_length
from stylize_video.pipeline.segments.recorder import Recorder
from stylize_video.pipeline.segments.saved import Saved
from stylize_video.pipeline.segments.stretches import Spool, Stretch, Survey
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.sinks.encoded import Encoded
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sinks.report import FramesRead, WriteReport
from stylize_video.pipeline.sinks.segment_encoder import SegmentEncoder
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.stages.cuts import Cuts
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.pipeline.verification.verify import verify
from stylize_video.process import signals
from stylize_video.process.interrupts import patient


class Elsewhere(Protocol):
    """Whoever else paints segments: other machines."""

    def fill(
        self,
        request: PaintRequest,
        parts: Parts,
        stretches: Iterator[Stretch],
        stop: Callable[[], None],
        tell: Callable[[int], None],
    ) -> None:
        """Paint all that is not finished.

        Args:
            request: what is painted, and how.
            parts: take it.
            stretches: of the film, found while somebody asks for them.
            stop: ends the search for them, from any thread.
            tell: told of how many frames of the film are painted.

        Raises:
            StylizeVideoError: a stretch can't be painted, or not be kept.
        """
        ...


_WHOLE = frozenset({"gif"})  # muxers of films whose frames hang together from first to last


def suits(request: PaintRequest, container: Container, signal: Signal) -> bool:
    """Whether a film is painted by segments: it is long, or of unknown length, and its format allows it."""
    if container.is_picture or container.muxer in _WHOLE:
        return False
    return signal.frame_count is None or signal.frame_count > _lengths(request, signal).longest


def check_elsewhere(request: PaintRequest) -> None:
    """See whether a film's shots can be painted side by side.

    Raises:
        UsageError: what is painted hangs on more than the shot that it is in.
    """
    if request.holds_frames or request.look.masked:
        what = "masks" if request.look.masked else "keyframes"
        raise UsageError(
            f"a film with {what} is painted at a stretch, so `ray` is of no use for one; a batch has each "
            "film painted by a worker of its own"
        )


def _lengths(request: PaintRequest, signal: Signal) -> Lengths:
    return Lengths(request.run.segment_length or usual_length(signal))


def open_parts(request: PaintRequest, timeline: LookTimeline | None) -> Parts:
    """What is finished of a film.

    Raises:
        OutputError: another run paints it, or what is there is of other settings.
        InputError: a file can't be read.
    """
    wanted = json.loads(json.dumps(identity(request, timeline)))  # as it will be read
    return Parts(request.target, wanted, resume=request.run.resume)


class Job:
    """A film that is open, and all that it takes to paint it.

    Args:
        request: what, and how.
        looks: what is asked for at each time, if that changes.
        reader: the film, from its first frame on.
        painting: what paints it.
        store: keeps finished keyframes.
        listener: who is told how far it is.
        parts: what is finished.
        elsewhere: paints the segments; by default this machine does.
    """

    def __init__(
        self,
        request: PaintRequest,
        looks: ChangingLook | None,
        reader: FilmSource,
        painting: Painting,
        store: KeyframeStore | None,
        listener: Listener,
        parts: Parts,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._request, self._looks, self._reader = request, looks, reader
        self._elsewhere = elsewhere
        self._painting, self._store, self._listener, self._parts = painting, store, listener, parts
        self._before = parts.painted
        self._written = self._before  # frames of the film
        self._unread: FilmSource | None = reader  # until it was read
        self._verified: str | None = None
        self._profile = Profile({}, 0.0)

    def run(self) -> Painted:
        """Paint what is missing, and put all together."""
        assembly.open_sink(self._request, self._reader, self._painting.painted).close()  # or fail at once
        if self._listener.on_start is not None:
            self._listener.on_start(self._reader.signal)
        began = time.perf_counter()
        if self._parts.records or self._store is not None:
            signals.begin_work()  # there is something to keep
        self._tell()
        with self._keeping():
            if self._elsewhere is not None and self._parts.next_gap() is not None:
                self._fill_elsewhere(self._elsewhere)
            while (gap := self._parts.next_gap()) is not None:
                self._fill(gap)
            saved = Saved.of(self._parts.last_state())
            saved.ahead = max(saved.ahead, *(record.ahead for record in self._parts.records.values()))
            report = self._assemble(saved)
        self._parts.remove()
        if self._store is not None:
            self._store.remove()
        return Painted(
            output=self._request.target,
            frames=report.frames,
            damaged=saved.report.damaged,
            seconds=time.perf_counter() - began,
            notes=(*saved.report.notes, *dict.fromkeys(saved.notes), *report.notes),
            verified=self._verified,
            profile=self._profile,
            before=self._before,
        )

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        """Say with every error what is kept."""
        try:
            yield
        except StylizeVideoError as error:
            if not self._parts.records:
                raise
            kept = f"{self._parts.painted} painted frames are kept; the same command goes on from there"
            raise type(error)(f"{error} ({kept})") from error

    def _fill_elsewhere(self, elsewhere: Elsewhere) -> None:
        """Have others paint what is missing."""
        cutter = Cutter(
            _lengths(self._request, self._reader.signal), Cuts() if self._request.needs_cuts else None
        )

        def tell(painted: int) -> None:
            signals.begin_work()  # there is something to keep
            self._written = max(self._written, painted)
            self._tell()

        with self._source() as reader, closing(Spool()) as spool:
            captions = reader.others.captions
            encoder = SegmentEncoder(
                self._request.target, assembly.encoding(self._request), self._painting.painted, captions
            )
            survey = Survey(cutter, encoder.clock, captions, spool)
            frames = reader.frames(rgb=self._painting.way_to(encoder).needs_rgb)
            try:
                stretches = survey.stretches(frames, reader.report)
                elsewhere.fill(self._request, self._parts, stretches, survey.stop, tell)
            except KeyboardInterrupt:
                resumable = self._is_resumable
                raise PaintingInterrupted(None, self._parts.painted, resumable=resumable) from None

    def _fill(self, gap: Gap) -> None:
        """Paint the segments of a gap."""
        saved = None if gap.state is None else Saved.of(gap.state)
        with self._source() as reader:
            captions = reader.others.captions
            encoding = assembly.encoding(self._request)
            encoder = SegmentEncoder(self._request.target, encoding, self._painting.painted, captions)
            if saved is not None:
                _go_on(saved, reader, encoder)
            notes = (*(saved.notes if saved is not None else ()), *self._painting.notes)
            recorder = Recorder(self._parts, gap, encoder, captions, lambda: (*notes, *self._painting.notes))
            try:
                self._paint(gap, saved, reader, encoder, recorder)
            except KeyboardInterrupt:
                partial = self._show_partial(recorder, encoder)
                raise PaintingInterrupted(partial, recorder.written, resumable=self._is_resumable) from None
            finally:
                recorder.close()

    def _paint(
        self, gap: Gap, saved: Saved | None, reader: FilmSource, encoder: SegmentEncoder, recorder: Recorder
    ) -> None:
        ahead, beginning, read = None, None, 0
        if saved is not None:
            ahead, *states = (saved_state.loads(state) for state in saved.states)
            read = saved.read
            beginning = Beginning(states, held=read - ahead.count - gap.painted)
        cuts = Cuts() if self._request.needs_cuts else None
        lengths = _lengths(self._request, reader.signal)
        cutter = Cutter(lengths, cuts, ahead=ahead, read=read, segments=gap.count)

        def frames(rgb: bool) -> Iterable[Frame | Mark]:
            return cutter.mark(reader.frames(rgb=rgb, skip=read), reader.report)

        def write(picture: av.VideoFrame) -> None:
            recorder.write(picture)
            signals.begin_work()  # there is something to keep
            self._written = max(self._written, recorder.written)
            self._tell()

        self._profile = self._painting.run(
            frames, encoder, write, beginning=beginning, at_mark=recorder.at_mark
        )
        if not cutter.stopped:
            with patient():
                recorder.finish(reader.report, cutter.read)

    def _source(self) -> FilmSource:
        """The film from its first frame on: that which is open already, and others later."""
        reader, self._unread = self._unread, None
        if reader is not None:
            return reader
        container, _ = formats.check_output(self._request.target, self._request.sink.codec)
        return assembly.open_source(self._request, self._looks, upright=not container.rotation)

    def _tell(self) -> None:
        if self._listener.on_frame is not None and self._written:
            self._listener.on_frame(self._written)

    @property
    def _is_resumable(self) -> bool:
        return bool(self._parts.records) or (self._store is not None and not self._store.is_empty)

    def _segments(self, count: int) -> Iterator[Sequence[Encoded]]:
        """So many from the film's beginning on, but for those without packets."""
        return (found for number in range(count) if (found := self._parts.packets(number)))

    def _assemble(self, saved: Saved) -> WriteReport:
        """Put all segments together, with the film's other streams."""

        def check(partial: Path, report: WriteReport) -> None:
            read = FramesRead.of(saved.report.times, self._reader.signal)
            self._verified = verify(partial, report, read)

        with assembly.open_sink(self._request, self._reader, self._painting.painted) as sink:
            try:
                _join(sink, self._segments(len(self._parts.records)), saved)
                return sink.finish(check if self._request.sink.verify else None)
            except KeyboardInterrupt:
                raise PaintingInterrupted(sink.keep_partial(), self._written, resumable=True) from None

    def _show_partial(self, recorder: Recorder, encoder: SegmentEncoder) -> Path | None:
        """A playable film of what is painted up to the middle of a segment; None if that is nothing."""
        left = recorder.stop()
        if not encoder.clock.times:
            return None
        segments = chain(self._segments(recorder.number), [left] if left else [])
        with assembly.open_sink(self._request, self._reader, self._painting.painted) as sink:
            _join(sink, segments, encoder)
            return sink.keep_partial()


def _go_on(saved: Saved, reader: FilmSource, encoder: SegmentEncoder) -> None:
    """Let reader and encoder know what they knew at a segment's end; the reader is still at its beginning."""
    encoder.clock, encoder.captions_lost, encoder.ahead = saved.clock, saved.captions_lost, saved.ahead
    reader.others.captions.put_back(saved.captions)
    report = reader.report
    report.remarks += [remark for remark in saved.report.remarks if remark not in report.remarks]
    report.remarked |= saved.report.remarked


def _join(sink: FilmSink, segments: Iterable[Sequence[Encoded]], known: Saved | SegmentEncoder) -> None:
    """In a thread of its own: Ctrl-C would be lost while FFmpeg writes, and some bytes with it."""
    crew = Crew()
    settled = {"ahead": known.ahead, "captions_lost": known.captions_lost}
    crew.start("joiner", lambda: sink.join(segments, known.clock, **settled))
    crew.end()
