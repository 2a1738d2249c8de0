"""How much of one picture is found in another: the same for a camera that moves, little for two shots.

Everything works on pictures of 48x27 px, whatever the film's size and shape: they are only ever compared
with each other. Lighter, darker and moved pictures resemble each other; so do faded ones, step by step.
"""

from __future__ import annotations

from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from stylize_video.pictures.arrays import Pixels
from stylize_video.pipeline.frames import Frame

SAME = 0.7  # likeness above which two pictures are never of two shots; no more effort is made there

_WIDTH, _HEIGHT = 48, 27  # px of the pictures compared
_FINE = 4  # times as large, the pixels picked from a frame before they are averaged
_ACROSS, _DOWN = 12, 9  # px of the blocks that are searched for
_FAR, _HIGH = 9, 6  # px that a block may have moved to either side, and up or down
_FARTHEST = 1 / 3  # of the picture; what all of it may have moved

_ALIKE = 0.9  # correlation; pictures of one scene a second apart reach it, those of two shots 0.5
_MOVED = 0.75  # likeness of one and the same picture, however far it moved
_SURE = 0.8  # likeness in grey that no colour will bring below `SAME`
_NOISE = 3.0  # variance, levels squared: less is no structure
_CARD = 48  # levels between plain colours of two shots; a fade takes six frames at least

Floats = NDArray[Any]  # float32, in 0..255 if they are pictures; colours are (H, W, 3)
Grey = Floats  # (H, W) luma


class Thumbnail:
    """A picture, (27, 48, 3) RGB uint8, and what is known of it."""

    def __init__(self, picture: Pixels) -> None:
        self.grey: Grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        self.contrast = float(self.grey.std())  # levels
        self.colors = picture.astype(np.float32)
        self.color = np.array(cv2.mean(picture)[:3])
        self.new = 0.0  # how much of it, 0..1, was not in the picture before


def likeness(thumbnail: Thumbnail, earlier: Thumbnail) -> float:
    """How much of a picture is found in another one, wherever it lay there; 1 is all of it.

    Brightness doesn't count, and contrast hardly. What is one picture, only moved, costs least.
    """
    right, down = _shift(thumbnail, earlier)
    tinted = abs(thumbnail.color - earlier.color).max() >= _CARD
    alike = _correlation(thumbnail.grey, earlier.grey) >= _ALIKE
    if alike and tinted:  # a lamp was switched on, or what little there is lies elsewhere
        return _found(thumbnail.colors, earlier.colors, gain=thumbnail.contrast / earlier.contrast)
    if alike:
        return 1.0
    if not tinted:
        here, there = _overlap(thumbnail.grey, earlier.grey, right, down)
        if _correlation(here, there) >= _ALIKE:
            return max(here.size / thumbnail.grey.size, _MOVED)
        found = _found(thumbnail.grey[..., None], earlier.grey[..., None])  # a third of the work
        if found > _SURE:
            return found
    found = _found(thumbnail.colors, earlier.colors)
    if found > SAME or not (right or down):
        return found  # no cut anyway
    return max(found, _found(thumbnail.colors, earlier.colors, right, down))


def _shift(thumbnail: Thumbnail, earlier: Thumbnail) -> tuple[int, int]:
    """How many px to the right and down most of a picture lay in another; (0, 0) if it can't be said."""
    if min(thumbnail.contrast, earlier.contrast) < 1:
        return 0, 0
    (right, down), _ = cv2.phaseCorrelate(thumbnail.grey, earlier.grey)
    if max(abs(right) / _WIDTH, abs(down) / _HEIGHT) > _FARTHEST:
        return 0, 0
    return round(right), round(down)


def _correlation(one: Grey, other: Grey) -> float:
    """The correlation of two pictures of one size; 0 where there is nothing to correlate."""
    covariance = float(cv2.matchTemplate(one, other, cv2.TM_CCOEFF)[0, 0]) / one.size
    return covariance / max(float(one.std() * other.std()), _NOISE)


def _overlap(picture: Grey, earlier: Grey, right: int, down: int) -> tuple[Grey, Grey]:
    """The parts that both show, if what is in `picture` lay so many px to the right and down in `earlier`."""
    height, width = picture.shape
    here = picture[max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
    there = earlier[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)]
    return here, there


def _found(picture: Floats, earlier: Floats, right: int = 0, down: int = 0, *, gain: float = 1.0) -> float:
    """The mean, over blocks of a picture, of how well each is found near its place in another.

    That one is moved to the left and up first, and its contrast changed. How well is the structure term
    of SSIM (Wang et al. 2004). Blocks without any structure are alike if they have one colour.
    """
    blocks = _cut_out(picture, _DOWN, _ACROSS)
    around = _surroundings(earlier, right, down)
    windows = _cut_out(around * np.float32(gain), _DOWN + 2 * _HIGH, _ACROSS + 2 * _FAR)
    covariances = _covariances(windows, blocks)
    means = _block_means(around)
    variances = (_block_means(around * around) - means * means).mean(axis=2)
    theirs = _at_places(variances * np.float32(gain**2))
    mine = blocks.var(axis=(1, 2)).mean(axis=1)[:, None, None]
    scores = (2 * covariances + _NOISE) / (np.maximum(theirs, 0) + mine + _NOISE)
    if mine.min() < _NOISE:
        distances = abs(_at_places(means) - blocks.mean(axis=(1, 2), keepdims=True)).max(axis=3)
        scores[(mine < _NOISE) & (theirs < _NOISE) & (distances >= _CARD)] = 0
    return float(scores.max(axis=(1, 2)).mean())


def _covariances(windows: Floats, blocks: Floats) -> Floats:
    """Of each block with all places in its window, the mean of the channels."""
    sums: list[Floats] = [
        cv2.matchTemplate(window, block, cv2.TM_CCOEFF) for window, block in zip(windows, blocks, strict=True)
    ]
    return np.stack(sums) * (len(blocks) / blocks.size)


def _surroundings(picture: Floats, right: int, down: int) -> Floats:
    """A picture moved to the left and up, with as much around it as a block may have moved."""
    back = np.array([[1, 0, _FAR - right], [0, 1, _HIGH - down]], np.float32)
    size = (_WIDTH + 2 * _FAR, _HEIGHT + 2 * _HIGH)
    moved = cv2.warpAffine(picture, back, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    around: Floats = np.atleast_3d(moved)  # OpenCV drops a single channel
    return around


def _block_means(picture: Floats) -> Floats:
    """Of the block that begins at each pixel."""
    means: Floats = cv2.blur(picture, (_ACROSS, _DOWN), anchor=(0, 0)).reshape(picture.shape)
    return means


def _at_places(values: Floats) -> Floats:
    """(N, 2 * _HIGH + 1, 2 * _FAR + 1) and so on: the values at all places where a block may have been."""
    return _cut_out(values, 2 * _HIGH + 1, 2 * _FAR + 1)


def _cut_out(picture: Floats, height: int, width: int) -> Floats:
    """(N, height, width) and so on: parts of a picture that begin where each of the blocks does."""
    tops, lefts = range(0, _HEIGHT, _DOWN), range(0, _WIDTH, _ACROSS)
    return np.stack([picture[top : top + height, left : left + width] for top in tops for left in lefts])


class Shrinker:
    """Frames of any size, kind and depth -> (27, 48, 3) RGB uint8, at a cost that hardly grows with them.

    Sixteen pixels for each one are picked and averaged: averaging all of a 4K frame takes 11 ms.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def __call__(self, frame: Frame) -> Pixels:
        """Shrink one frame. Planes stay as they are stored: turned or not, they are only compared."""
        size = (_WIDTH * _FINE, _HEIGHT * _FINE)
        picked = self._pick(frame.planes, size) if frame.pixels is None else _pick(frame.pixels, size)
        if picked.dtype == np.uint16:
            picked = (picked >> 8).astype(np.uint8)
        return cv2.resize(picked, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA)

    def _pick(self, planes: av.VideoFrame, size: tuple[int, int]) -> Pixels:
        return self._reformatter.reformat(
            planes, *size, format="rgb24", interpolation=Interpolation.POINT
        ).to_ndarray()


def _pick(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    return cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST)
