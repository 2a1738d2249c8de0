"""Times how long `stylize-video` takes to answer when there is nothing to paint, and to paint one frame.

Each command runs once unmeasured, so that bytecode is compiled and files are in memory, then a
number of times in turn with the others; medians are reported.

    python benchmarks/startup.py [--runs 10] [--json OUT]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import cv2
from common import ROOT, Goal, Report, parser, print_table, program, warn_if_busy
from whole_job import confine

HELP_GOAL_S, FIRST_FRAME_GOAL_S, PICTURE_GOAL_S = 0.7, 3.0, 1.0
# Of the sample, until the process ends: the frame itself was painted earlier. The unmeasured run has put
# the converted network into the cache.
ONE_FRAME = ["--duration", "0.04", "--device", "cpu", "--quiet", "--overwrite"]
COMMANDS = {
    "python -c pass": ([sys.executable, "-c", "pass"], 0),
    "--help": ([*program(), "--help"], 0),
    "--version": ([*program(), "--version"], 0),
    "styles": ([*program(), "styles"], 0),
    "--strength 2": ([*program(), "film.mp4", "--strength", "2"], 2),
    "no such file": ([*program(), "no such film.mp4"], 1),
}


def seconds(command: list[str], exit_code: int) -> float:
    """Wall-clock time of one run, from nothing to the end of the process."""
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    if done.returncode != exit_code:
        raise SystemExit(f"{command} ended with {done.returncode}, not {exit_code}:\n{done.stderr}")
    return took


def measure(commands: dict[str, tuple[list[str], int]], runs: int) -> dict[str, list[float]]:
    """Seconds of each run of each command, all in turn."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, (command, exit_code) in commands.items():
            took = seconds(command, exit_code)
            if number:
                times[name].append(took)
    return times


def photograph(film: Path, target: Path) -> Path:
    """A film's first frame as a picture of 640x480."""
    with av.open(str(film)) as container:
        frame = next(container.decode(video=0))
    cv2.imwrite(str(target), cv2.resize(frame.to_ndarray(format="bgr24"), (640, 480)))
    return target


def main() -> int:
    """Run all commands in turn, print medians."""
    arguments = parser(__doc__)
    arguments.add_argument("--runs", type=int, default=10)
    given = arguments.parse_args()
    warn_if_busy()
    confine()
    with tempfile.TemporaryDirectory(prefix="stylize-video-benchmark-") as folder:
        sample, target = ROOT / "samples" / "sample.mp4", Path(folder, "one.mkv")
        one = [*program(), str(sample), *ONE_FRAME, "-o", str(target)]
        photo = photograph(sample, Path(folder, "photo.jpg"))
        picture = [*program(), str(photo), "--style", "kandinsky", "--overwrite", "--quiet"]
        times = measure({**COMMANDS, "one frame": (one, 0), "a picture": (picture, 0)}, given.runs)
    medians = {name: statistics.median(found) for name, found in times.items()}
    rows = [(name, medians[name], min(found), max(found)) for name, found in times.items()]
    print_table(("command", "median s", "min s", "max s"), rows)
    figures = {"runs": given.runs, "median_s": medians, "all_s": times}
    goals = [
        Goal("--help, s", medians["--help"], HELP_GOAL_S),
        Goal("one frame, s", medians["one frame"], FIRST_FRAME_GOAL_S),
        Goal("a picture of 640x480, s", medians["a picture"], PICTURE_GOAL_S),
    ]
    return Report("startup", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
