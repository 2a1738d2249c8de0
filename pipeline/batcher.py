"""Frames in groups, and pixels on the device and off it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from stylize_video.models.runtimes.sections import to_unit
from stylize_video.pipeline.frames import Frame, Pixels


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


def to_tensor(pixels: list[Pixels], device: torch.device) -> Tensor:
    """Pictures of one size -> (N, 3, H, W) on the device, channels last in memory.

    Bytes stay bytes: a quarter of the traffic, and what the painter takes. More bits become float32 in
    0..1.
    """
    stacked = np.stack(pixels) if len(pixels) > 1 else pixels[0][None]  # a large frame is not copied
    if stacked.dtype == np.uint16:  # torch knows the type but converts it nowhere near as fast
        stacked = stacked.astype(np.float32) / 65535
    return torch.from_numpy(stacked).to(device).permute(0, 3, 1, 2)


def to_pixels(images: Tensor, *, deep: bool = False) -> list[Pixels]:
    """(N, 3, H, W), uint8 or float in 0..1 -> N pictures (H, W, 3), rounded, uint16 if `deep` else uint8."""
    if images.dtype == torch.uint8 and not deep:
        return list(images.permute(0, 2, 3, 1).contiguous().cpu().numpy())
    images = to_unit(images)
    peak, dtype = (65535, torch.int32) if deep else (255, torch.uint8)
    scaled = images.detach().clamp(0, 1).mul(peak).round_().permute(0, 2, 3, 1).contiguous()
    array = scaled.to(dtype).cpu().numpy()
    return list(array.astype(np.uint16) if deep else array)
