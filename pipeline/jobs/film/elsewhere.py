"""A film's segments painted by others: what they are asked for, and what they are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Protocol

from stylize_video.errors import UsageError
from stylize_video.pipeline.jobs import assembly
from stylize_video.pipeline.jobs.film import choice
from stylize_video.pipeline.jobs.painting import Painting
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.segments.parts import Parts
from stylize_video.pipeline.segments.stretches import Spool, Stretch, Survey
from stylize_video.pipeline.sinks.segment_encoder import SegmentEncoder
from stylize_video.pipeline.sources.film import FilmSource


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


def fill(
    elsewhere: Elsewhere,
    request: PaintRequest,
    reader: FilmSource,
    painting: Painting,
    parts: Parts,
    tell: Callable[[int], None],
) -> None:
    """Have others paint what is missing of a film, while it is read here.

    Args:
        elsewhere: paints it.
        request: what, and how.
        reader: the film, from its first frame on.
        painting: what would paint it here; it says how frames are read and encoded.
        parts: take what is painted.
        tell: told of how many frames of the film are painted.

    Raises:
        StylizeVideoError: a part can't be painted, or not be kept.
    """
    captions = reader.others.captions
    encoder = SegmentEncoder(request.target, assembly.encoding(request), painting.painted, captions)
    with closing(Spool()) as spool:
        survey = Survey(choice.cutter(request, reader.signal), encoder.clock, captions, spool)
        frames = reader.frames(rgb=painting.way_to(encoder).needs_rgb)
        elsewhere.fill(request, parts, survey.stretches(frames, reader.report), survey.stop, tell)
