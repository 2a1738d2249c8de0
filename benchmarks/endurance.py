"""A long film: is it as fast at its end as at its beginning, and does its memory stay as it was?

Paints ten minutes of the sample's packets, 640x360 at 25 frames/s with sound, over and over, in this
process, and notes time and memory every hundred frames.

    python benchmarks/endurance.py [--minutes 10] [--json OUT]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from common import Goal, Report, parser, print_table, warn_if_busy
from whole_job import STYLE, confine, make_film

EVERY = 100  # frames
PARTS = 10  # of the film, in the table
SLOWER_GOAL, GROWTH_GOAL = 1.05, 1.05  # the last part by the second; the first holds the start


@dataclass(frozen=True)
class Sample:
    """Where a run stood."""

    frames: int
    seconds: float
    memory: float  # GB (10^9 bytes) resident


@dataclass(frozen=True)
class Part:
    """A stretch of the film."""

    frames: int
    rate: float  # frames/s
    memory: float  # GB, at its end


def resident() -> float:
    """Memory of this process in GB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e9


def run(film: Path) -> list[Sample]:
    """Paint the film; a sample every so many frames."""
    from stylize_video.pipeline.jobs.film import film as job
    from stylize_video.pipeline.jobs.request import PaintRequest

    samples = [Sample(0, time.perf_counter(), resident())]

    def note(frames: int) -> None:
        if frames % EVERY == 0:
            samples.append(Sample(frames, time.perf_counter(), resident()))

    job.paint(PaintRequest.of(film, film.with_name("painted.mp4"), style=STYLE, device="cpu"), on_frame=note)
    return samples


def parts(samples: list[Sample], count: int) -> list[Part]:
    """Equal stretches of a run."""
    marks = [samples[round(i * (len(samples) - 1) / count)] for i in range(count + 1)]
    return [
        Part(b.frames - a.frames, (b.frames - a.frames) / (b.seconds - a.seconds), b.memory)
        for a, b in pairwise(marks)
    ]


def goals(found: list[Part]) -> list[Goal]:
    """The claims of issue 4, point 5."""
    second, last = found[1], found[-1]
    return [
        Goal("memory at the end by that after a fifth", last.memory / second.memory, GROWTH_GOAL),
        Goal("seconds a frame at the end by those of the second tenth", second.rate / last.rate, SLOWER_GOAL),
    ]


def main() -> int:
    """Measure, print, judge."""
    arguments = parser(__doc__)
    arguments.add_argument("--minutes", type=float, default=10, help="of film")
    given = arguments.parse_args()
    if not 1 <= given.minutes <= 600:
        arguments.error("--minutes must be 1 to 600")
    warn_if_busy()
    confine()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line does
    with tempfile.TemporaryDirectory(prefix="stylize-video-benchmark-") as folder:
        film = Path(folder, "film.mp4")
        make_film(film, round(given.minutes * 60))
        found = parts(run(film), PARTS)
    rows = [(f"{i + 1} of {PARTS}", part.frames, part.rate, part.memory) for i, part in enumerate(found)]
    print_table(("part", "frames", "frames/s", "GB at its end"), rows)
    figures = {"minutes": given.minutes, "style": STYLE, "parts": [vars(part) for part in found]}
    return Report("endurance", figures, goals(found)).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
