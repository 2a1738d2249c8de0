"""Films painted with keyframes by Gatys' method, and some of their frames each by itself."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from excerpts import Clip

from stylize_video.models.float_pictures import FloatPicture
from stylize_video.models.gatys.optimisation import GatysArtist
from stylize_video.models.method import Anchor
from stylize_video.models.motion import composed_flow
from stylize_video.models.motion.composed_flow import FlowEstimator, MotionFlow
from stylize_video.models.motion.raft import RaftMotion
from stylize_video.models.runtimes.fastest import fastest_runtime
from stylize_video.models.style_spec import parse
from stylize_video.models.wct import program as wct_program
from stylize_video.models.wct import style as wct_style
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.levels import DEFAULT_LEVELS
from stylize_video.models.wct.painter import WctPainter, WctStyle
from stylize_video.pictures.arrays import to_host, to_unit
from stylize_video.pictures.pictures import Picture
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.stage import go_on
from stylize_video.pipeline.stages import cuts
from stylize_video.pipeline.stages.intervals import Filler
from stylize_video.pipeline.stages.keyframes import Keyframes, KeyframesState

CPU = torch.device("cpu")


class Noting:
    """An artist that notes which frames it was asked for, and how long it took."""

    def __init__(self, artist: GatysArtist, frames: Sequence[Picture]) -> None:
        self._artist = artist
        self._frames = frames
        self.keys: list[int] = []
        self.seconds = 0.0

    def paint(
        self, original: Picture, *, start: FloatPicture | None = None, anchors: Sequence[Anchor] = ()
    ) -> FloatPicture:
        """See `Artist`."""
        began = time.perf_counter()
        painting = self._artist.paint(original, start=start, anchors=anchors)
        self.seconds += time.perf_counter() - began
        first = self.keys[-1] + 1 if self.keys else 0
        self.keys.append(
            next(n for n in range(first, len(self._frames)) if (self._frames[n] == original).all())
        )
        return painting


@dataclass(frozen=True)
class Film:
    """A clip's frames, painted with keyframes."""

    pictures: list[Picture]
    keys: list[int]
    cuts: list[int]
    seconds: float  # altogether
    key_seconds: float  # of them, for painting keys


def paint_film(clip: Clip, artist: GatysArtist, given: argparse.Namespace, filler: Filler | None) -> Film:
    """All frames, by keyframes; cuts are found as in any job."""
    marked = list(cuts.mark(Frame(p, n, Fraction(1, 25)) for n, p in enumerate(clip.frames)))
    noting = Noting(artist, clip.frames)
    stage = Keyframes(noting, interval=given.interval, estimator=_estimator(given.flow), filler=filler)
    began = time.perf_counter()
    painted = [_picture(batch) for batch in go_on(stage, KeyframesState(), _batches(marked))]
    seconds = time.perf_counter() - began
    found = [number for number, frame in enumerate(marked) if frame.cut]
    return Film(painted, noting.keys, found, seconds, noting.seconds)


def _batches(frames: Sequence[Frame]) -> Iterator[FrameBatch]:
    for frame in frames:
        yield FrameBatch(frame.rgb[None], [frame])


def _picture(batch: FrameBatch) -> Picture:
    picture: Picture = to_host(batch.pixels)[0]
    return picture


@dataclass(frozen=True)
class Alone:
    """Some of a clip's frames, each painted by itself."""

    pictures: dict[int, Picture]  # by their numbers
    seconds: float  # a frame


def paint_alone(frames: Sequence[Picture], artist: GatysArtist, count: int) -> Alone:
    """So many frames, in pairs of neighbours, evenly spread."""
    pairs = np.linspace(0, len(frames) - 2, count // 2 + 2)[1:-1].astype(int)
    numbers = sorted({number for first in pairs.tolist() for number in (first, first + 1)})
    began = time.perf_counter()
    painted = {n: np.rint(artist.paint(frames[n]) * 255).astype(np.uint8) for n in numbers}
    return Alone(painted, (time.perf_counter() - began) / len(numbers))


def open_filler(painting: Path) -> Filler:
    weights = wct_weights.open_chosen(None)
    program = wct_program.program(weights.parameters, DEFAULT_LEVELS)
    runtime, _ = fastest_runtime(program, CPU, exact=False)
    painter, style = WctPainter(runtime), WctStyle(wct_style.load(parse(str(painting)), weights))

    def paint(picture: Picture) -> FloatPicture:
        painted = painter.paint(picture[None], [painter.new_canvas(*picture.shape[:2])], style)
        painting: FloatPicture = to_host(to_unit(painted))[0]
        return painting

    return paint


def _estimator(name: str) -> FlowEstimator:
    return composed_flow.smooth_flow if name == "dis" else MotionFlow(RaftMotion.load(CPU))
