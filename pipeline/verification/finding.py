"""One thing in which an output is not as its input."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Finding:
    """What differs, in a sentence without the file's name."""

    kind: str  # "file", "frames", "streams", "packets", "tags", "chapters", "color", "shape", "decoding"
    what: str  # "frame 5 is at 0.240000 s, not 0.200000 s"
    stream: int | None = None  # its index in the output; of a missing one, in the input
    time: Fraction | None = None  # s of the output's clock, where it first differs
    expected: bool = False  # whether painting is known to change it so

    def __str__(self) -> str:
        return self.what


def counted(count: int, what: str) -> str:
    """`1 frame`, `2 frames`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def at(time: Fraction) -> str:
    """A time (s) for people."""
    return f"{float(time):.6f} s"


def listed(times: list[Fraction], most: int = 5) -> str:
    """Times (s) for people; of many, the first ones and how many more."""
    shown = ", ".join(f"{float(time):.3f}" for time in times[:most])
    return f"{shown} s" + (f" and {len(times) - most} more" if len(times) > most else "")
