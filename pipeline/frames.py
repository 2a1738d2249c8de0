"""The data that flows: what a film is, one frame of it, and a batch of frames on the device.

Everything is checked when it is made, so nobody downstream checks again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stylize_video.pipeline.carried.captions import Captions
from stylize_video.pipeline.timeline import Timeline

if TYPE_CHECKING:
    import av
    from torch import Tensor

Pixels = NDArray[Any]  # (H, W, 3) RGB, uint8 or uint16, full range, upright

_LONGEST_FRAME = 3600  # s; a frame that claims more is damaged
_PLANES = "source", "painting"  # attributes of a frame
UNSPECIFIED = 2  # the code for "not said" of matrix, primaries and transfer in ISO/IEC 23091-2


class ColorTags(NamedTuple):
    """How pixels are coded, in the codes of ISO/IEC 23091-2 that FFmpeg uses too.

    `range` is FFmpeg's: 0 unspecified, 1 limited ("tv"), 2 full ("pc").
    """

    matrix: int = UNSPECIFIED
    range: int = 0
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED


@dataclass(frozen=True)
class TimeRange:
    """The part of a film to keep, in seconds of the source's own clock.

    With a `start`, times in the output count from it; without, they are the source's.
    """

    start: Fraction | None = None
    end: Fraction | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"end = {self.end} s must be after start = {self.start} s")

    def holds(self, time: Fraction) -> bool:
        """Whether something presented at `time` (seconds) is kept."""
        return (self.start is None or time >= self.start) and (self.end is None or time < self.end)

    def lasts(self, pts: int, duration: int, time_base: Fraction) -> int:
        """Ticks of a frame's duration that lie in the range; 0 if it can't be true."""
        if not 0 < duration * time_base <= _LONGEST_FRAME:
            return 0
        left = duration if self.end is None else math.ceil(self.end / time_base) - pts
        return max(min(duration, left), 1)

    def shift(self, time_base: Fraction) -> int:
        """Ticks of `time_base` to subtract from the source's timestamps."""
        return 0 if self.start is None else round(self.start / time_base)


@dataclass(frozen=True)
class VideoInfo:
    """What the reader knows of a film. Sizes are those of the frames that flow (after `max_size`)."""

    path: Path
    coded_width: int  # px, as stored: before the rotation
    coded_height: int
    quarter_turns: int  # anticlockwise turns that bring a stored picture upright: 0..3
    display_matrix: tuple[int, ...] | None  # the source's 3x3 matrix, row by row, or None
    sample_aspect_ratio: Fraction | None  # of the stored picture
    time_base: Fraction  # seconds a tick
    rate: Fraction  # frames/s; a hint for encoders and progress, never a clock
    pixel_format: str  # FFmpeg's name, of the source
    bit_depth: int
    color: ColorTags  # as labelled, for the output; after tone mapping if the source was HDR
    frame_count: int | None = None  # a hint for progress
    beginning: Fraction | None = None  # s, time of the first frame
    timeline: Timeline = field(default_factory=Timeline)  # on which the frames' times lie
    centred_chroma: bool = False  # chroma lies between luma samples across too, as in JPEG; else on one
    captions: Captions = field(default_factory=Captions, compare=False)  # of frames on their way
    stream: int | None = None  # index in the file; None: the film that is most likely meant
    first_field: str | None = None  # of interlaced frames: "tff" or "bff" (top or bottom first)

    def __post_init__(self) -> None:
        if self.coded_width < 1 or self.coded_height < 1:
            raise ValueError(f"{self.coded_width}x{self.coded_height} px is no size")
        if self.time_base <= 0 or self.rate <= 0:
            raise ValueError(f"{self.time_base = } and {self.rate = } must be above 0")
        if self.quarter_turns not in range(4):
            raise ValueError(f"{self.quarter_turns = } must be in 0..3")

    @property
    def width(self) -> int:
        """Width of the upright picture, px."""
        return self.coded_height if self.quarter_turns % 2 else self.coded_width

    @property
    def height(self) -> int:
        """Height of the upright picture, px."""
        return self.coded_width if self.quarter_turns % 2 else self.coded_height


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
            ValueError: the size differs.
        """
        if pixels.shape != self.rgb.shape:
            raise ValueError(f"painting of shape {pixels.shape} for a frame {self.rgb.shape}")
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
    """Consecutive frames of one shot and size, as one tensor on the device.

    `pixels` is (N, 3, H, W) RGB, channels last in memory: uint8 in 0..255, or floating in 0..1 for films
    of more than 8 bits and wherever somebody computed with it; `frames` are the N frames they came from.
    Only the first of them may be a `cut`: what keeps state drops it there, before the batch. `originals`
    are the pixels before the first stage changed them, None until one did.
    """

    pixels: Tensor
    frames: Sequence[Frame]
    originals: Tensor | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4 or self.pixels.shape[1] != 3:
            raise ValueError(f"batch of shape {tuple(self.pixels.shape)} is not (N, 3, H, W)")
        if len(self.frames) != len(self.pixels):
            raise ValueError(f"{len(self.frames)} frames for {len(self.pixels)} pictures")
        # By name, for this file imports no torch.
        if not (self.pixels.is_floating_point() or str(self.pixels.dtype) == "torch.uint8"):
            raise ValueError(f"batch is {self.pixels.dtype}, neither uint8 nor floating point")
        late = [number for number, frame in enumerate(self.frames) if frame.cut and number > 0]
        if late:
            raise ValueError(f"cuts at {late} within a batch; each has to begin one")

    def with_pixels(self, pixels: Tensor) -> FrameBatch:
        """The same frames with other pixels."""
        originals = self.pixels if self.originals is None else self.originals
        return replace(self, pixels=pixels, originals=originals)
