"""What a batch will take: frames, hours and disk, from a short measurement of each kind of film."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from tempfile import gettempdir
from typing import NamedTuple

from stylize_video.errors import StylizeVideoError
from stylize_video.pipeline.jobs.batch.asked.options import BatchOptions
from stylize_video.pipeline.jobs.batch.processes.measuring import Measure, Measured
from stylize_video.pipeline.jobs.batch.processes.worker import Failure
from stylize_video.pipeline.jobs.batch.processes.workers import Workers, work
from stylize_video.pipeline.jobs.batch.survey import Item

_MOST_KINDS = 4  # that are measured; others are taken for as fast as these
_WORTH = 120  # frames; fewer are painted before a measurement would be done


class Estimate(NamedTuple):
    """What painting takes; None: not known."""

    seconds: float | None
    size: float | None  # bytes
    per_frame: float | None = None  # s, of one process, frames of `pixels`
    pixels: int = 0
    keyframes: float | None = None  # s a keyframe, where nobody knows yet how many there will be


@dataclass(frozen=True)
class BatchPlan:
    """What will be done."""

    folder: Path
    items: Sequence[Item]  # to be painted
    done: Sequence[Item]
    failed: Sequence[tuple[Path, str]]  # what can't be painted, and why
    left_out: Sequence[Path]  # no films by their names
    notes: Sequence[str]
    later: bool  # whether these films have come into a folder that is watched
    jobs: int
    estimate: Estimate
    free: int  # bytes

    @property
    def frames(self) -> int:
        """That will be painted, as far as films say how many they have."""
        return sum(item.seen.frames or 0 for item in self.items if item.seen)

    @property
    def of_unknown_length(self) -> int:
        """How many films don't say how long they are."""
        return sum(item.seen is None or item.seen.frames is None for item in self.items)

    @property
    def too_large(self) -> bool:
        """Whether the disk will hardly hold it all."""
        return self.estimate.size is not None and self.estimate.size > self.free


def free(folder: Path) -> int:
    """Bytes that there is room for in a folder, which need not be there yet."""
    there = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    return shutil.disk_usage(there).free


def estimate(
    items: Sequence[Item],
    workers: Workers,
    options: BatchOptions,
    folder: Path,
    on_begin: Callable[[str], None],
    *,
    at_once: int | None = None,
) -> Estimate:
    """Paint a few frames of each kind of film, by as many processes as will work later, and reckon.

    Few films are not measured, unless nothing but the plan is asked for.

    Args:
        items: the films.
        workers: measure.
        options: of the batch.
        folder: where there is room.
        on_begin: told of each film that is measured.
        at_once: how many will be painted at once, where others than `workers` do.

    Raises:
        StylizeVideoError: nothing can be painted here at all.
    """
    kinds = _kinds(items)
    frames = sum(item.seen.frames or 0 for item in items if item.seen)
    if not kinds or (not options.plan and 0 < frames <= _WORTH):
        return Estimate(None, None)
    found: dict[str, Measured] = {}
    room = folder if folder.is_dir() else Path(gettempdir())
    for kind, item in list(kinds.items())[:_MOST_KINDS]:
        if (measured := _measured(item, workers, min(options.jobs, len(items)), room, on_begin)) is not None:
            found[kind] = measured
    return _reckon(items, found, at_once or options.jobs) if found else Estimate(None, None)


def kind_of(item: Item) -> str:
    """Equal of films that are painted in the same way."""
    of_the_part = ("start", "duration", "video_track")
    return json.dumps({name: value for name, value in item.settings.items() if name not in of_the_part})


def _kinds(items: Sequence[Item]) -> dict[str, Item]:
    """The longest film of each kind; first the kind with most to do."""
    of_kind = defaultdict(list)
    for item in items:
        of_kind[kind_of(item)].append(item)
    order = sorted(of_kind.items(), key=lambda entry: -sum(map(_pixels, entry[1])))
    return {kind: max(found, key=_pixels) for kind, found in order}


def _pixels(item: Item) -> int:
    """Of all its frames."""
    return (item.seen.frames or 1) * item.seen.width * item.seen.height if item.seen else 0


def _measured(
    item: Item, workers: Workers, times: int, room: Path, on_begin: Callable[[str], None]
) -> Measured | None:
    """By several processes at once, as they will work later; None if it could not be."""
    assert item.seen is not None
    task = Measure(item.request, item.seen, room)
    found = []
    for _, result in work(workers, [(item.name, task)] * times, on_begin, lambda *_: None):
        if isinstance(result, Failure):
            if result.for_all:
                raise StylizeVideoError(result.reason)
        else:
            found.append(result)
    if not found:
        return None
    first = found[0]
    sizes = [each.size for each in found if each.size is not None]
    return Measured(
        seconds=fmean(each.seconds for each in found),
        size=fmean(sizes) if sizes else None,
        start=fmean(each.start for each in found),
        pixels=first.pixels,
        keyframe=first.keyframe,
    )


def _reckon(items: Sequence[Item], found: dict[str, Measured], jobs: int) -> Estimate:
    usual = next(iter(found.values()))
    by_frame = [measured for measured in found.values() if not measured.keyframe]
    keyframes = next((measured.seconds for measured in found.values() if measured.keyframe), None)
    if not by_frame:
        return Estimate(None, None, pixels=usual.pixels, keyframes=keyframes)
    seconds, size = 0.0, 0.0
    sizes_known = all(measured.size is not None for measured in found.values())
    for item in items:
        measured = found.get(kind_of(item), by_frame[0])
        if not measured.keyframe:
            frames = _pixels(item) / measured.pixels  # of the size that was measured
            seconds += frames * measured.seconds + measured.start
            size += frames * (measured.size or 0.0)
    seconds /= min(jobs, len(items))
    return Estimate(
        seconds, size if sizes_known else None, by_frame[0].seconds, by_frame[0].pixels, keyframes
    )
