"""A long film's job: what is missing is painted, all is put together, and what is finished is never lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stylize_video.errors import StylizeVideoError
from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.jobs import assembly
from stylize_video.pipeline.jobs.film import elsewhere as work_elsewhere
from stylize_video.pipeline.jobs.film.elsewhere import Elsewhere
from stylize_video.pipeline.jobs.film.gap_painting import GapPainting
from stylize_video.pipeline.jobs.film.joining import Joining
from stylize_video.pipeline.jobs.looks import ChangingLook
from stylize_video.pipeline.jobs.painted import Listener, Painted, PaintingInterrupted
from stylize_video.pipeline.jobs.painting import Painting
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.profile import Profile
from stylize_video.pipeline.segments.parts import Gap, Parts
from stylize_video.pipeline.segments.saved import Saved
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.process import signals


class SegmentedJob:
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
        self._joining = Joining(request, reader, painting.painted, parts)
        self._profile = Profile({}, 0.0)

    def run(self) -> Painted:
        """Paint what is missing, and put all together."""
        self._joining.check_target()
        if self._listener.on_start is not None:
            self._listener.on_start(self._reader.signal)
        began = time.perf_counter()
        if self._parts.records or self._store is not None:
            signals.begin_work()  # there is something to keep
        self._tell()
        with self._keeping():
            self._paint()
            saved = self._at_the_end()
            report = self._joining.whole(saved)
        self._parts.remove()
        if self._store is not None:
            self._store.remove()
        return Painted(
            output=self._request.target,
            frames=report.frames,
            damaged=saved.report.damaged,
            seconds=time.perf_counter() - began,
            notes=(*saved.report.notes, *dict.fromkeys(saved.notes), *report.notes),
            verified=self._joining.verified,
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

    def _paint(self) -> None:
        """Whatever is missing; what others leave is painted here."""
        if self._elsewhere is not None and self._parts.next_gap() is not None:
            self._have_painted(self._elsewhere)
        while (gap := self._parts.next_gap()) is not None:
            self._fill(gap)

    def _have_painted(self, elsewhere: Elsewhere) -> None:
        with self._source() as reader:
            try:
                work_elsewhere.fill(
                    elsewhere, self._request, reader, self._painting, self._parts, self._have_heard
                )
            except KeyboardInterrupt:
                raise self._interrupted(None, self._parts.painted) from None

    def _fill(self, gap: Gap) -> None:
        with (
            self._source() as reader,
            GapPainting(self._request, self._painting, reader, self._parts, gap) as filling,
        ):
            try:
                self._profile = filling.run(self._have_heard)
            except KeyboardInterrupt:
                partial = self._joining.partial(filling.recorder, filling.encoder)
                raise self._interrupted(partial, filling.recorder.written) from None

    def _source(self) -> FilmSource:
        """The film from its first frame on: that which is open already, and others later."""
        reader, self._unread = self._unread, None
        if reader is not None:
            return reader
        container, _ = formats.check_output(self._request.target, self._request.sink.codec)
        return assembly.open_source(self._request, self._looks, upright=not container.rotation)

    def _have_heard(self, painted: int) -> None:
        """So many frames of the film are painted."""
        signals.begin_work()  # there is something to keep
        self._written = max(self._written, painted)
        self._tell()

    def _tell(self) -> None:
        if self._listener.on_frame is not None and self._written:
            self._listener.on_frame(self._written)

    def _interrupted(self, partial: Path | None, frames: int) -> PaintingInterrupted:
        kept = bool(self._parts.records) or (self._store is not None and not self._store.is_empty)
        return PaintingInterrupted(partial, frames, resumable=kept)

    def _at_the_end(self) -> Saved:
        """What is known there, now that all segments are finished."""
        saved = Saved.of(self._parts.last_state())
        saved.ahead = max(saved.ahead, *(record.ahead for record in self._parts.records.values()))
        return saved
