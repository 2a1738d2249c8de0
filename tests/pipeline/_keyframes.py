"""What the tests of keyframes and guides share: films as batches, and a painter that is fast and fickle."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.models.float_pictures import FloatPicture
from stylize_video.models.gatys.optimisation import Anchor
from stylize_video.pipeline.frames import Frame, FrameBatch

TICK = Fraction(1, 25)

Picture = NDArray[np.uint8]


def batches(
    pictures: Sequence[Picture],
    *,
    cuts: Collection[int] = (),
    size: int = 1,
    kind: Any = np.uint8,
) -> Iterator[FrameBatch]:
    """Of `size` frames each, shorter before cuts; times have gaps."""
    waiting: list[int] = []
    for number in range(len(pictures)):
        waiting.append(number)
        next_begins = number + 1 in cuts or number + 1 == len(pictures)
        if len(waiting) == size or next_begins or pictures[number].shape != pictures[number + 1].shape:
            images = np.stack([pictures[n] for n in waiting])
            frames = [Frame(pictures[n], 3 * n + n % 2, TICK, cut=n in cuts) for n in waiting]
            yield FrameBatch(images if kind is np.uint8 else (images / 255).astype(kind), frames)
            waiting = []


def pictures(painted: Iterator[FrameBatch]) -> list[NDArray[Any]]:
    """Of all batches, (H, W, 3) each."""
    return [image for batch in painted for image in batch.pixels]


def recoloured(original: Picture) -> FloatPicture:
    """What the brush makes of colours: soft, and each channel another."""
    soft = cv2.GaussianBlur(original, (0, 0), 1).astype(np.float32) / 255
    return np.ascontiguousarray(0.15 + 0.7 * soft[..., [1, 2, 0]])


class Brush:
    """Paints strokes that lie elsewhere each time, and notes what it is asked."""

    def __init__(self, *, level: float = 0.08) -> None:
        self._level = level
        self.originals: list[Picture] = []
        self.starts: list[FloatPicture | None] = []
        self.anchors: list[list[Anchor]] = []

    def paint(
        self, original: Picture, *, start: FloatPicture | None = None, anchors: Sequence[Anchor] = ()
    ) -> FloatPicture:
        noise = np.random.default_rng(len(self.originals)).normal(0, 1, original.shape)
        noise = cv2.GaussianBlur(noise, (0, 0), 1.2)
        self.originals.append(original)
        self.starts.append(start)
        self.anchors.append(list(anchors))
        strokes = noise / noise.std() * self._level
        return np.clip(recoloured(original) + strokes, 0, 1).astype(np.float32)
