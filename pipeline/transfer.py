"""Frames to the device that paints them, and back.

Two ways: RGB made by libswscale on the CPU, for painting there; and stored planes, converted on the
device (`plane_transfer`), for GPUs: half the bytes cross the bus, and more cores are free for coding films.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from stylize_video.models.runtimes.devices import Device
from stylize_video.pipeline import batcher
from stylize_video.pipeline.frames import Frame, FrameBatch
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
    """RGB pixels as they are; on the CPU, the arrays that they came in.

    Args:
        device: where they are painted; None: on the CPU.
    """

    needs_rgb = True
    lag = 0

    def __init__(self, device: Device | None = None) -> None:
        self._device = None if device is None or device.type == "cpu" else device

    def upload(self, frames: Sequence[Frame]) -> FrameBatch:
        """See `Transfer.upload`."""
        array = batcher.stacked([frame.rgb for frame in frames])
        if self._device is None:
            return FrameBatch(array, tuple(frames))
        import torch

        return FrameBatch(torch.from_numpy(array).to(self._device.type), tuple(frames))

    def download(self, batch: FrameBatch) -> Finish:
        """See `Transfer.download`."""
        deep = batch.frames[0].rgb.dtype.itemsize > 1
        painted = batcher.to_pixels(batch.pixels, deep=deep)
        return lambda: [f.painted(p) for f, p in zip(batch.frames, painted, strict=True)]


def choose(signal: Signal, pixel_format: str, output: ColorTags, device: Device) -> Transfer:
    """The better way for a film, a device, and planes to be written in `pixel_format`, coded by `output`."""
    if device.type != "cuda":
        return RgbTransfer(device)
    import torch

    from stylize_video.pipeline import plane_transfer

    if not (plane_transfer.supported(signal.pixel_format) and plane_transfer.supported(pixel_format)):
        return RgbTransfer(device)
    dtype = torch.float16 if signal.bit_depth <= 8 else torch.float32  # eleven bits are enough for those
    return plane_transfer.planes(signal, pixel_format, output, device, dtype=dtype)
