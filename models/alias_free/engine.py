"""What paints films by an alias-free network: strokes are remembered, and brought along the motion.

As all of its features are samples of continuous signals, those of one frame can be brought to where the next
one has them, by any fraction of a cell. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stylize_video.models.canvas import CELL, Canvas, Since
from stylize_video.models.feed_forward.engine import CanvasEngine, fitting
from stylize_video.models.feed_forward.shape import CanvasNetConfig
from stylize_video.models.runtimes.devices import is_out_of_memory
from stylize_video.models.runtimes.program import Runtime
from stylize_video.pictures.arrays import joined, to_device

if TYPE_CHECKING:
    from stylize_video.models.feed_forward.parameters import StyleVector
    from stylize_video.pictures.arrays import Pictures

Array = NDArray[np.float32]

# Of the strokes before, in the mean with the new ones, where the motion is trusted. More is steadier, and
# later: a stroke that changes has done so by nine tenths after six frames. docs/alias-free.md.
SHARE = 0.7


@dataclass
class Remembered:
    """Of a shot's last frame. It can be pickled."""

    strokes: Pictures | None = None  # (1, H/4, W/4, channels) float16; None: there is none
    style: StyleVector | None = None  # that they were decided in

    def fitting(self, style: StyleVector, shape: tuple[int, ...]) -> Pictures | None:
        """Its strokes, unless they mean nothing in another style or for frames of another size."""
        if self.strokes is None or self.style is None or self.strokes.shape[1:3] != shape:
            return None
        same = self.style is style or np.array_equal(self.style, style)
        return self.strokes if same else None


class Way(NamedTuple):
    """To where the cells of a frame were in the one before, and how far that is trusted."""

    places: Array  # (1, rows, columns, 2), x and y; -1 and 1 are the middles of the outermost cells
    share: Array  # (1, rows, columns, 1) in 0..1


class AliasFreeEngine(CanvasEngine):
    """See `CanvasEngine`. A shot's frames are painted in turn, each with the strokes of the one before it."""

    overlaps = False

    def __init__(self, runtime: Runtime, *, seed: int, config: CanvasNetConfig) -> None:
        super().__init__(runtime, seed=seed, config=config)
        # Until memory runs out. Not every version of torch fetches by cubic kernels on Apple's GPUs.
        self._remembers = self.device.type != "mps"

    def new_shot(self) -> Remembered:
        """See `PaintsOnCanvas`."""
        return Remembered()

    def _prepare(self, images: Pictures, noise: Array, style: Pictures) -> None:
        rows, columns = noise.shape[1:3]
        self._runtime.prepare(
            *("paint next", images[:1], noise[:1], style), self._no_strokes(noise), *_nowhere(rows, columns)
        )

    def paint(
        self,
        images: Pictures,
        canvases: Sequence[Canvas],
        style: StyleVector,
        known: Remembered | None = None,
        /,
    ) -> Pictures:
        """See `CanvasEngine.paint`."""
        if known is None:
            return super().paint(images, canvases, style)
        each = (slice(n, n + 1) for n in range(len(images)))
        painted: Pictures = joined([self._next(images[n], canvases[n], style, known) for n in each])
        return painted

    def _next(
        self, image: Pictures, canvases: Sequence[Canvas], style: StyleVector, known: Remembered
    ) -> Pictures:
        """Paint a frame, (1, H, W, 3), and remember it; by itself where the memory is too small for that."""
        noise, numbers = self._given(canvases, style)
        if self._remembers and not self._in_tiles:
            try:
                return self._remembering(image, noise, numbers, canvases[0].since, style, known)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            known.strokes = None
            self._runtime.forget()
            self._remembers = False
            self.notes.append(f"{self.device}: too little memory to bring strokes along; frames differ more")
        known.strokes = None
        return self._painted(image, noise, numbers)

    def _remembering(
        self,
        image: Pictures,
        noise: Array,
        numbers: Pictures,
        since: Since | None,
        style: StyleVector,
        known: Remembered,
    ) -> Pictures:
        height, width = image.shape[1:3]
        wide, canvas = fitting(image, noise)
        shape = canvas.shape[1:3]
        before = known.fitting(style, shape)
        way = _nowhere(*shape) if before is None or since is None else way_to(since, *shape)
        before = self._no_strokes(canvas) if before is None else before
        if self.device.type != "cpu":
            before, way = to_device(before, self.device.type), Way(*map(self._there, way))
        painted, known.strokes = self._runtime.start("paint next", wide, canvas, numbers, before, *way)()
        known.style = style
        return painted[:, :height, :width]

    def _there(self, array: Array) -> Any:
        return to_device(array, self.device.type)

    def _no_strokes(self, canvas: Array) -> Array:
        return np.zeros((*canvas.shape[:3], self._config.quarter_channels), np.float16)


def way_to(since: Since, rows: int, columns: int) -> Way:
    """As the network takes it.

    Args:
        since: (h, w) cells.
        rows, columns: of the picture's cells, no fewer; those beyond h and w have no way.
    """
    height, width = since.trust.shape
    step = 2 / np.array([columns - 1, rows - 1], np.float32)  # from cell to cell, of a whole of -1 to 1
    there = _places(rows, columns)[:height, :width] + since.back * (step / CELL)
    within = (there > -0.5 * step - 1) & (there < (np.array([width, height], np.float32) - 0.5) * step - 1)
    inside = within[..., 0] & within[..., 1]
    way = _nowhere(rows, columns)
    way.share[0, :height, :width, 0] = np.float32(SHARE) * since.trust * inside
    there[~inside] = 0  # no flow of anything but numbers reaches the strokes
    way.places[0, :height, :width] = there
    return way


@lru_cache(maxsize=4)
def _places(rows: int, columns: int) -> Array:
    """(rows, columns, 2): of each cell, as `Way.places` are."""
    sides = (np.linspace(-1, 1, count, dtype=np.float32) for count in (columns, rows))
    return np.stack(np.meshgrid(*sides), -1)


def _nowhere(rows: int, columns: int) -> Way:
    """Of cells that nothing is known of before."""
    return Way(np.zeros((1, rows, columns, 2), np.float32), np.zeros((1, rows, columns, 1), np.float32))
