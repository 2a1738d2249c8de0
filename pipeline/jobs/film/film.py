"""The main job: one film in, the same film painted out, and nothing lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import av

from stylize_video.models.look import LookTimeline
from stylize_video.models.method import OnStep
from stylize_video.models.workshop import Workshop
from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.jobs import assembly, preflight
from stylize_video.pipeline.jobs.film import choice
from stylize_video.pipeline.jobs.looks import ChangingLook
from stylize_video.pipeline.jobs.painted import Listener, OnFrame, Painted, PaintingInterrupted
from stylize_video.pipeline.jobs.painting import Painting
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sinks.report import FramesRead, WriteReport
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.stages import cuts
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.pipeline.stages.regions import Coverage
from stylize_video.pipeline.verification.verify import verify
from stylize_video.process import signals

if TYPE_CHECKING:
    from stylize_video.pipeline.jobs.film.elsewhere import Elsewhere

__all__ = ["OnFrame", "Painted", "PaintingInterrupted", "paint"]


def paint(
    request: PaintRequest,
    *,
    timeline: LookTimeline | None = None,
    on_start: Callable[[Signal], None] | None = None,
    on_frame: OnFrame | None = None,
    on_step: OnStep | None = None,
    workshop: Workshop | None = None,
    elsewhere: Elsewhere | None = None,
) -> Painted:
    """Paint one film; go on where an interrupted run has left it, if there was one.

    Args:
        request: what, and how.
        timeline: the look at each time, where it changes; see `ChangingLook`. By default it is the request's.
        on_start: called once with what is known of the film.
        on_frame: called in the writer's thread after each frame.
        on_step: called after each step of a keyframe that is optimised.
        workshop: has the painter of the film before, where one process paints several.
        elsewhere: paints the segments of a film that has some; by default this process does.

    Raises:
        UsageError: the film can't be painted elsewhere.
        StylizeVideoError: nothing is left behind but finished segments and keyframes, an existing output is
            untouched.
        VerificationError: the finished film is kept under a name that says that it is unverified.
        PaintingInterrupted: Ctrl-C; what was painted so far lies in a playable file.
    """
    preflight.check(request)
    if elsewhere is not None:
        from stylize_video.pipeline.jobs.film.elsewhere import check_elsewhere

        check_elsewhere(request)
    looks = ChangingLook(request, timeline) if timeline is not None else None
    container, _ = formats.check_output(request.target, request.sink.codec)
    with ExitStack() as opened:
        masks = assembly.openers(request)
        reader = opened.enter_context(assembly.open_source(request, looks, upright=not container.rotation))
        listener = Listener(on_start, on_frame, on_step)
        parts = None
        if choice.suits(request, container, reader.signal):
            parts = opened.enter_context(choice.open_parts(request, timeline))
        store = preflight.open_store(request)
        painting = Painting(request, looks, reader.signal, masks, store, on_step, workshop)
        if request.look.masked:
            painting.coverage = Coverage([opened.enter_context(mask()) for mask in masks])
        if parts is not None:
            # A short film needs none of it.
            from stylize_video.pipeline.jobs.film.segmented import SegmentedJob

            return SegmentedJob(request, looks, reader, painting, store, listener, parts, elsewhere).run()
        with assembly.open_sink(request, reader, painting.painted) as writer:
            return _Job(request, reader, painting, store, listener).run(writer)


class _Job:
    """A short film that is open, painted at a stretch."""

    def __init__(
        self,
        request: PaintRequest,
        reader: FilmSource,
        painting: Painting,
        store: KeyframeStore | None,
        listener: Listener,
    ) -> None:
        self._request, self._reader, self._painting = request, reader, painting
        self._store, self._listener = store, listener
        self._written = 0
        self._verified: str | None = None

    def run(self, writer: FilmSink) -> Painted:
        """Read, paint, write and verify all of it."""
        if self._listener.on_start is not None:
            self._listener.on_start(self._reader.signal)
        began = time.perf_counter()
        if self._store is not None:
            signals.begin_work()  # each of its keyframes takes minutes
        try:
            profile = self._painting.run(self._frames, writer, self._writing(writer))
            # Verified under its partial name, so that a bad film never replaces a good one.
            report = writer.finish(self._verify if self._request.sink.verify else None)
        except KeyboardInterrupt:
            resumable = self._store is not None and not self._store.is_empty
            raise PaintingInterrupted(writer.keep_partial(), self._written, resumable=resumable) from None
        if self._store is not None:
            self._store.remove()
        return Painted(
            output=self._request.target,
            frames=report.frames,
            damaged=self._reader.report.damaged,
            seconds=time.perf_counter() - began,
            notes=(*self._reader.report.notes, *self._painting.notes, *report.notes),
            verified=self._verified,
            profile=profile,
        )

    def _frames(self, rgb: bool) -> Iterable[Frame]:
        """The film's; the first of each shot is marked, if a stage asks for it."""
        frames = self._reader.frames(rgb=rgb)
        return cuts.mark(frames) if self._request.needs_cuts else frames

    def _writing(self, writer: FilmSink) -> Callable[[av.VideoFrame], None]:
        def write(picture: av.VideoFrame) -> None:
            writer.write(picture)
            signals.begin_work()  # there is something to keep
            self._written += 1
            if self._listener.on_frame is not None:
                self._listener.on_frame(self._written)

        return write

    def _verify(self, partial: Path, report: WriteReport) -> None:
        read = FramesRead.of(self._reader.report.times, self._reader.signal)
        self._verified = verify(partial, report, read)
