"""Segments one behind the other, painted by this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Self

import av

from stylize_video.pipeline import saved_state
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.jobs import assembly
from stylize_video.pipeline.jobs.film import choice
from stylize_video.pipeline.jobs.painting import Painting
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.marks import Mark
from stylize_video.pipeline.profile import Profile
from stylize_video.pipeline.runner import Beginning
from stylize_video.pipeline.segments.parts import Gap, Parts
from stylize_video.pipeline.segments.recorder import Recorder
from stylize_video.pipeline.segments.saved import Saved
from stylize_video.pipeline.sinks.segment_encoder import SegmentEncoder
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.process.interrupts import patient


class GapPainting:
    """A gap that is being painted. A context manager; at its end the segment under way is lost.

    Args:
        request: what, and how.
        painting: what paints it.
        reader: the film, from its first frame on.
        parts: take what is finished.
        gap: which segments.

    Attributes:
        encoder: of the pictures.
        recorder: of the segments.
    """

    def __init__(
        self, request: PaintRequest, painting: Painting, reader: FilmSource, parts: Parts, gap: Gap
    ) -> None:
        self._request, self._painting, self._reader, self._gap = request, painting, reader, gap
        self._saved = None if gap.state is None else Saved.of(gap.state)
        captions = reader.others.captions
        self.encoder = SegmentEncoder(request.target, assembly.encoding(request), painting.painted, captions)
        notes = [*painting.notes]
        if self._saved is not None:
            self._saved.put_back(reader, self.encoder)
            notes = [*self._saved.notes, *notes]
        self.recorder = Recorder(parts, gap, self.encoder, captions, lambda: (*notes, *painting.notes))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.recorder.close()

    def run(self, tell: Callable[[int], None]) -> Profile:
        """Paint all of it.

        Args:
            tell: told of how many frames of the film are painted.

        Raises:
            StylizeVideoError: a frame can't be read, painted or written; finished segments are kept.
        """
        ahead, beginning, read = None, None, 0
        if self._saved is not None:
            ahead, *states = (saved_state.loads(state) for state in self._saved.states)
            read = self._saved.read
            beginning = Beginning(states, held=read - ahead.count - self._gap.painted)
        cutter = choice.cutter(
            self._request, self._reader.signal, ahead=ahead, read=read, segments=self._gap.count
        )

        def frames(rgb: bool) -> Iterable[Frame | Mark]:
            return cutter.mark(self._reader.frames(rgb=rgb, skip=read), self._reader.report)

        def write(picture: av.VideoFrame) -> None:
            self.recorder.write(picture)
            tell(self.recorder.written)

        profile = self._painting.run(
            frames, self.encoder, write, beginning=beginning, at_mark=self.recorder.at_mark
        )
        if not cutter.stopped:
            with patient():
                self.recorder.finish(self._reader.report, cutter.read)
        return profile
