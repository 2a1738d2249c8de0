"""Large pictures painted window by window, with the same result as at once.

Instance normalisation looks at the whole picture, so tiles painted by themselves differ in style and
show seams. Thumbnail instance normalisation (Chen et al. 2022, "Towards Ultra-Resolution Neural Style
Transfer via Thumbnail Instance Normalization") takes the statistics from a small copy of the picture.
With this network that came to 25 to 30 dB against painting at once for a copy at a quarter of the size,
and to 45 dB only at nine tenths: strokes so many pixels wide are other features in a small copy.

So the statistics here are the picture's own, gathered over all windows before they are used: a pass over
the windows for each normalisation that lies where features are large. The body of the network works at
an eighth of the size, where even the features of a whole picture are small (1.25 values a pixel), and
runs at once. That is exact, for 1.7 times the multiplications of painting at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from stylize_video.models.runtimes.program import Runtime
from stylize_video.models.transform_net.shape import STRIDE
from stylize_video.pictures.arrays import empty

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures

_HALO = 2  # of STRIDE px around a window: what the padding of the convolutions in it reaches


class Window(NamedTuple):
    """A stretch of one axis, in units of STRIDE px: what is computed, and the part of it that is used."""

    start: int
    size: int
    used_start: int
    used_size: int

    def outer(self, scale: int) -> slice:
        """What is computed, in a tensor with `scale` pixels a unit."""
        return slice(self.start * scale, (self.start + self.size) * scale)

    def inner(self, scale: int) -> slice:
        """What is used of the result, counted from the result's own start."""
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


def paint(runtime: Runtime, images: Pictures, style: Pictures, tile: int) -> Pictures:
    """Paint (N, H, W, 3) pictures in a style, (1, 1, 1, K), in windows of `tile` px; see `sections.py`."""
    grid = _Grid(images, max(1, tile // STRIDE))
    first = grid.moments(lambda pictures: runtime.run("head", pictures), images)
    down = grid.gather(lambda pictures: runtime.run("down", pictures, style, *first), images)
    deep = runtime.run("body", down, style)
    del down
    up = grid.moments(lambda features: runtime.run("up", features), deep)
    half = grid.moments(lambda *parts: runtime.run("half", *parts, style, *first, *up), images, deep)
    return grid.gather(lambda *parts: runtime.run("finish", *parts, style, *first, *up, *half), images, deep)


class _Grid:
    """The windows of a picture."""

    def __init__(self, images: Pictures, size: int) -> None:
        self._units = [side // STRIDE for side in images.shape[1:3]]
        rows, columns = (list(windows(length, size)) for length in self._units)
        self._windows = list(product(rows, columns))

    def gather(self, work: Callable[..., Pictures], *whole: Pictures) -> Pictures:
        """Do a work for each window of some pictures, and put what is used of the results together."""
        gathered: Any = None
        for (row, column), part, scale in self._parts(work, whole):
            if gathered is None:
                height, width = (units * scale for units in self._units)
                gathered = empty((len(part), height, width, part.shape[3]), like=part)
            inner = part[:, row.inner(scale), column.inner(scale)]
            gathered[:, row.target(scale), column.target(scale)] = inner
        assert gathered is not None  # no picture is empty
        pictures: Pictures = gathered
        return pictures

    def moments(self, work: Callable[..., Pictures], *whole: Pictures) -> tuple[Any, Any]:
        """Mean and variance, (N, 1, 1, C) each, of the results of a work for all windows together.

        By Chan, Golub and LeVeque 1983, "Algorithms for Computing the Sample Variance", eq. 2.1.
        """
        count = 0
        mean: Any = 0.0
        squares: Any = 0.0
        for (row, column), part, scale in self._parts(work, whole):
            used = part[:, row.inner(scale), column.inner(scale)]
            size = used.shape[1] * used.shape[2]
            own = _sum(used) / size
            away, centred = own - mean, used - own
            squares = squares + _sum(centred * centred) + away * away * (count * size / (count + size))
            mean = mean + away * (size / (count + size))
            count += size
        return mean, squares / count

    def _parts(
        self, work: Callable[..., Pictures], whole: tuple[Pictures, ...]
    ) -> Iterator[tuple[tuple[Window, Window], Any, int]]:
        """Each window, the work's result for it, and how many of its pixels make a unit."""
        for row, column in self._windows:
            scales = [pictures.shape[2] // self._units[1] for pictures in whole]
            part = work(*(p[:, row.outer(s), column.outer(s)] for p, s in zip(whole, scales, strict=True)))
            yield (row, column), part, part.shape[2] // column.size


def _sum(x: Any) -> Any:
    """Over each channel of each picture, (N, H, W, C) -> (N, 1, 1, C)."""
    # As a product of matrices: torch's own sum over two axes takes three times as long.
    n, height, width, channels = x.shape
    rows = x.reshape(n, height * width, channels)
    ones = empty((1, height * width), like=x)
    ones[...] = 1
    return (ones @ rows).reshape(n, 1, 1, channels)
