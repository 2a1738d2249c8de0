"""Frames to the device that paints them, and back.

Two ways: RGB made by libswscale on the CPU, for painting there; and stored planes, converted on the
device, for GPUs: half the bytes cross the bus, and sixteen cores are free for coding films.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

import torch
from torch import Tensor

from stylize_video.pipeline import batcher
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.planes.device_color import CENTRED, LEFT, PlaneCoder, supported
from stylize_video.pipeline.signal import ColorTags, Signal

Finish = Callable[[], Iterable[Frame]]


class Transfer(Protocol):
    """One way between frames and batches on a device."""

    needs_rgb: bool  # of the reader's frames; else it needs their planes
    lag: int  # batches whose download may be under way while the next one is painted

    def upload(self, frames: Sequence[Frame]) -> FrameBatch:
        """Frames of one size -> a batch."""
        ...

    def download(self, batch: FrameBatch) -> Finish:
        """Begin to fetch a painted batch; what is returned waits for it and gives its frames."""
        ...


class RgbTransfer:
    """RGB pixels as they are."""

    needs_rgb = True
    lag = 0

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def upload(self, frames: Sequence[Frame]) -> FrameBatch:
        """See `Transfer.upload`."""
        return FrameBatch(batcher.to_tensor([frame.rgb for frame in frames], self._device), tuple(frames))

    def download(self, batch: FrameBatch) -> Finish:
        """See `Transfer.download`."""
        deep = batch.frames[0].rgb.dtype.itemsize > 1
        painted = batcher.to_pixels(batch.pixels, deep=deep)
        return lambda: [f.painted(p) for f, p in zip(batch.frames, painted, strict=True)]


class PlaneTransfer:
    """Stored planes, converted on the device; on CUDA, uploads and downloads on streams of their own."""

    needs_rgb = False
    lag = 1

    def __init__(self, coder: PlaneCoder, device: torch.device) -> None:
        self._coder = coder
        self._up, self._down = _Side(device), _Side(device)

    def upload(self, frames: Sequence[Frame]) -> FrameBatch:
        """See `Transfer.upload`."""
        with self._up.work():
            images = self._coder.images([frame.planes for frame in frames])
        self._up.hand_over(images)
        return FrameBatch(images, tuple(frames))

    def download(self, batch: FrameBatch) -> Finish:
        """See `Transfer.download`."""
        self._down.take(batch.pixels)
        with self._down.work():
            pending = self._coder.start(batch.pixels)
        return lambda: [f.painted_as(p) for f, p in zip(batch.frames, pending(), strict=True)]


class _Side:
    """A stream beside the one that paints; on devices without streams, nothing."""

    def __init__(self, device: torch.device) -> None:
        stream: Any = torch.cuda.Stream  # untyped in torch
        self._stream = stream(device) if device.type == "cuda" else None

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


def choose(signal: Signal, pixel_format: str, output: ColorTags, device: torch.device) -> Transfer:
    """The better way for a film, a device, and planes to be written in `pixel_format`, coded by `output`."""
    if device.type == "cuda" and supported(signal.pixel_format) and supported(pixel_format):
        half = signal.bit_depth <= 8  # eleven bits are enough for those
        return planes(signal, pixel_format, output, device, dtype=torch.float16 if half else torch.float32)
    return RgbTransfer(device)


def planes(
    signal: Signal,
    pixel_format: str,
    output: ColorTags,
    device: torch.device,
    *,
    dtype: torch.dtype = torch.float32,
) -> PlaneTransfer:
    """Planes converted on the device, whatever it is; pictures there are of `dtype`."""
    coder = PlaneCoder(
        signal.color,
        signal.coded_height,
        signal.pixel_format,
        signal.quarter_turns,
        device=device,
        output=output,
        output_format=pixel_format,
        dtype=dtype,
        siting=CENTRED if signal.centred_chroma else LEFT,
    )
    return PlaneTransfer(coder, device)
