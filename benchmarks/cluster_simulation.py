"""Two jobs of a cluster played through, event by event, for any number of workers.

    one film       its shots side by side, as `pipeline/jobs/cluster/shots.py` hands them out
    many films     one on each worker, as `pipeline/jobs/cluster/painters.py` does

The network is assumed (`_NETWORK`), and machines never wait for anything else: the best case.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
_NETWORK = 1.25e9  # bytes/s that leave or reach the machine that hands out the work: 10 Gbit/s
_SHOT = 100  # frames, mean: four seconds, as in features
_SEGMENT = 240  # frames at most, half of that at least


@dataclass(frozen=True)
class Costs:
    """What was measured; seconds of one core."""

    survey: float  # a frame read and looked at for shots
    keep: float  # a segment taken and brought to the disk
    join: float  # a frame of the finished film put together and verified
    film: float  # a film of a batch looked at, sent, taken back and recorded twice among many others
    paint: float  # a frame, by a worker
    begin: float  # a worker's way to a part of a film
    packets: float  # bytes of a frame, read and painted


def parts_of(frames: int) -> list[int]:
    """A made-up film's parts that can be painted side by side, in frames: shots of random lengths."""
    chance, found, length = random.Random(0), list[int](), 0
    segment = 0
    while sum(found) + length < frames:
        shot = max(12, round(chance.expovariate(1 / _SHOT)))
        length, segment = length + shot, segment + shot
        while segment > _SEGMENT:
            segment -= _SEGMENT
        if segment >= _SEGMENT // 2 or segment == 0:
            found.append(length)
            length = segment = 0
    return [*found, length] if length else found


def one_film(parts: Sequence[int], workers: int, costs: Costs) -> float:
    """Seconds until a film is finished.

    One thread reads ahead by one part; the other hands out and keeps, a segment at a time; each worker
    fetches the film when it first has a part of it.
    """
    frames = sum(parts)
    fetch = frames * costs.packets / 2 / _NETWORK
    free, network = [(0.0, number) for number in range(workers)], 0.0
    fetched: set[int] = set()
    read, given, done = 0.0, 0.0, list[tuple[float, int]]()
    for part in parts:
        read = max(read, given) + part * costs.survey
        at, worker = heapq.heappop(free)
        given = max(read, at)
        ready = given
        if worker not in fetched:
            fetched.add(worker)
            network = ready = max(network, given) + fetch
        ends = ready + costs.begin + part * costs.paint
        heapq.heappush(free, (ends, worker))
        done.append((ends, part))
    kept = 0.0
    for ends, part in sorted(done):
        kept = max(kept, ends) + max(1, round(part / _SEGMENT)) * costs.keep
    return kept + frames * costs.join


def many_films(films: int, frames: int, workers: int, costs: Costs) -> float:
    """Seconds until a batch is finished: whatever a film takes of the machine here is done one at a time."""
    here, free = 0.0, [0.0] * workers
    transfer = frames * costs.packets / _NETWORK
    last = 0.0
    for _ in range(films):
        here = max(here, heapq.heappop(free)) + costs.film + transfer
        ends = here + costs.begin + frames * costs.paint
        heapq.heappush(free, ends)
        last = max(last, ends)
    return last


def curve(seconds: Callable[[int], float]) -> list[dict[str, float]]:
    """How long it takes by so many workers, and how many times as fast that is as by one."""
    alone = seconds(1)
    return [
        {"workers": n, "seconds": found, "speedup": alone / found, "efficiency": alone / found / n}
        for n in WORKERS
        for found in [seconds(n)]
    ]
