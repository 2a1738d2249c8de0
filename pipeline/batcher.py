"""Frames in groups, as one array and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.pictures import arrays
from stylize_video.pictures.arrays import Pixels
from stylize_video.pipeline.frames import Frame

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures


def batches(frames: Iterable[Frame], *, size: int) -> Iterator[list[Frame]]:
    """Group consecutive frames of one shot and kind by `size`; short batches come too.

    Raises:
        ValueError: `size` below 1.
    """
    if size < 1:
        raise ValueError(f"batch {size = } must be at least 1")
    waiting: list[Frame] = []
    for frame in frames:
        if waiting and (frame.cut or waiting[-1].kind != frame.kind):
            yield waiting
            waiting = []
        waiting.append(frame)
        if len(waiting) == size:  # at once: a live source may not send another frame for a while
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def stacked(pixels: list[Pixels]) -> NDArray[Any]:
    """Pictures of one size -> (N, H, W, 3): bytes as they are, more bits as float32 in 0..1."""
    array = np.stack(pixels) if len(pixels) > 1 else pixels[0][None]  # a large frame is not copied
    return array.astype(np.float32) / 65535 if array.dtype == np.uint16 else array


def to_pixels(pictures: Pictures, *, deep: bool = False) -> list[Pixels]:
    """(N, H, W, 3), uint8 or float in 0..1 -> N pictures (H, W, 3), rounded, uint16 if `deep` else uint8."""
    if not isinstance(pictures, np.ndarray):
        return to_pixels(arrays.to_host(_rounded(pictures, deep=deep)), deep=deep)
    if arrays.is_bytes(pictures) and not deep:
        return list(np.ascontiguousarray(pictures))
    peak, dtype = (65535, np.uint16) if deep else (255, np.uint8)
    scaled = arrays.to_unit(pictures).clip(0, 1)
    scaled *= np.float32(peak)
    return list(np.rint(scaled, out=scaled).astype(dtype))


def _rounded(pictures: Any, *, deep: bool) -> Any:
    """Pictures on a device as bytes already, where there are to be bytes: a quarter of the traffic."""
    return pictures if deep else arrays.to_bytes(arrays.to_unit(pictures))
