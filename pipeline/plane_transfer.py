"""The way of frames to a GPU and back: as stored planes, converted there. The only one that needs torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stylize_video.models.runtimes.devices import Device
from stylize_video.pipeline import batcher
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.planes.device_color import CENTRED, LEFT, PlaneCoder, supported
from stylize_video.pipeline.signal import ColorTags, Signal

__all__ = ["PlaneTransfer", "planes", "supported"]


class PlaneTransfer:
    """Stored planes, converted on the device; on CUDA, uploads and downloads on streams of their own.

    What a stage has fetched from the device already, as the stabiliser does, goes on as RGB: nothing crosses
    the bus a third time.

    Args:
        coder: between planes and pictures.
        device: where they are painted.
        deep: whether RGB is to have 16 bits.
    """

    needs_rgb = False
    lag = 1

    def __init__(self, coder: PlaneCoder, device: Device, *, deep: bool) -> None:
        self._coder, self._deep = coder, deep
        self._up, self._down = _Side(device), _Side(device)

    def upload(self, frames: Sequence[Frame]) -> FrameBatch:
        """See `Transfer.upload`."""
        with self._up.work():
            images = self._coder.images([frame.planes for frame in frames])
        self._up.hand_over(images)
        return FrameBatch(images, tuple(frames))

    def download(self, batch: FrameBatch) -> Callable[[], Iterable[Frame]]:
        """See `Transfer.download`."""
        if isinstance(batch.pixels, np.ndarray):
            pixels = batcher.to_pixels(batch.pixels, deep=self._deep)
            return lambda: [f.painted(p) for f, p in zip(batch.frames, pixels, strict=True)]
        self._down.take(batch.pixels)
        with self._down.work():
            pending = self._coder.start(batch.pixels)
        return lambda: [f.painted_as(p) for f, p in zip(batch.frames, pending(), strict=True)]


class _Side:
    """A stream beside the one that paints; on devices without streams, nothing."""

    def __init__(self, device: Device) -> None:
        stream: Any = torch.cuda.Stream  # untyped in torch
        self._stream = stream(device.type) if device.type == "cuda" else None

    def work(self) -> Any:
        """A context whose kernels and copies run on this stream."""
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)

    def hand_over(self, tensor: Tensor) -> None:
        """Let the painting stream wait for what was made here."""
        if self._stream is not None:
            painting = torch.cuda.current_stream()
            painting.wait_stream(self._stream)
            tensor.record_stream(painting)

    def take(self, tensor: Tensor) -> None:
        """Let this stream wait for what was painted."""
        if self._stream is not None:
            self._stream.wait_stream(torch.cuda.current_stream())
            tensor.record_stream(self._stream)


def planes(
    signal: Signal,
    pixel_format: str,
    output: ColorTags,
    device: Device,
    *,
    dtype: torch.dtype = torch.float32,
) -> PlaneTransfer:
    """Planes converted on the device, whatever it is; pictures there are of `dtype`."""
    coder = PlaneCoder(
        signal.color,
        signal.coded_height,
        signal.pixel_format,
        signal.quarter_turns,
        device=torch.device(device.type),
        output=output,
        output_format=pixel_format,
        dtype=dtype,
        siting=CENTRED if signal.centred_chroma else LEFT,
    )
    return PlaneTransfer(coder, device, deep=signal.bit_depth > 8)
