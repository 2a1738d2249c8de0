"""Which of two series are the same things: times of frames, or fingerprints of packets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

_WINDOW = 64  # packets that are looked through for one that fits, behind one that doesn't


@dataclass
class Alignment:
    """What of a series is found in another one, by their places in each."""

    missing: list[int] = field(default_factory=list)  # of the wanted ones
    added: list[int] = field(default_factory=list)  # of the found ones
    altered: list[int] = field(default_factory=list)  # of the found ones: another stands in its place


def of_times(wanted: Sequence[Fraction], found: Sequence[Fraction], tolerance: Fraction) -> Alignment:
    """Two rising series of times (s); those no further apart than `tolerance` are one and the same."""
    alignment, i, j = Alignment(), 0, 0
    while i < len(wanted) and j < len(found):
        if abs(wanted[i] - found[j]) <= tolerance:
            i, j = i + 1, j + 1
        elif wanted[i] < found[j]:
            alignment.missing.append(i)
            i += 1
        else:
            alignment.added.append(j)
            j += 1
    alignment.missing += range(i, len(wanted))
    alignment.added += range(j, len(found))
    return alignment


def of_prints(wanted: Sequence[int], found: Sequence[int]) -> Alignment:
    """Two series of fingerprints, one a packet, in their order."""
    alignment, i, j = Alignment(), 0, 0
    while i < len(wanted) and j < len(found):
        if wanted[i] != found[j]:
            left_out, put_in = _next_pair(wanted[i : i + _WINDOW], found[j : j + _WINDOW])
            both = min(left_out, put_in)
            alignment.altered += range(j, j + both)
            alignment.missing += range(i + both, i + left_out)
            alignment.added += range(j + both, j + put_in)
            i, j = i + left_out, j + put_in
        else:
            i, j = i + 1, j + 1
    alignment.missing += range(i, len(wanted))
    alignment.added += range(j, len(found))
    return alignment


def _next_pair(wanted: Sequence[int], found: Sequence[int]) -> tuple[int, int]:
    """How many of each come before the next two that are the same; all of them if there are none."""
    first = {value: place for place, value in reversed(list(enumerate(found)))}
    pairs = [(place, first[value]) for place, value in enumerate(wanted) if value in first]
    return min(pairs, key=sum, default=(len(wanted), len(found)))
