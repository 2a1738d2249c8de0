"""Film to film on a device: frames/s, memory, and which stage limits, by the program's own profile.

python benchmarks/gpu_film.py [--device cuda] [--size 1920] [--frames 250] [--no-stabilize] [--json OUT]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import tempfile
import time
from fractions import Fraction
from pathlib import Path

from common import ROOT, Goal, Report, parser, program

STYLE = "kandinsky"
GOAL_SIZE, GOAL_RATE = 1920, 240.0  # frames/s at 1080p, film to film, on an H200 with 16 cores


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--device", default="cuda")
    made.add_argument("--size", type=int, default=1920, help="px, the longer side")
    made.add_argument("--frames", type=int, default=250)
    made.add_argument("--stabilize", action=argparse.BooleanOptionalAction, default=True)
    return made.parse_args()


def _film(target: Path, size: int, frames: int) -> None:
    """The sample's frames over and over, enlarged, 16:9, H.264."""
    import av

    width, height = size, size * 9 // 16 // 2 * 2
    with av.open(str(ROOT / "samples" / "sample.mp4")) as source, av.open(str(target), "w") as film:
        stream = film.add_stream("libx264", 25, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        pictures = [f.reformat(width, height, "yuv420p") for f in source.decode(video=0)]
        for number in range(frames):
            picture = pictures[number % len(pictures)]
            picture.pts, picture.time_base = number, Fraction(1, 25)
            film.mux(stream.encode(picture))
        film.mux(stream.encode(None))


def main() -> int:
    """Measure; the exit code: 1 if a goal is missed."""
    given = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        film, target = Path(folder, "film.mp4"), Path(folder, "painted.mp4")
        _film(film, given.size, given.frames)
        steady = "--stabilize" if given.stabilize else "--no-stabilize"
        command = [*program(), film, "-s", STYLE, "-o", target, "--device", given.device, steady]
        began = time.perf_counter()
        done = subprocess.run([*command, "--profile", "--json"], stdout=subprocess.PIPE, check=False)
        wall = time.perf_counter() - began
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6  # GB; Linux counts in kB
    if done.returncode:
        print(done.stdout.decode())
        return 1
    told = json.loads(done.stdout)
    rate = told["frames"] / wall
    print(f"{rate:.1f} frames/s, start-up included; {memory:.2f} GB; {json.dumps(told.get('profile'))}")
    goals = []
    if given.device == "cuda" and given.size == GOAL_SIZE and not given.stabilize:
        goals.append(Goal("film to film at 1080p, frames/s", rate, GOAL_RATE, at_least=True))
    figures = {
        "size": given.size,
        "stabilize": given.stabilize,
        "rate": rate,
        "wall_s": wall,
        "memory_gb": memory,
        "told": told,
    }
    return Report("gpu_film", figures, goals).finish(given.json)


if __name__ == "__main__":
    raise SystemExit(main())
