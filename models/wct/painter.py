"""Paints by the whitening and colouring transform, level by level, film after film.

Li et al. 2017, section 4: from the coarsest level to the finest, a picture is encoded, its features given the
style's mean and covariance, and decoded; the next level takes what came out.

In a film, each frame's own statistics would make it brighter or darker whenever something comes into
view. So the statistics that it is whitened by follow the film slowly (`_MEMORY`), and begin anew with
each shot. So does the contrast that the canvas is as strong as.

Whitening gives a wall no strokes, which has no contrast to be made larger. So a canvas (models/canvas.py)
lies below each frame: a little of it is added before the frame is encoded (`grain`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stylize_video.models.canvas import Canvas
from stylize_video.models.runtimes.devices import Device
from stylize_video.models.runtimes.program import Runtime
from stylize_video.models.wct import grain, moments
from stylize_video.models.wct.grain import Contrast, Grain
from stylize_video.models.wct.levels import DEFAULT_LEVELS
from stylize_video.models.wct.moments import Affine, Moments, Statistics
from stylize_video.pictures import arrays

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures

_FLOOR = 1e-2  # of the mean eigenvalue, as in training: finer differences are not worth amplifying
_MEMORY = 0.9  # of the statistics before, in each frame
_GRID, _FEWEST, _FEWEST_BY_CHANNEL = 3, 4096, 64  # px; see `_sparse`

# Alpha of equation 3 at a strength of 1, by level; the last level goes all the way, so that the picture has
# the style's colours in full. The canvas takes a picture further from the photograph; less of the coarse
# levels, whose networks give back least of it, brings it back, and finer ones make the style of that.
_ALPHA = {5: 0.4, 4: 0.4, 3: 0.7, 2: 1.0, 1: 1.0}


@dataclass
class ShotMoments:
    """What is known of a shot up to the frame that came last, smoothed; can be pickled."""

    of_level: dict[int, Moments] = field(default_factory=dict)  # of its features
    contrast: Contrast | None = None


class WctStyle(NamedTuple):
    """What is painted in, and how far."""

    statistics: Statistics  # of the painting, or of a mixture
    strength: float = 1.0  # 0..1; alpha of equation 3 is `_ALPHA` times that

    def on(self, device: Device) -> WctStyle:
        """Where it is needed, so that not each frame has to bring it there."""
        if device.type == "cpu":
            return self
        there = {
            level: Moments(*(arrays.to_device(part.astype(np.float32), device.type) for part in parts))
            for level, parts in self.statistics.items()
        }
        return WctStyle(there, self.strength)


class WctPainter:
    """Paints pictures of any size in any style. What it knows of the film they come from is handed to it.

    Args:
        runtime: runs `program.program` for the same levels.
        levels: from coarse to fine.
        steady: whether statistics are smoothed over time.
        seed: of the field that all canvases lie in.
        from_noise: whether pictures are noise, of which nothing is to be kept: all levels go all the way.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        levels: Sequence[int] = DEFAULT_LEVELS,
        steady: bool = True,
        seed: int = 0,
        from_noise: bool = False,
    ) -> None:
        self._runtime = runtime
        self._levels = tuple(levels)
        self._memory = _MEMORY if steady else 0.0
        self._alpha = dict.fromkeys(_ALPHA, 1.0) if from_noise else _ALPHA
        self._seed = seed
        self._grain = Grain(seed)
        self.notes: list[str] = []  # what a user should know of it

    @property
    def device(self) -> Device:
        """Where it paints."""
        return self._runtime.device

    def new_shot(self) -> ShotMoments:
        """What is known before a shot's first frame."""
        return ShotMoments()

    def new_canvas(self, height: int, width: int) -> Canvas:
        """That of a shot's first picture, whose sides are so many px; the same for each shot."""
        return Canvas.of(height, width, seed=self._seed)

    def looked_up(self, canvas: Canvas) -> Canvas:
        """The canvas: its grain is made for each network."""
        return canvas

    def prepare(self, height: int, width: int, style: WctStyle, *, at_once: int = 1) -> None:
        """Nothing: its networks are compiled as they are needed."""

    def paint(
        self,
        images: Pictures,
        canvases: Sequence[Canvas],
        style: WctStyle,
        known: ShotMoments | None = None,
        /,
    ) -> Pictures:
        """Paint consecutive frames of one shot.

        Args:
            images: (N, H, W, 3) RGB, uint8 in 0..255 or floating in 0..1; paintings are uint8 or float32,
                arrays or tensors as these are.
            canvases: N, of pictures of this size; without any, nothing lies below the pictures.
            style: another one needs no other program.
            known: of the frames before, changed in place; None: there are none.
        """
        known = ShotMoments() if known is None else known
        height, width = images.shape[1:3]
        grained = self._grained(images, canvases, known) if canvases else images
        features = self._runtime.run("encode", _padded(grained, 2 ** (max(self._levels) - 1)))
        for level, then in pairwise(self._levels):
            affine = self._affine(features, level, style, known)
            features = self._runtime.run(f"recode{level}{then}", features, affine)
        affine = self._affine(features, self._levels[-1], style, known)
        ending = "bytes" if arrays.is_bytes(images) else "decode"
        return self._runtime.run(ending, features, affine)[:, :height, :width]

    def _grained(self, images: Pictures, canvases: Sequence[Canvas], known: ShotMoments) -> Pictures:
        """The pictures with the canvas below, as strong as the shot's contrast asks for so far."""
        contrasts = []
        for own in grain.contrasts_of(images):
            before = known.contrast
            known.contrast = own if before is None else grain.mixed(before, own, self._memory)
            contrasts.append(known.contrast)
        return self._grain.below(images, canvases, contrasts)

    def _affine(self, features: Pictures, level: int, style: WctStyle, known: ShotMoments) -> Pictures:
        """What gives (N, h, w, C) features of a level the style's statistics, `packed`."""
        found = self._smoothed(_each(_sparse(features), self.device), level, known)
        share = style.strength * (1.0 if level == self._levels[-1] else self._alpha[level])
        made = _transform(found, style.statistics[level], share, self.device)
        affine: Pictures = arrays.to_place(moments.packed(made), features)
        return affine

    def _smoothed(self, found: Sequence[Moments], level: int, known: ShotMoments) -> Moments:
        """Each frame's moments, mixed with those of the frames before."""
        before = known.of_level.get(level)
        rows = []
        for own in found:
            mixed = own
            if before is not None and self._memory:
                mixed = moments.mean_of((before, own), (self._memory, 1 - self._memory))
            rows.append(mixed)
            before = mixed
        known.of_level[level] = rows[-1]
        return Moments(arrays.joined([r.mean for r in rows]), arrays.joined([r.covariance for r in rows]))


def _each(features: Pictures, device: Device) -> list[Moments]:
    """The moments of each of (N, h, w, C) pictures' features."""
    if device.type == "cpu":
        found = moments.of_features(arrays.to_host(features))
    else:
        from stylize_video.models.wct import transform

        found = transform.moments(arrays.to_device(features, device.type).permute(0, 3, 1, 2))
    return [Moments(*(part[n : n + 1] for part in found)) for n in range(len(features))]


def _transform(content: Moments, wanted: Moments, alpha: float, device: Device) -> Affine:
    """What gives features with these statistics others, as far as alpha goes."""
    if device.type == "cpu":
        return moments.transform(content, wanted, alpha=alpha, epsilon=_FLOOR)
    # eigh makes a GPU wait for the CPU; products don't.
    from stylize_video.models.wct import transform

    sides = (
        Moments(*(arrays.to_device(part, device.type).float() for part in each)) for each in (content, wanted)
    )
    return transform.fast_transform(*sides, alpha=alpha, epsilon=_FLOOR)


def _sparse(features: Pictures) -> Pictures:
    """(N, h, w, C) features of pixels enough to know their statistics by: of many, every third each way.

    Not every second: what a decoder upsampled has another look in odd rows than in even ones.
    """
    channels = features.shape[3]
    enough = features.shape[1] * features.shape[2] >= _GRID**2 * max(_FEWEST, _FEWEST_BY_CHANNEL * channels)
    return features[:, ::_GRID, ::_GRID] if enough else features


def _padded(images: Pictures, stride: int) -> Pictures:
    """Mirrored, right and below, to a multiple of the stride, and two of them at least."""
    height, width = images.shape[1:3]
    down, right = (max(2 * stride - side, -side % stride) for side in (height, width))
    bordered: Pictures = arrays.padded(images, down, right)
    return bordered
