"""Paints one picture by optimising its pixels (Gatys et al. 2016; see `losses.py`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylize_video.models.float_pictures import FloatPicture, to_float
from stylize_video.models.gatys import descent
from stylize_video.models.gatys.config import STARTS, GatysConfig
from stylize_video.models.gatys.losses import GramStyle, Objective, StyleLoss, long_term_weights, mean_grams
from stylize_video.models.gatys.losses import Term as Term  # for those who make one
from stylize_video.models.gatys.semantic_masks import Regions, RegionStyle
from stylize_video.models.method import Anchor, Step
from stylize_video.models.perceptual.vgg import load_features
from stylize_video.models.runtimes.devices import Device
from stylize_video.pictures.pictures import Picture, read_picture, resize_longer_side, to_tensor

_SMALLEST = 16  # px a side, of what VGG looks at
_COARSEST = 256  # px, the longer side that painting begins in, or up to twice that
_FEWER = 0.5  # times as many steps in twice the size
_REFINED = 0.5  # times as many for what is a painting already


class GatysArtist:
    """Paints pictures of any size in one style.

    Large ones are painted coarse to fine: first small, where a step is cheap and reaches far, then from
    there in twice the size with fewer steps, and so on.

    Args:
        style: paintings, (H, W, 3) uint8 RGB.
        config: how.
        device: where.
        weights: of the paintings, in the mean of their Gram matrices; by default the same for each.
        stroke_size: how many times as large as a picture the paintings are looked at, and so their strokes.
        on_step: told of each step.
        terms: what else to ask of a picture's painting; called for each size it is painted in.
        regions: of pictures and painting, of which there may be but one then; see `semantic_masks`.

    Raises:
        InputError: the picture to start from can't be read.
        WeightsError: the features are missing or damaged, or can't be downloaded.
    """

    def __init__(
        self,
        style: Sequence[Picture],
        config: GatysConfig,
        device: Device,
        *,
        weights: Sequence[float] | None = None,
        stroke_size: float = 1.0,
        on_step: Callable[[Step], None] | None = None,
        terms: Callable[[Picture], Sequence[Term]] | None = None,
        regions: Regions | None = None,
    ) -> None:
        if not style:
            raise ValueError("a style needs at least one picture")
        if regions is not None and len(style) > 1:
            raise ValueError(f"regions of {len(style)} paintings; there may be but one")
        self._style = tuple(style)
        self._shares = _shares(len(style), weights)
        self._config = config
        self._device = device.type
        self._stroke_size = stroke_size
        self._on_step = on_step
        self._terms = terms
        self._init = None if config.init in STARTS else read_picture(Path(config.init))
        self._features = load_features(config.features, pooling="mean").to(device.type)
        self._regions = regions
        self._style_losses: dict[int, StyleLoss] = {}  # by size

    def paint(
        self, original: Picture, *, start: FloatPicture | None = None, anchors: Sequence[Anchor] = ()
    ) -> FloatPicture:
        """Paint a picture.

        Args:
            original: (H, W, 3) uint8 RGB.
            start: where to begin, in place of the config's `init`. It is a painting already, so that it is
                only refined: in full size, with half as many steps as are usually taken there.
            anchors: paintings to agree with, the nearest frame's first.
        """
        height, width = original.shape[:2]
        content = _padded(original)
        size = max(content.shape[:2])
        sizes = stages(size, self._config.iterations)
        if start is not None:
            sizes = [(size, math.ceil(_REFINED * sizes[-1][1]))]
        wanted = [Anchor(_padded(a.painting), _padded(a.weights)) for a in anchors]
        canvas = None if start is None else _padded(start)
        done, total = 0, sum(steps for _, steps in sizes)
        for side, steps in sizes:
            small = content if side == size else resize_longer_side(content, side)
            begin = self._begin(small) if canvas is None else _fitted(canvas, small.shape)
            canvas = self._optimised(begin, self._objective(small, wanted), steps, Step(done, total, 0.0))
            done += steps
        assert canvas is not None  # there is at least one size
        return canvas[:height, :width].clip(0, 1)

    def _optimised(self, begin: FloatPicture, objective: Objective, steps: int, before: Step) -> FloatPicture:
        """The painting after so many steps in one size."""

        def report(number: int, loss: float) -> None:
            if self._on_step is not None:
                self._on_step(Step(before.number + number, before.of, loss))

        found = descent.minimise(
            objective,
            self._tensor(begin),
            optimizer=self._config.optimizer,
            evaluations=steps,
            on_loss=report,
        )
        return np.ascontiguousarray(found[0].permute(1, 2, 0).cpu().numpy())

    def _objective(self, content: Picture, anchors: Sequence[Anchor]) -> Objective:
        image = to_tensor([content]).to(self._device)
        with torch.no_grad():
            wanted = self._features(image, self._config.content_layers)
        return Objective(
            self._features,
            self._config,
            content=wanted,
            style=self._style_loss(max(content.shape[:2])),
            anchors=[
                (self._tensor(anchor.painting, content), self._tensor(weights, content).clamp(0, 1))
                for anchor, weights in zip(
                    anchors, long_term_weights([a.weights for a in anchors]), strict=True
                )
            ],
            terms=self._terms(content) if self._terms is not None else (),
        )

    def _tensor(self, image: NDArray[np.float32], like: Picture | None = None) -> Tensor:
        """(H, W) or (H, W, C) -> (1, C, H, W), in the size of a picture."""
        fitted = image if like is None else _fitted(image, like.shape)
        planes = np.atleast_3d(fitted).transpose(2, 0, 1)[None]
        return torch.from_numpy(np.ascontiguousarray(planes, np.float32)).to(self._device)

    def _style_loss(self, size: int) -> StyleLoss:
        """For a picture of `size` px on its longer side."""
        if size not in self._style_losses:
            seen = [self._seen(painting, round(size * self._stroke_size)) for painting in self._style]
            if self._regions is not None:
                self._style_losses[size] = RegionStyle(self._regions, seen[0])
            else:
                self._style_losses[size] = GramStyle(mean_grams(seen, self._shares))
        return self._style_losses[size]

    def _seen(self, painting: Picture, size: int) -> dict[str, Tensor]:
        """Features by layer, (1, C, h, w), of a painting looked at in `size` px, or what VGG needs."""
        narrow = max(painting.shape[:2]) / min(painting.shape[:2])
        seen = resize_longer_side(painting, max(size, round(_SMALLEST * narrow)))
        with torch.no_grad():
            image = to_tensor([_padded(seen)]).to(self._device)
            found: dict[str, Tensor] = self._features(image, self._config.style_layers)
        return found

    def _begin(self, content: Picture) -> FloatPicture:
        """Where to begin, in the size of a picture."""
        if self._init is not None:
            return _fitted(to_float(self._init), content.shape)
        if self._config.init == "style":
            return _fitted(to_float(self._style[0]), content.shape)
        if self._config.init == "noise":
            noise = np.random.default_rng(self._config.seed).uniform(0, 1, content.shape)
            return noise.astype(np.float32)
        return to_float(content)


def stages(size: int, iterations: int) -> list[tuple[int, int]]:
    """The sizes that a picture is painted in, from coarse to fine, and the steps in each.

    Args:
        size: px, the picture's longer side.
        iterations: steps, altogether.

    Returns:
        (px of the longer side, steps); sizes that no step is left for are left out.
    """
    sizes = [size]
    while sizes[0] >= 2 * _COARSEST:
        sizes.insert(0, round(sizes[0] / 2))
    shares = np.cumsum([_FEWER**number for number in range(len(sizes))])
    ends = [*(iterations * shares[:-1] / shares[-1]).astype(int).tolist(), iterations]
    steps = np.diff(ends, prepend=0).tolist()
    return [(side, count) for side, count in zip(sizes, steps, strict=True) if count]


def _shares(count: int, weights: Sequence[float] | None) -> list[float]:
    found = [1.0] * count if weights is None else list(weights)
    return [weight / sum(found) for weight in found]


def _padded(image: NDArray[Any]) -> NDArray[Any]:
    """Of `_SMALLEST` px a side at least, with its border's values right and below."""
    more = [(0, max(0, _SMALLEST - side)) for side in image.shape[:2]]
    if not any(after for _, after in more):
        return image
    return np.pad(image, more + [(0, 0)] * (image.ndim - 2), mode="edge")


def _fitted(image: NDArray[Any], size: tuple[int, ...]) -> NDArray[np.float32]:
    """In another size (height and width): averaged where it shrinks, else cubic."""
    height, width = size[:2]
    if image.shape[:2] == (height, width):
        return image
    kernel = cv2.INTER_AREA if height < image.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=kernel), np.float32)
