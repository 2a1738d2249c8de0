"""A task of a batch: hold a painting beside its film, for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stylize_video.errors import InputError, StylizeVideoError
from stylize_video.pipeline.jobs.batch.processes.tasks import Tell
from stylize_video.pipeline.jobs.request import PaintRequest

if TYPE_CHECKING:
    from stylize_video.models.workshop import Workshop

_PICTURE = 480  # px, longer side of the frames that a report shows


@dataclass(frozen=True)
class Compared:
    """A film beside its painting."""

    figures: Mapping[str, Any]  # of its score; empty: it could not be measured
    before: bytes  # a frame of the film, as a JPEG
    after: bytes  # the same of the painting
    note: str = ""  # why there are no figures


@dataclass(frozen=True)
class Compare:
    """Measure a painting against its film, as `score` does, and take a frame from the middle of both."""

    request: PaintRequest
    frames: int  # of the painting
    figures: Mapping[str, Any]  # if they are known already

    def run(self, _: Workshop, __: Tell) -> Compared:
        """Do it."""
        figures, note = dict(self.figures), ""
        if not figures:
            try:
                figures = self._figures()
            except StylizeVideoError as error:
                note = str(error)
        return Compared(figures, *self._pictures(), note)

    def _figures(self) -> dict[str, Any]:
        from stylize_video.pipeline.scoring import score
        from stylize_video.pipeline.scoring.options import ScoreOptions

        source = self.request.source
        if source.start:
            raise InputError("a part that does not begin at 0 can't be measured")
        return asdict(score.score(source.input, self.request.target, ScoreOptions()).film)

    def _pictures(self) -> tuple[bytes, bytes]:
        """The frame in the middle; the first one where there is none at that time."""
        from stylize_video.pipeline.sources.film import FilmSource

        source = self.request.source
        with FilmSource(self.request.target) as painted:
            time = Fraction(self.frames // 2) / painted.signal.rate
        begin = source.start or Fraction(0)
        track = source.video_track
        try:
            return _frame(source.input, begin + time, track), _frame(self.request.target, time)
        except InputError:
            return _frame(source.input, begin, track), _frame(self.request.target, Fraction(0))


def _frame(path: Path, time: Fraction, track: int | None = None) -> bytes:
    """The first frame from a time on (s), as a JPEG."""
    from stylize_video.pipeline.scoring.page.pictures import jpeg
    from stylize_video.pipeline.sources.film import FilmSource

    with FilmSource(path, start=time or None, max_size=_PICTURE, upright=True, track=track) as film:
        for frame in film.frames():
            pixels = np.asarray(frame.pixels)
            return jpeg(pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8), quality=80)
    raise InputError(f"{path}: no frame there")
