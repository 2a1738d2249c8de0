"""Frames a second by the whitening and colouring transform at 640x360, beside the network of the paper.

The whole job on the sample, film to film, by the installed program in a process of its own, with its start-up
and once it runs; beside it one frame by Li et al.'s own networks (wct_paper.py).

    python benchmarks/wct_speed.py [--levels 4,3,2,1] [--runs N] [--json OUT]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from common import Goal, Report, parser, print_table, warn_if_busy
from whole_job import Job, confine, make_film, run_job

from stylize_video.models.wct import levels as wct_levels

RATE_GOAL = 10.0  # frames/s
SECONDS = 6  # of film


def paper_rate() -> float:
    """In a process of its own: jobs are not to be measured beside torch's memory."""
    command = [sys.executable, str(Path(__file__).with_name("wct_paper.py"))]
    return 1 / float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _once_it_runs(jobs: Sequence[Job]) -> tuple[float, float, float]:
    """Medians of several: frames/s without start-up, its seconds, and the processor's for all."""
    return (
        median(job.steady_rate for job in jobs),
        median(job.start_up for job in jobs),
        median(job.processor for job in jobs),
    )


def main() -> int:
    """Run the jobs; print a table."""
    arguments = parser(__doc__)
    arguments.add_argument("--levels", default=",".join(map(str, wct_levels.DEFAULT_LEVELS)))
    arguments.add_argument("--runs", type=int, default=3)
    given: argparse.Namespace = arguments.parse_args()
    warn_if_busy()
    confine()
    options = ("--method", "wct", "--levels", given.levels)
    jobs: dict[str, list[Job]] = {"default": [], "--no-stabilize": []}
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder, "film.mp4")
        make_film(film, SECONDS)
        run_job(film, SECONDS, *options)  # converts the networks, should that be the first time
        for _ in range(given.runs):
            jobs["default"].append(run_job(film, SECONDS, *options))
            jobs["--no-stabilize"].append(run_job(film, SECONDS, *options, "--no-stabilize"))
    paper = paper_rate()
    rates = {name: median(job.rate for job in found) for name, found in jobs.items()}
    rows = [(name, rates[name], *_once_it_runs(found)) for name, found in jobs.items()]
    header = ("", "frames/s", "once it runs", "start-up s", "processor s")
    print_table(header, [*rows, ("the paper's networks", paper, "", "", "")])
    figures = {
        "jobs": {name: [{**asdict(job), "rate": job.rate} for job in found] for name, found in jobs.items()},
        "levels": given.levels,
        "paper_frames_per_second": paper,
    }
    goals = [Goal("frames/s at 640x360 with start-up", rates["default"], RATE_GOAL, at_least=True)]
    return Report("wct_speed", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
