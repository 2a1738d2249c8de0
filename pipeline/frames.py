"""The data that flows: one frame of a film, and a batch of frames on the device.

Everything is checked when it is made, so nobody downstream checks again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from stylize_video.pictures import arrays

if TYPE_CHECKING:
    import av

    from stylize_video.pictures.arrays import Pictures, Pixels

_PLANES = "source", "painting"  # attributes of a frame


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame: its pixels, its exact time, and where it came from.

    Pixels are upright RGB; None where the device converts planes itself. `source` holds the original
    planes (stored orientation, the size of the output) while somebody downstream still needs them,
    `painting` those of the painting if the device made them; None otherwise. `cut` says that the frame is
    the first of a new shot; a film's very first is not. `duration` is how long the source shows it, which
    counts where no frame follows.
    """

    pixels: Pixels | None
    pts: int  # in ticks of time_base
    time_base: Fraction
    source: av.VideoFrame | None = None
    painting: av.VideoFrame | None = None
    cut: bool = False
    duration: int = 0  # in ticks of time_base; 0: unknown

    def __post_init__(self) -> None:
        if self.pixels is None:
            if self.source is None:
                raise ValueError("a frame needs pixels or planes")
            return
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(f"pixels of shape {self.pixels.shape} are not (H, W, 3)")
        if self.pixels.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"pixels are {self.pixels.dtype}, not uint8 or uint16")

    def __getstate__(self) -> dict[str, Any]:
        """For pickling: planes as plain data, see `pipeline.planes.packing`."""
        from stylize_video.pipeline.planes import packing  # which brings av

        planes = {name: getattr(self, name) for name in _PLANES}
        return self.__dict__ | {n: None if p is None else packing.pack(p) for n, p in planes.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        from stylize_video.pipeline.planes import packing

        packed = {name: state[name] for name in _PLANES}
        self.__dict__.update(state | {n: None if p is None else packing.unpack(p) for n, p in packed.items()})

    @property
    def time(self) -> Fraction:
        """Presentation time in seconds."""
        return self.pts * self.time_base

    def painted(self, pixels: Pixels) -> Frame:
        """The same frame with other pixels of the same size.

        Raises:
            ValueError: the size differs from that of the frame's own pixels, where it has some.
        """
        if self.pixels is not None and pixels.shape != self.pixels.shape:
            raise ValueError(f"painting of shape {pixels.shape} for a frame {self.pixels.shape}")
        return replace(self, pixels=pixels)

    def painted_as(self, planes: av.VideoFrame) -> Frame:
        """The same frame with planes of its painting."""
        return replace(self, painting=planes)

    @property
    def rgb(self) -> Pixels:
        """The pixels, where there have to be some."""
        if self.pixels is None:
            raise ValueError("this frame has planes, not pixels")
        return self.pixels

    @property
    def planes(self) -> av.VideoFrame:
        """The original planes, where there have to be some."""
        if self.source is None:
            raise ValueError("this frame has pixels, not planes")
        return self.source

    @property
    def kind(self) -> tuple[object, ...]:
        """What frames of one batch have in common: size and format."""
        if self.pixels is None:
            return self.planes.width, self.planes.height, self.planes.format.name
        return self.pixels.shape, self.pixels.dtype


@dataclass(frozen=True, eq=False)
class FrameBatch:
    """Consecutive frames of one shot and size, as one array.

    `pixels` is (N, H, W, 3) RGB, a NumPy array on the CPU and a torch tensor on another device: uint8 in
    0..255, or floating in 0..1 for films of more than 8 bits and wherever somebody computed with it;
    `frames` are the N frames they came from. Only the first of them may be a `cut`: what keeps state drops
    it there, before the batch. `originals` are the pixels before the first stage changed them, None until
    one did; they may lie elsewhere than the pixels. `motion` is the way from each frame to the one before it,
    where somebody asks for it; see `pipeline/stages/motion.py`. `canvases` are what each frame is painted on,
    where a stage ahead of the painter has carried them; see `pipeline/stages/canvas.py`.
    """

    pixels: Pictures
    frames: Sequence[Frame]
    originals: Pictures | None = None
    motion: Sequence[Any] | None = None  # of models/motion/neighbours.py: `FrameMotion`, or None each
    canvases: Sequence[Any] | None = None  # of models/canvas.py: `Canvas` each

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4 or self.pixels.shape[3] != 3:
            raise ValueError(f"batch of shape {tuple(self.pixels.shape)} is not (N, H, W, 3)")
        if len(self.frames) != len(self.pixels):
            raise ValueError(f"{len(self.frames)} frames for {len(self.pixels)} pictures")
        if self.motion is not None and len(self.motion) != len(self.frames):
            raise ValueError(f"{len(self.motion)} ways for {len(self.frames)} frames")
        if self.canvases is not None and len(self.canvases) != len(self.frames):
            raise ValueError(f"{len(self.canvases)} canvases for {len(self.frames)} frames")
        if not arrays.is_known(self.pixels):
            raise ValueError(f"batch is {self.pixels.dtype}, neither uint8 nor floating point")
        late = [number for number, frame in enumerate(self.frames) if frame.cut and number > 0]
        if late:
            raise ValueError(f"cuts at {late} within a batch; each has to begin one")

    def with_pixels(self, pixels: Pictures) -> FrameBatch:
        """The same frames with other pixels."""
        originals = self.pixels if self.originals is None else self.originals
        return replace(self, pixels=pixels, originals=originals)
