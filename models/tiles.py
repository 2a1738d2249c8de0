"""Large pictures painted window by window, with the same result as at once.

Instance normalisation looks at the whole picture, so tiles painted by themselves differ in style and
show seams. Thumbnail instance normalisation (Chen et al. 2022, "Towards Ultra-Resolution Neural Style
Transfer via Thumbnail Instance Normalization") takes the statistics from a small copy of the picture.
With this network that came to 25 to 30 dB against painting at once for a copy at a quarter of the
size, and to 45 dB only at nine tenths: strokes that are as wide as a fixed number of pixels are other
features in a small copy. But the network thinks at a quarter and an eighth of the size, where the whole
picture is small; only its last two layers are large. So those alone run in windows, twice: once for the
moments of the last normalisation, which are gathered over all windows (Chan et al. 1983), and once to
paint. That is exact, and costs an eighth more multiplications.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor

from stylize_video.models.sections import Sections
from stylize_video.models.transform_net import QUARTER, Moments

_HALO = 2  # quarter px around a window: a 3x3 convolution there, and one at twice the size
_HALF = QUARTER // 2  # px of the picture a pixel of the half features covers


class Window(NamedTuple):
    """A stretch of one axis, in px of the features: what is computed, and the part of it that is used."""

    start: int
    size: int
    used_start: int
    used_size: int

    def outer(self) -> slice:
        """What is computed."""
        return slice(self.start, self.start + self.size)

    def inner(self, scale: int) -> slice:
        """What is used of the result, which is `scale` times as large, counted from its own start."""
        first = (self.used_start - self.start) * scale
        return slice(first, first + self.used_size * scale)

    def target(self, scale: int) -> slice:
        """Where that belongs."""
        return slice(self.used_start * scale, (self.used_start + self.used_size) * scale)


def windows(length: int, size: int) -> Iterator[Window]:
    """Cut an axis of `length` into parts of `size`; all are computed at one size, so shifted at the ends.

    A window ends where the axis ends or `_HALO` beyond what is used of it, so that padding is seen
    only where the whole picture has it.
    """
    outer = min(length, size + 2 * _HALO)
    for first in range(0, length, size):
        start = max(0, min(first - _HALO, length - outer))
        yield Window(start, outer, first, min(size, length - first))


def paint(sections: Sections, images: Tensor, tile: int) -> Tensor:
    """Paint (N, 3, H, W) pictures in windows of `tile` px; see `Sections` for kinds and sizes."""
    features = sections.trunk(images)
    size = max(1, tile // QUARTER)
    rows, columns = (list(windows(length, size)) for length in features.shape[-2:])
    grid = list(product(rows, columns))
    moments = _moments(sections, features, grid)
    painting = torch.empty_like(images, memory_format=torch.channels_last)
    for row, column in grid:
        part = sections.finish(features[..., row.outer(), column.outer()], moments, images.dtype)
        inner = part[..., row.inner(QUARTER), column.inner(QUARTER)]
        painting[..., row.target(QUARTER), column.target(QUARTER)] = inner
    return painting


def _moments(sections: Sections, features: Tensor, grid: list[tuple[Window, Window]]) -> Moments:
    """Of the half features of all windows together."""
    count, mean, squares = 0, torch.zeros(()), torch.zeros(())
    for row, column in grid:
        half = sections.half_features(features[..., row.outer(), column.outer()])
        part = half[..., row.inner(_HALF), column.inner(_HALF)]
        size = part.shape[-2] * part.shape[-1]
        own = part.mean((2, 3), keepdim=True, dtype=torch.float32)
        own_squares = (part - own).square().sum((2, 3), keepdim=True, dtype=torch.float32)
        # Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance", eq. 2.1
        away = own - mean.to(own)
        squares = squares.to(own) + own_squares + away.square() * (count * size / (count + size))
        mean = mean.to(own) + away * (size / (count + size))
        count += size
    return Moments(mean, squares / count)
