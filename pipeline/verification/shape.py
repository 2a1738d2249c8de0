"""How the pictures are to be seen: their size, the way they are turned, the shape of their samples."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from av.video.stream import VideoStream

from stylize_video.pictures.orientation import Orientation
from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.sinks.coding import Coding
from stylize_video.pipeline.verification.finding import Finding

_SLACK = 2  # px by which a side may miss the proportions, for sizes are even
Size = tuple[int, int]


def differences(film: VideoStream, found: Orientation, coding: Coding, original: Size) -> Iterator[Finding]:
    """What of it is not as a job would have it.

    Args:
        film: the painted stream.
        found: how its first frame is turned.
        coding: how a job would have coded pictures of that size.
        original: the input's own size, px, as a job would store it unshrunk.
    """
    size, index = (film.width, film.height), film.index
    wanted = Orientation(0 if coding.upright else coding.quarter_turns)
    aspect, shape = film.sample_aspect_ratio or Fraction(1), coding.aspect or Fraction(1)
    if found != wanted and found == Orientation() and _fits(size[::-1], original):
        what = f"pictures are stored upright, as the {_degrees(wanted)} that they were to be turned say"
        yield Finding("shape", what, index, expected=True)
        size, shape = size[::-1], 1 / shape if wanted.turns % 2 else shape
    elif found != wanted:
        yield Finding("shape", f"pictures are turned by {_degrees(found)}, not {_degrees(wanted)}", index)
    if size != original:
        what = f"pictures are {film.width}x{film.height} px, not {original[0]}x{original[1]}"
        yield Finding("shape", what, index, expected=_fits(size, original))
    if aspect != shape:
        expected = not formats.holds_aspect(coding.container, coding.encoder) and aspect == 1
        what = f"samples are {_ratio(aspect)}, not {_ratio(shape)}"
        yield Finding("shape", what, index, expected=expected)


def _fits(size: Size, original: Size) -> bool:
    """Whether a size has the proportions of the other one."""
    (width, height), (wide, high) = size, original
    steepness = max(Fraction(height, width), Fraction(width, height), Fraction(1))
    return abs(height - Fraction(width * high, wide)) <= _SLACK * steepness


def _degrees(orientation: Orientation) -> str:
    return f"{90 * orientation.turns} degrees{' and mirrored' if orientation.mirrored else ''}"


def _ratio(aspect: Fraction) -> str:
    return f"{aspect.numerator}:{aspect.denominator}"
