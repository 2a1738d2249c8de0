"""How many frames of a film are painted at once."""

from __future__ import annotations

from stylize_video.models.runtimes import fastest
from stylize_video.models.runtimes.devices import Device
from stylize_video.pipeline.jobs.request import PaintRequest


def batch_size(request: PaintRequest, pixels: int, count: int | None, device: Device) -> int:
    """How many frames are painted at once.

    Args:
        request: what is asked for.
        pixels: of a frame.
        count: of the film's frames, as far as it is known.
        device: that paints.
    """
    if request.run.batch_size is not None:
        return request.run.batch_size
    if request.holds_frames:
        return 1
    canvas = pixels / min(1.0, request.look.stroke_size) ** 2  # of frame or painting, the larger one
    return fastest.batch_size(device, round(canvas), pairs=request.in_pairs and count != 1)
