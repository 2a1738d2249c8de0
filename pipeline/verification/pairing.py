"""Which stream of an output is which of those that were carried: the same packets, else the same place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from av.stream import Stream

from stylize_video.pipeline.carried.report import CarriedStream, Tally
from stylize_video.pipeline.containers import streams
from stylize_video.pipeline.verification.finding import Finding

_KINDS = ("audio", "subtitle", "data", "video", "cover")
_MADE = ("data", "cover")  # kinds of which muxers add some: time codes, chapters' titles

Pair = tuple[CarriedStream, Stream]


@dataclass
class Unpaired:
    """What is left over, and what stands at another place."""

    missing: list[CarriedStream] = field(default_factory=list)
    added: list[Stream] = field(default_factory=list)
    turned: list[tuple[Pair, Pair]] = field(default_factory=list)  # the later one should come first

    def findings(self) -> Iterator[Finding]:
        """A sentence for each, but for those that were added."""
        for carried in self.missing:
            yield Finding("streams", f"{carried.name} is missing", carried.index)
        for (one, _), (other, found) in self.turned:
            yield Finding("streams", f"{other.name} comes before {one.name}", found.index)

    def additions(self) -> Iterator[Finding]:
        """A sentence for each that nobody asked for."""
        for stream in self.added:
            what = f"{streams.describe(stream)} is in it, and not in the input"
            yield Finding("streams", what, stream.index)


def pair(
    carried: Sequence[CarriedStream], found: Sequence[Stream], tallies: Mapping[int, Tally]
) -> tuple[list[Pair], Unpaired]:
    """Pairs of what was carried and the stream that it is in the output; and the rest.

    Args:
        carried: what must be there.
        found: the output's streams but for the painting.
        tallies: of these, by index.
    """
    pairs, rest = [], Unpaired()
    for kind in _KINDS:
        wanted = [c for c in carried if c.type == kind]
        there = [s for s in found if streams.kind(s) == kind]
        if len(there) < len(wanted):  # most muxers leave out a track without packets
            wanted = [c for c in wanted if c.packets]
        made = _pair(wanted, there, tallies)
        rest.missing += [c for n, c in enumerate(wanted) if n not in made]
        if kind not in _MADE:
            rest.added += [s for n, s in enumerate(there) if n not in made.values()]
        ordered = [(wanted[n], there[made[n]]) for n in sorted(made)]
        rest.turned += [(one, other) for one, other in pairwise(ordered) if other[1].index < one[1].index]
        pairs += ordered
    return pairs, rest


def _pair(
    wanted: Sequence[CarriedStream], there: Sequence[Stream], tallies: Mapping[int, Tally]
) -> dict[int, int]:
    """Place among the wanted -> place among those that are there."""
    digests = [tallies[s.index].digest for s in there]
    made = {n: n for n, c in enumerate(wanted) if n < len(there) and c.digest == digests[n]}
    for n, c in enumerate(wanted):
        left = (m for m, digest in enumerate(digests) if digest == c.digest and m not in made.values())
        if n not in made and c.packets and (same := next(left, None)) is not None:
            made[n] = same
    left_over = [m for m in range(len(there)) if m not in made.values()]
    made.update(zip([n for n in range(len(wanted)) if n not in made], left_over, strict=False))
    return made
