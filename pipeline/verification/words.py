"""What is said of differences: of frames and packets that are elsewhere, altered, missing or too many."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple, Self

from stylize_video.pipeline.carried.report import CarriedStream
from stylize_video.pipeline.verification import alignment
from stylize_video.pipeline.verification.finding import Finding, at, counted, listed
from stylize_video.pipeline.verification.fingerprints import PrintedTally

# Codes of ISO/IEC 23091-2, by the tag they are of; ranges are FFmpeg's.
_BT601 = {5: "BT.601, PAL", 6: "BT.601"}
_COLORS = {
    "matrix": {0: "RGB", 1: "BT.709", 2: "not said", **_BT601, 9: "BT.2020"},
    "range": {0: "not said", 1: "limited", 2: "full"},
    "primaries": {1: "BT.709", 2: "not said", **_BT601, 9: "BT.2020", 12: "Display P3"},
    "transfer": {1: "BT.709", 2: "not said", 6: "BT.601", 13: "sRGB", 16: "PQ", 18: "HLG"},
}


def other_color(tag: str, wanted: int, found: int, index: int) -> Finding:
    """A colour tag is another one."""
    got, want = (
        f"{code} ({_COLORS[tag][code]})" if code in _COLORS[tag] else str(code) for code in (found, wanted)
    )
    return Finding("color", f"colour {tag} is {got}, not {want}", index)


class Series(NamedTuple):
    """Times on a clock."""

    times: Sequence[int]  # ticks
    base: Fraction  # s

    def first(self) -> Self:
        """Only the first of them, if there is one."""
        return self._replace(times=self.times[:1])

    def seconds(self, place: int) -> Fraction:
        """One of them, s."""
        return self.times[place] * self.base


def other_count(wanted: Series, found: Series, index: int) -> Finding:
    """There are more frames than there should be, or fewer."""
    read = "1 was" if len(wanted.times) == 1 else f"{len(wanted.times)} were"
    what = f"{counted(len(found.times), 'frame')} in it, {read} read"
    times = [wanted.seconds(n) for n in range(len(wanted.times))]
    got = [found.seconds(n) for n in range(len(found.times))]
    misfits = alignment.of_times(times, got, found.base)
    missing, added = [times[n] for n in misfits.missing], [got[n] for n in misfits.added]
    if 2 * len(missing) <= len(times):  # else nothing is where it was
        what += f"; missing: {_those(missing)}" if missing else ""
        what += f"; too many: {_those(added)}" if added else ""
    return Finding("frames", what, index, min((*missing, *added), default=None))


def other_times(what: str, wanted: Series, found: Series, places: Sequence[int], index: int) -> Finding:
    """Some are not when they should be; `places` of which there is one at least."""
    first, total = places[0], min(len(wanted.times), len(found.times))
    said = f"{what} {first} is at {at(found.seconds(first))}, not {at(wanted.seconds(first))}"
    late = [found.seconds(n) - wanted.seconds(n) for n in places]
    if len(places) > 1 and max(late) - min(late) <= found.base + wanted.base:
        how = "late" if late[0] > 0 else "early"
        whole = f"all {total}" if len(places) == total else f"{len(places)} of {total}"
        said += f"; {whole} are {_long(abs(late[0]))} {how}"
    elif len(places) > 1:
        said += f"; {len(places)} of {total} are elsewhere"
    return Finding("times", said, index, found.seconds(first))


def other_packets(
    carried: CarriedStream, wanted: PrintedTally, found: PrintedTally, base: Fraction, index: int
) -> Finding:
    """The packets of a stream are not those that were carried; `base` (s): of the times of those found."""
    misfits = alignment.of_prints(wanted.prints, found.prints)
    theirs = Series(wanted.times, wanted.time_base)
    missing = [theirs.seconds(n) for n in misfits.missing]
    added, altered = (
        [Series(found.times, base).seconds(n) for n in m] for m in (misfits.added, misfits.altered)
    )
    said = []
    if len(altered) > max(1, len(found.times) // 2) or _is_raw(carried):
        said.append("does not hold the bytes that it must")
    elif altered:
        what = "other text" if carried.type == "subtitle" else "other bytes"
        said.append(f"holds {what} at {listed(altered)}")
    if found.packets != carried.packets:
        said.append(f"has {counted(found.packets, 'packet')}, not {carried.packets}")
    said += [f"missing: {_those(missing)}"] if missing else []
    said += [f"too many: {_those(added)}"] if added else []
    return Finding(
        "packets", f"{carried.name} {'; '.join(said)}", index, min((*missing, *added, *altered), default=None)
    )


def _long(span: Fraction) -> str:
    """A span (s) for people: in ms below a second."""
    return f"{float(span):.6g} s" if round(span * 1000) >= 1000 else f"{float(span * 1000):.3g} ms"


def _is_raw(carried: CarriedStream) -> bool:
    return "pcm_" in carried.name


def _those(times: Sequence[Fraction]) -> str:
    return f"{'that' if len(times) == 1 else 'those'} at {listed(list(times))}"
