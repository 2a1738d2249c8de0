#!/usr/bin/env python3
"""How long it takes from the command `live` to the first painted frame on a screen.

    python benchmarks/live_start.py
    python benchmarks/live_start.py --runs 5 -- --size 640

A film of 1280x720 px plays as the camera; the screen is Xvfb's. The window gets the film's size together with
its first picture, which xdotool sees. The first run may have to convert networks; the others find them in the
cache. What follows `--` are further options of the command.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from common import Goal, Report, parser, print_table, program, warn_if_busy
from live import SIZE, make_film

MOST = 2.0  # s, of issue 25, for the second time
PATIENCE = 120.0  # s


@contextmanager
def screen() -> Iterator[dict[str, str]]:
    """An environment with a display of its own."""
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        raise SystemExit("Xvfb and xdotool are needed: apt install xvfb xdotool")
    heard, told = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(told), "-screen", "0", "1400x900x24", "-nolisten", "tcp"],
        pass_fds=[told],
        stderr=subprocess.DEVNULL,
    )
    os.close(told)
    with os.fdopen(heard) as lines:
        yield {**os.environ, "DISPLAY": f":{lines.readline().strip()}"}
    server.terminate()
    server.wait(10)


def first_picture(film: Path, options: list[str], environment: dict[str, str]) -> float:
    """Seconds from the command to its first picture on the screen."""
    wanted = f"Geometry: {SIZE[0]}x{SIZE[1]}"
    look = ["xdotool", "search", "--name", "stylize-video", "getwindowgeometry"]
    began = time.perf_counter()
    command = [*program(), "live", "--camera", str(film), "--quiet", *options]
    running = subprocess.Popen(command, env=environment)
    try:
        while wanted not in subprocess.run(look, env=environment, capture_output=True, text=True).stdout:
            if running.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise SystemExit("no picture was shown")
        return time.perf_counter() - began
    finally:
        running.send_signal(signal.SIGINT)
        running.wait()


def main() -> int:
    """Measure and tell."""
    arguments = parser(__doc__)
    arguments.add_argument("--runs", type=int, default=4, help="two at least")
    arguments.add_argument("options", nargs="*", help="of the command, after --")
    given = arguments.parse_args()
    if given.runs < 2:
        arguments.error("--runs must be at least 2")
    warn_if_busy()
    with tempfile.TemporaryDirectory() as folder, screen() as environment:
        film = Path(folder, "film.mp4")
        make_film(film, 30)
        found = [first_picture(film, given.options, environment) for _ in range(given.runs)]
    print_table(("run", "s"), list(enumerate(found, 1)))
    goal = Goal("first painted frame on the screen, second time, s", median(found[1:]), MOST)
    return Report("live_start", {"seconds": found, "options": given.options}, [goal]).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
