"""Masks made on the spot: films whose frames are flat greys, and masks that are arrays."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests import media


def grey_film(path: Path, greys: Sequence[float], times: media.Times | None = None, **video: Any) -> Path:
    """A film whose frame number n is of the flat grey `greys[n]` (0..1); FFV1 unless told otherwise."""

    def draw(number: int, width: int, height: int) -> np.ndarray:
        return np.full((height, width, 3), float(greys[number]))

    rate = video.get("rate", Fraction(25))
    settings = {"codec": "ffv1", "times": times or media.steady(len(greys), rate), **video}
    return media.film(path, media.Video(draw=draw, **settings)).path


def picture(path: Path, values: np.ndarray) -> Path:
    """Write an array as OpenCV would: (H, W), or (H, W, 3 or 4) in BGR(A)."""
    assert cv2.imwrite(str(path), values)
    return path


class ArrayMask:
    """One array for all times, whose size has to be the frame's; notes what it was asked for."""

    def __init__(self, weights: np.ndarray) -> None:
        self.weights = weights.astype(np.float32)
        self.asked: list[Fraction] = []
        self.notes: list[str] = []

    def at(self, time: Fraction, size: tuple[int, int]) -> np.ndarray:
        assert self.weights.shape == size
        self.asked.append(time)
        return self.weights

    def close(self) -> None: ...

    def __enter__(self) -> ArrayMask:
        return self

    def __exit__(self, *_: object) -> None: ...
