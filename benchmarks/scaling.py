"""How far a cluster scales: the curve to 1,000 workers, by a simulation fed with what is measured here.

Measured, as processor time of this machine: what stays on the machine that hands out the work, for it is done
one after the other (reading a film once and finding its shots; taking a segment and bringing it to the disk;
putting the film together; what each film of a batch takes), and what a worker takes for a frame and for going
to its part of the film. Then two jobs are played through, event by event, for each number of workers:

    one film       its shots side by side, as `pipeline/jobs/cluster/shots.py` hands them out
    many films     one on each worker, as `pipeline/jobs/cluster/painters.py` does

    python benchmarks/scaling.py [--seconds 20] [--paint-ms MS] [--json OUT]

`--paint-ms` plays it through for workers that take so long for a frame instead: a GPU's, say. The network is
not measured but assumed (`_NETWORK`), and machines never wait for anything else: the best case.
Needs the extra ray.
"""

from __future__ import annotations

import heapq
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from common import Report, parser, print_table
from whole_job import STYLE, make_film

WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
_NETWORK = 1.25e9  # bytes/s that leave or reach the machine that hands out the work: 10 Gbit/s
_FILM = 2 * 3600 * 25  # frames of the film that is played through: two hours
_SHOT = 100  # frames, mean: four seconds, as in features
_SEGMENT = 240  # frames at most, half of that at least
_CLIPS, _CLIP = 20_000, 250  # films of the batch, and frames of each
_FEW = 2  # frames, to see what a part takes beside its frames
_FILMS = 12  # that are painted to see what each takes


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


def survey(film: Path) -> tuple[float, int, int]:
    """Read a film once: seconds, frames and parts that can be painted side by side."""
    from stylize_video.pipeline.containers.formats import check_output
    from stylize_video.pipeline.segments.places import Cutter, Lengths
    from stylize_video.pipeline.segments.stretches import Spool, Survey
    from stylize_video.pipeline.sinks.output_clock import OutputClock
    from stylize_video.pipeline.sources.film import FilmSource
    from stylize_video.pipeline.stages.cuts import Cuts

    began = time.process_time()
    with FilmSource(film) as reader:
        container, _ = check_output(film, None)
        clock = OutputClock(container, reader.signal)
        spool = Spool()
        looks = Survey(Cutter(Lengths(_SEGMENT), Cuts()), clock, reader.others.captions, spool)
        found = list(looks.stretches(reader.frames(), reader.report))
        spool.close()
    return time.process_time() - began, sum(len(each.times) for each in found), len(found)


class Here:
    """Paints what is handed out in this process, and says what that took. See `Actors`."""

    def __init__(self) -> None:
        from stylize_video.models.workshop import Workshop

        self._errands: list[Any] = []
        self._workshop = Workshop()
        self.painting, self.begin, self.frames, self.errands = 0.0, 0.0, 0, 0

    @property
    def idle(self) -> int:
        """One at a time."""
        return 1 - len(self._errands)

    def give(self, errand: Any) -> None:
        """See `Actors`."""
        self._errands.append(errand)

    def abandon(self) -> None:
        """See `Actors`."""

    def wait(self) -> list[Any]:
        """Do it."""
        from stylize_video.pipeline.jobs.batch.processes.worker import Message
        from stylize_video.pipeline.jobs.cluster.actors import Event

        errand, found = self._errands.pop(), list[Any]()
        task = errand.task()
        if not self.errands:  # loads and compiles the painter
            self._time(_first_frames(task), lambda _: None)
        short = self._time(_first_frames(task), lambda _: None)
        took, done = self._time(task, lambda message: found.append(Event(errand, errand.take(message))))
        self.painting += took
        self.begin = short[0] - _FEW * took / done.frames
        self.frames += done.frames
        self.errands += 1
        return [*found, Event(errand, Message("done", done))]

    def _time(self, task: Any, tell: Callable[[Any], Any]) -> tuple[float, Any]:
        began = time.process_time()
        done = task.run(Path("/"), self._workshop, tell)
        return time.process_time() - began, done

    def fill(self, request: Any, parts: Any, stretches: Any, stop: Any, tell: Any) -> None:
        """See `segmented.Elsewhere`."""
        from stylize_video.pipeline.jobs.cluster.shots import Shots

        Shots(request, [], self, parts, tell).paint(stretches, stop)  # type: ignore[arg-type]


def _first_frames(task: Any) -> Any:
    """The same task, but for a few frames."""
    return replace(task, times=task.times[:_FEW], ends=(task.first + _FEW,), last=True)


@contextmanager
def timed(owner: Any, name: str) -> Iterator[list[float]]:
    """Processor seconds of each call of a method, in here."""
    method, found = getattr(owner, name), list[float]()

    def instead(*arguments: Any, **more: Any) -> Any:
        began = time.process_time()
        try:
            return method(*arguments, **more)
        finally:
            found.append(time.process_time() - began)

    setattr(owner, name, instead)
    try:
        yield found
    finally:
        setattr(owner, name, method)


def measure(folder: Path, seconds: int) -> Costs:
    """All costs; see `Costs`."""
    from stylize_video.pipeline.jobs import film as job
    from stylize_video.pipeline.jobs.cluster.shots import Shots
    from stylize_video.pipeline.jobs.request import PaintRequest
    from stylize_video.pipeline.jobs.segmented import Job

    film = folder / "film.mp4"
    make_film(film, seconds)
    took, frames, parts = survey(film)
    print(f"{frames} frames in {parts} parts")

    here, output = Here(), folder / "painted.mp4"
    request = PaintRequest.of(film, output, style=STYLE, device="cpu")
    with timed(Shots, "_record") as kept, timed(Job, "_assemble") as joined:
        job.paint(request, elsewhere=here)
    size = (film.stat().st_size + output.stat().st_size) / frames
    return Costs(
        survey=took / frames,
        keep=sum(kept) / len(kept),
        join=sum(joined) / frames,
        film=batch(folder),
        paint=(here.painting - here.errands * here.begin) / here.frames,
        begin=here.begin,
        packets=size,
    )


def batch(folder: Path) -> float:
    """What a film of a batch takes of the machine that hands it out, by a real Ray with one worker."""
    from stylize_video.models.workshop import Workshop
    from stylize_video.pipeline.jobs.batch.batch import Listener, run
    from stylize_video.pipeline.jobs.batch.manifest import Manifest
    from stylize_video.pipeline.jobs.batch.options import BatchOptions
    from stylize_video.pipeline.jobs.batch.processes.tasks import See
    from stylize_video.pipeline.jobs.batch.survey import Asked, Clips
    from stylize_video.pipeline.jobs.cluster.options import ClusterOptions
    from stylize_video.pipeline.jobs.request import PaintRequest

    clips = folder / "clips"
    clips.mkdir()
    for number in range(_FILMS):
        make_film(clips / f"{number}.mp4", 1)
    asked = Asked(
        folder / "painted",
        (Clips((str(clips),)),),
        BatchOptions(),
        typed={"device": "cpu", "quality": "draft"},
        cluster=ClusterOptions(ray="auto", ray_workers=1, cpus_per_worker=1),
    )
    ended = list[float]()

    class Hears(Listener):
        def end(self, name: str, result: Any) -> None:  # noqa: ARG002
            assert result.status == "painted", result
            ended.append(time.process_time())

    run(asked, Hears())
    manifest = Manifest.read(asked.folder)
    entry = next(iter(manifest.films.values()))
    manifest.films = {f"{number}.mp4": entry for number in range(_CLIPS // 2)}  # on the way
    manifest.write()
    began = time.process_time()
    for _ in range(_FILMS):
        manifest.write()
    record = (time.process_time() - began) / _FILMS
    film = PaintRequest.of(clips / "0.mp4", folder / "other.mp4", device="cpu")
    See(film, None).run(Workshop(), lambda _: None)  # imports what it takes
    began = time.process_time()
    See(film, None).run(Workshop(), lambda _: None)
    look = time.process_time() - began
    print(f"a film: looked at {1000 * look:.1f} ms, its record written {2 * 1000 * record:.1f} ms")
    return look + (ended[-1] - ended[0]) / (len(ended) - 1) + 2 * record


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


def main() -> int:
    """Measure, play through, tell."""
    arguments = parser(__doc__)
    arguments.add_argument("--seconds", type=int, default=20, help="of the film that is measured")
    arguments.add_argument("--paint-ms", type=float, help="ms a frame, by a worker")
    given = arguments.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        costs = measure(Path(folder), given.seconds)
    if given.paint_ms is not None:
        costs = Costs(**{**asdict(costs), "paint": given.paint_ms / 1000})
    print_table(("measured", "ms"), [(name, 1000 * value) for name, value in asdict(costs).items()][:-1])
    print(f"{costs.packets / 1000:.1f} kB a frame, read and painted")
    parts = parts_of(_FILM)
    curves = {
        "one film": curve(lambda n: one_film(parts, n, costs)),
        "many films": curve(lambda n: many_films(_CLIPS, _CLIP, n, costs)),
    }
    for name, found in curves.items():
        print(f"\n{name}")
        print_table(
            ("workers", "hours", "times as fast", "efficiency"),
            [(int(p["workers"]), p["seconds"] / 3600, p["speedup"], p["efficiency"]) for p in found],
        )
    return Report("scaling", {"costs": asdict(costs), "curves": curves}).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
