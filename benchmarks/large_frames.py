"""The memory that the program takes for films of 1080p and 4K, and for a still of 33 megapixels.

Pictures are painted whole, so that normalisation sees all of them. The films and the still are made on the
spot from the sample.

    python benchmarks/large_frames.py [--frames 8] [--json OUT]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import av
import numpy as np
from clips import Size, make_clip
from common import ROOT, Goal, Report, parser, print_table, warn_if_busy
from whole_job import Job, confine, run_job

from stylize_video.pictures.pictures import write_picture  # imports no torch

SAMPLE = ROOT / "samples" / "sample.mp4"
FILMS = {"1920x1080": Size(1920, 1080), "3840x2160": Size(3840, 2160)}
STILL, STILL_NAME = Size(7680, 4320), "7680x4320 still"
FILM_GOAL_GB, STILL_GOAL_GB = 3.0, 6.0


def make_still(target: Path) -> None:
    """A frame of the sample, enlarged."""
    with av.open(str(SAMPLE)) as film:
        frame = next(film.decode(video=0))
    large = frame.reformat(width=STILL.width, height=STILL.height, format="rgb24")
    write_picture(target, np.asarray(large.to_ndarray(), np.uint8))


def jobs(frames: int, folder: Path) -> dict[str, Job]:
    """The program on each."""
    found = {}
    for name, size in FILMS.items():
        film = folder / f"{name}.mp4"
        make_clip(SAMPLE, film, size, frames / 25)
        found[name] = run_job(film, 0)
    still = folder / "still.png"
    make_still(still)
    found[STILL_NAME] = run_job(still, 0)
    return found


def main() -> int:
    """Measure, print, judge."""
    arguments = parser(__doc__)
    arguments.add_argument("--frames", type=int, default=8, help="of the films")
    given = arguments.parse_args()
    warn_if_busy()
    confine()
    with tempfile.TemporaryDirectory(prefix="stylize-video-benchmark-") as folder:
        found = jobs(given.frames, Path(folder))
    print_table(
        ("what", "frames", "frames/s", "peak GB"),
        [(name, job.frames, job.steady_rate, job.peak_memory) for name, job in found.items()],
    )
    goals = [
        Goal(f"peak GB of {name}", job.peak_memory, STILL_GOAL_GB if name == STILL_NAME else FILM_GOAL_GB)
        for name, job in found.items()
    ]
    return Report("large_frames", {name: vars(job) for name, job in found.items()}, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
