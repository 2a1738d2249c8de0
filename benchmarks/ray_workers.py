"""Two workers of a real, local Ray against one: is a film painted nearly twice as fast?

Each worker has one core to itself: all of its threads are held there, so that the one worker can't use the
core that the second one is going to have. The program that hands out the film's shots shares these cores.

The film is the sample over and over: a shot every five seconds, so give a multiple of ten.

    python benchmarks/ray_workers.py [--seconds 40] [--json OUT]

Needs the extra ray, two cores, and an otherwise idle machine.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from common import Goal, Report, parser, print_table, usable_cores, warn_if_busy
from whole_job import STYLE, make_film

RATIO_GOAL = 1.7  # of frames/s, two workers by one
_WORKER = "ray::PaintingActor"
_LOOK = 0.2  # s, after which threads that have begun since are held, too


@dataclass(frozen=True)
class Run:
    """A film that workers have painted."""

    workers: int
    frames: int
    seconds: float  # from the first frame asked for to the output in its place
    each: list[float]  # frames/s of each worker while it painted
    digest: str  # of the output

    @property
    def rate(self) -> float:
        """Frames/s, all in all."""
        return self.frames / self.seconds


class Held:
    """Holds each worker's threads on a core of its own, as long as it is open."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._hold, daemon=True)
        self._cores: dict[int, int] = {}

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _hold(self) -> None:
        import psutil

        cores = sorted(os.sched_getaffinity(0))
        while not self._ended.wait(_LOOK):
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error, OSError):
                    if (process.cmdline() or [""])[0].startswith(_WORKER):
                        core = self._cores.setdefault(process.pid, cores[len(self._cores) % len(cores)])
                        for thread in process.threads():
                            os.sched_setaffinity(thread.id, {core})


def measure(film: Path, workers: int) -> Run:
    """Paint a film twice by so many workers: the first time they load their painters."""
    from stylize_video.pipeline.jobs.cluster.films import ClusterFilm
    from stylize_video.pipeline.jobs.cluster.options import ClusterOptions
    from stylize_video.pipeline.jobs.film import film as job
    from stylize_video.pipeline.jobs.request import PaintRequest

    output = film.with_name(f"{workers}.mp4")
    options: dict[str, Any] = {"style": STYLE, "device": "cpu", "overwrite": True}
    asked = ClusterOptions(ray="auto", ray_workers=workers, cpus_per_worker=1)
    with ClusterFilm(asked, lambda line: print(line, file=sys.stderr)) as cluster, Held():
        job.paint(PaintRequest.of(film, output, **options), elsewhere=cluster)
        before = [(each.frames, each.busy) for each in cluster.figures]
        began = time.perf_counter()
        painted = job.paint(PaintRequest.of(film, output, **options), elsewhere=cluster)
        seconds = time.perf_counter() - began
        each = [
            (now.frames - frames) / (now.busy - busy)
            for now, (frames, busy) in zip(cluster.figures, before, strict=True)
            if now.busy > busy
        ]
    return Run(workers, painted.frames, seconds, each, sha256(output.read_bytes()).hexdigest())


def main() -> int:
    """Measure, tell, judge."""
    arguments = parser(__doc__)
    arguments.add_argument("--seconds", type=int, default=40, help="of the film (default: 40)")
    given = arguments.parse_args()
    warn_if_busy()
    if usable_cores() < 2:
        raise SystemExit("two cores are needed")
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder, "film.mp4")
        make_film(film, given.seconds)
        runs = [measure(film, workers) for workers in (1, 2)]
    print_table(
        ("workers", "frames", "s", "frames/s", "each"),
        [(r.workers, r.frames, r.seconds, r.rate, " ".join(f"{x:.2f}" for x in r.each)) for r in runs],
    )
    one, two = runs
    figures = {"runs": [vars(run) | {"frames_per_second": run.rate} for run in runs]}
    goals = [
        Goal("frames/s of two workers by one's", two.rate / one.rate, RATIO_GOAL, at_least=True),
        Goal("outputs that differ", float(one.digest != two.digest), 0),
    ]
    return Report("ray_workers", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
