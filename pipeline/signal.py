"""What flows: size, colour, shape and clock of a film's pictures between a source and a sink.

A source says what its pictures are, each stage what it makes of that (`output(signal)`), and the sink is
opened with what the last stage says. All of it is known before the first frame. Where the pictures come from
(a file, its other streams) is none of their signal: see `sources/source.py` and `carried/other_streams.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

UNSPECIFIED = 2  # the code for "not said" of matrix, primaries and transfer in ISO/IEC 23091-2


class ColorTags(NamedTuple):
    """How pixels are coded, in the codes of ISO/IEC 23091-2 that FFmpeg uses too.

    `range` is FFmpeg's: 0 unspecified, 1 limited ("tv"), 2 full ("pc").
    """

    matrix: int = UNSPECIFIED
    range: int = 0
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED


@dataclass(frozen=True, kw_only=True)
class Signal:
    """What is known of pictures before the first of them comes.

    Raises:
        ValueError: a size, a depth, a clock or an orientation that can't be.
    """

    coded_width: int  # px, as stored: before the rotation
    coded_height: int
    pixel_format: str  # FFmpeg's name of the stored planes' format
    bit_depth: int  # of each component
    color: ColorTags  # how the planes are coded, and labelled
    centred_chroma: bool = False  # chroma lies between luma samples across too, as in JPEG; else on one
    sample_aspect_ratio: Fraction | None = None  # of the stored picture, width by height
    quarter_turns: int = 0  # anticlockwise turns that are still to bring a stored picture upright: 0..3
    display_matrix: tuple[int, ...] | None = None  # 3x3, row by row, that says so in the source; or None
    first_field: str | None = None  # of interlaced frames: "tff" or "bff" (top or bottom first)
    time_base: Fraction  # s a tick
    rate: Fraction  # frames/s; a hint for encoders and progress, never a clock
    beginning: Fraction | None = None  # s, time of the first frame; None: unknown
    origin: Fraction = Fraction(0)  # s of this clock at which the output's is to stand at 0
    frame_count: int | None = None  # a hint for progress

    def __post_init__(self) -> None:
        if self.coded_width < 1 or self.coded_height < 1:
            raise ValueError(f"{self.coded_width}x{self.coded_height} px is no size")
        if not 1 <= self.bit_depth <= 16:
            raise ValueError(f"{self.bit_depth = } must be in 1..16")
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

    def shift(self, time_base: Fraction) -> int:
        """Ticks of `time_base` (s) by which the output's times lie before this clock's."""
        return round(self.origin / time_base)
