"""What the conformance test runs: a stage, a film for it, and what came out of it, by checksums."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stylize_video.models.motion.neighbours import FrameMotion
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.planes.color import planes_of
from stylize_video.pipeline.stage import Stage

TICK = Fraction(1, 25)
COUNT, CUT = 16, 9  # frames of a film, and the first of its second shot


class Given(NamedTuple):
    """Which film: seeds of its two shots, how many frames, and how many in a batch."""

    seeds: tuple[int, int] = (1, 2)
    count: int = COUNT
    size: int = 1
    marked: bool = True  # whether the cut between the shots is known


@dataclass(frozen=True)
class Case:
    """A stage and films for it.

    Args:
        make: the stage, the same in every process; in a folder lie the files that it needs.
        film: what flows into it, frames or batches.
        carries: whether it carries anything from frame to frame.
        drops: whether it drops at a cut what it carries; all do but the one that looks for cuts.
        batch_sizes: with all of these it gives the same as with single frames.
    """

    make: Callable[[Path, Given], Stage[Any, Any]]
    film: Callable[[Given], Iterable[Any]]
    carries: bool
    drops: bool = True
    batch_sizes: tuple[int, ...] = ()


class Seen(NamedTuple):
    """A frame that came out."""

    pts: int
    cut: bool
    digest: str  # of pixels, originals, motion, canvases and planes


def seen(items: Iterable[Any]) -> Iterator[Seen]:
    """Frame by frame, whether they come alone or in batches."""
    for item in items:
        if isinstance(item, Frame):
            yield _seen(item, item.pixels)
        else:
            yield from (
                _seen(frame, *pictures)
                for frame, *pictures in zip(item.frames, *_pictures(item), strict=True)
            )


def _pictures(batch: FrameBatch) -> list[Sequence[NDArray[Any] | None]]:
    images = [batch.pixels] if batch.originals is None else [batch.pixels, batch.originals]
    ways = [None if way is None else _flow(way) for way in batch.motion or [None] * len(batch.frames)]
    canvases = [None if c is None else c.places for c in batch.canvases or [None] * len(batch.frames)]
    return [*(list(np.asarray(image)) for image in images), ways, canvases]


def _flow(way: FrameMotion) -> NDArray[Any]:
    since = way.since
    return way.grey if since is None else np.dstack([since.motion.back, since.trusted])


def _seen(frame: Frame, *pictures: NDArray[Any] | None) -> Seen:
    digest = hashlib.sha256()
    for picture in pictures:
        digest.update(repr(None if picture is None else (picture.shape, picture.dtype)).encode())
        digest.update(b"" if picture is None else np.ascontiguousarray(picture).tobytes())
    for rows in [] if frame.source is None else planes_of(frame.source):
        digest.update(rows.tobytes())
    return Seen(frame.pts, frame.cut, digest.hexdigest())
