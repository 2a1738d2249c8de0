"""Painted films that only the stabiliser runs on: painted once and kept, steadied again and again, measured.

What is measured of a steadied film is told by its paintings: the relative warping error (excerpts.py) and the
detail, mean absolute horizontal difference of the luma, by theirs; bare canvas
(models/perceptual/brushwork.py) less theirs; and ghosts: how far means of 9x9 px are off a frame's own
painting, the 99th percentile in levels.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, field
from itertools import islice, pairwise
from pathlib import Path

import cv2
import made_clips
import numpy as np
from common import program
from excerpts import motion_between, read_frames
from numpy.typing import NDArray
from trust import write_film

from stylize_video.models import weights
from stylize_video.models.mixture import PictureStyle, TrainedStyle
from stylize_video.models.motion import flow
from stylize_video.models.motion.flow import Flow, Mask
from stylize_video.models.motion.flow_estimation import DisMotion
from stylize_video.models.motion.neighbours import FrameMotion, LastFrame, MotionFinder
from stylize_video.models.perceptual import brushwork
from stylize_video.models.steadying.stabilizer import Stabilizer
from stylize_video.models.style_spec import parse
from stylize_video.pictures.pictures import Picture
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.stages import cuts

_LOOKED_AT = 2  # frames of a film, for bare canvas
_AROUND = (9, 9)  # px, of the means that ghosts are looked for in
_EVERY = 3  # px, across and down, of such means: they overlap
_AREA = (31, 31)  # px over which a film lags behind its paintings


@dataclass(frozen=True)
class Figures:
    """Of a steadied film by its paintings."""

    error: float
    detail: float
    bare: float  # more than theirs; nan without a picture of the painting
    ghosts: float  # levels


@dataclass
class Film:
    """A clip, what cuts and moves in it, and its paintings."""

    name: str
    frames: list[Picture]
    cut: list[bool]
    seen: list[tuple[Flow, Mask]]  # from each to the next, as films are measured; one shorter
    paintings: dict[str, list[Picture]]
    tuned_on: bool
    motion: list[FrameMotion | None] | None = field(default=None, repr=False)  # by today's numbers

    def find(self) -> list[FrameMotion | None]:
        """What moves in it, as the stabiliser finds it."""
        finder, last, found = MotionFinder(DisMotion()), LastFrame(), []
        for frame, cut in zip(self.frames, self.cut, strict=True):
            if cut:
                last.view = None
            found.append(finder.find(last, frame))
        return found

    def steadied(self, style: str, motion: Sequence[FrameMotion | None], stability: float) -> list[Picture]:
        """Its paintings, steadied along its motion."""
        filters = Stabilizer(stability)
        state, made = filters.start(), []
        for found, painting, cut in zip(motion, self.paintings[style], self.cut, strict=True):
            if cut:
                state.forget()
            made.append(filters.steady(state, found, painting))
        return made

    def lag(self, style: str, stability: float) -> float:
        """How far it is behind its paintings, means of areas in levels; that of the worst frame."""
        pictures = self.steadied(style, self.find(), stability)
        pairs = zip(pictures, self.paintings[style], strict=True)
        return max(float(np.abs(cv2.blur(a.astype(np.float32) - b, _AREA)).mean()) for a, b in pairs)


def open_film(
    name: str,
    make: Callable[[], Sequence[Picture]],
    styles: Sequence[str],
    folder: Path,
    *,
    count: int,
    size: int,
    tuned_on: bool,
) -> Film:
    """A clip's first frames; made, painted in each style and looked through, if the folder hasn't that.

    Args:
        name: of the clip.
        make: its frames.
        styles: to paint it in, as the command line takes them.
        folder: of what lies there already. Its files are called by clip, size, style and weights, so that
            what another size or another painter made is not taken.
        count: frames, at most.
        size: px that the longer side was shrunk to at most.
        tuned_on: whether the stabiliser was tuned on it.
    """
    sized = f"{name}-{size}px"
    source = folder / f"{sized}.mkv"
    if not source.exists():
        write_film(source, make())
    paintings = {}
    for style in styles:
        target = folder / f"{sized}-{Path(style).name.replace('#', '-')}-{weights_checksum(style)}.mkv"
        if not target.exists():
            _paint(source, style, target)
        paintings[style] = list(islice(read_frames(target), count))
    seen = _measured_along(source, folder / f"{sized}.npz")[: count - 1]
    frames = list(islice(read_frames(source), count))
    cut = [frame.cut for frame in cuts.mark(Frame(p, n, made_clips.RATE) for n, p in enumerate(frames))]
    for number, begins in enumerate(cut[1:]):
        if begins:  # no pair across a cut counts
            seen[number][1][:] = False
    return Film(name, frames, cut, seen, paintings, tuned_on)


def weights_checksum(style: str) -> str:
    """Twelve digits that are others when a style's own files are, or when any bundled weights are."""
    digest = hashlib.sha256()
    for name, entry in sorted(weights.manifest().items()):
        digest.update(f"{name} {entry['sha256']}\n".encode())
    for part in parse(style).parts:
        if isinstance(part.ingredient, TrainedStyle | PictureStyle):
            digest.update(part.ingredient.file.read_bytes())
    return digest.hexdigest()[:12]


def _paint(source: Path, style: str, target: Path) -> None:
    """Film to film by the command line, without the stabiliser and without further loss."""
    lossless = ("--no-stabilize", "--codec", "ffv1", "--pixel-format", "yuv444p")
    command = [*program(), str(source), "-o", str(target), "--style", style, "--device", "cpu", "-q"]
    subprocess.run([*command, *lossless], check=True)


def _measured_along(source: Path, kept: Path) -> list[tuple[Flow, Mask]]:
    if not kept.exists():
        pairs = pairwise(read_frames(source))
        flows, masks = zip(*(motion_between(*pair) for pair in pairs), strict=True)
        np.savez(kept, flows=np.stack(flows), masks=np.stack(masks))
    with np.load(kept) as found:
        return list(zip(found["flows"], found["masks"], strict=True))


class Judge:
    """Measures steadied films; what is known of their paintings is kept.

    Args:
        paintings: pictures of the styles' paintings as they are looked at (`brushwork`), by style; of
            others bare canvas isn't told.
    """

    def __init__(self, paintings: dict[str, Picture]) -> None:
        self._paintings = paintings
        self._plain: dict[tuple[str, str], tuple[float, float, float]] = {}

    def measure(self, film: Film, style: str, pictures: Sequence[Picture]) -> Figures:
        """By the paintings that they were made of."""
        plain, key = film.paintings[style], (film.name, style)
        if key not in self._plain:
            self._plain[key] = self._of(film, style, plain)
        found, before = self._of(film, style, pictures), self._plain[key]
        apart = [_means_apart(one, other) for one, other in zip(pictures, plain, strict=True)]
        ghosts = float(np.percentile(np.stack(apart), 99))
        return Figures(found[0] / before[0], found[1] / before[1], found[2] - before[2], ghosts)

    def _of(self, film: Film, style: str, pictures: Sequence[Picture]) -> tuple[float, float, float]:
        contrast = float(np.mean([_horizontal_detail(picture) for picture in pictures]))
        error = float(np.mean(list(_warping_errors(film, pictures)))) / contrast**2
        if style not in self._paintings:
            return error, contrast, float("nan")
        places = np.linspace(len(pictures) // 2, len(pictures) - 1, _LOOKED_AT).astype(int)
        looked_at = (brushwork.looked_at(pictures[place]) for place in places)
        bare = [brushwork.bare_canvas(picture, self._paintings[style]) for picture in looked_at]
        return error, contrast, float(np.mean(bare))


def mean(figures: Sequence[Figures]) -> Figures:
    """Of each figure."""
    return Figures(*(float(np.mean(values)) for values in zip(*map(astuple, figures), strict=True)))


def _warping_errors(film: Film, pictures: Sequence[Picture]) -> Iterator[float]:
    """As `flow.warping_error`, in a third of its time; none where nothing stays visible, as at a cut."""
    for (before, after), (there, visible) in zip(pairwise(pictures), film.seen, strict=True):
        if visible.any():
            difference = flow.warp(after, there) - before
            squares = cv2.norm(difference, cv2.NORM_L2SQR, visible.astype(np.uint8))
            yield squares / (3 * 255**2 * int(visible.sum()))


def _horizontal_detail(picture: Picture) -> float:
    """As `flow.horizontal_detail`, of luma in whole levels."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return cv2.norm(luma[:, 1:], luma[:, :-1], cv2.NORM_L1) / (255 * luma[:, 1:].size)


def _means_apart(one: Picture, other: Picture) -> NDArray[np.float32]:
    difference = cv2.subtract(one, other, dtype=cv2.CV_16S)
    means = cv2.boxFilter(difference, cv2.CV_32F, _AROUND)[::_EVERY, ::_EVERY]
    return np.asarray(np.abs(means).mean(-1), np.float32)
