"""Long films killed at random moments and gone on with: are they the films of runs that nobody disturbed?

Paints a film by the command line, kills it with SIGKILL again and again, gives the same command until it is
done, and compares frames, times and packets with those of an uninterrupted run, by their hashes. Then the
same film is painted at a stretch and by segments, in turn, for what segments cost.

    python benchmarks/segments.py --painting FILE [--painters default wct gatys] [--frames 600] [--kills 20]
"""

from __future__ import annotations

import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import av
from common import Goal, Report, parser, print_table, warn_if_busy
from whole_job import STYLE, make_film

RATE = 25  # frames/s, of the sample
OVERHEAD_GOAL = 1.03  # processor time by segments, by that at a stretch
STRETCH = 10**6  # frames of a segment: more than any film has
FEW = 12  # of the frames, one is optimised by gatys, which takes long


@dataclass(frozen=True)
class Painter:
    """One way to paint, and how much of it."""

    options: tuple[str, ...]
    frames: int
    segment: int  # frames, while it is killed: so that there are some to lose


@dataclass(frozen=True)
class Run:
    """An undisturbed one."""

    seconds: float
    processor_seconds: float
    size: int  # bytes of the film
    output: Path


def painters(painting: Path, frames: int) -> dict[str, Painter]:
    """What is measured, by its name."""
    few = max(24, frames // FEW)
    return {
        "default": Painter(("--style", STYLE), frames, 24),
        "wct": Painter(("--method", "wct", "--style", str(painting)), frames, 24),
        "gatys": Painter(
            ("--method", "gatys", "--style", str(painting), "--max-size", "160", "--iterations", "20"), few, 8
        ),
    }


def command(film: Path, output: Path, options: tuple[str, ...]) -> list[str]:
    """As it is typed."""
    return [*_program(), str(film), "-o", str(output), "--device", "cpu", "-q", *options]


def _program() -> list[str]:
    return [sys.executable, "-m", "stylize_video"]


def undisturbed(film: Path, output: Path, options: tuple[str, ...]) -> Run:
    """Paint a film at once."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command(film, output, options), check=True)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(took, used, output.stat().st_size, output)


def killed(film: Path, output: Path, options: tuple[str, ...], longest: float, rng: random.Random) -> int:
    """Paint a film whose runs are killed within so many seconds, until one ends; how many were."""
    kills = 0
    while True:
        process = subprocess.Popen(command(film, output, options), stderr=subprocess.PIPE)
        try:
            _, told = process.communicate(timeout=rng.uniform(0.2, longest))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
            if output.exists():  # it was all done, but for the process's own end
                return kills
            continue
        if process.returncode:
            raise RuntimeError(f"a run failed: {told.decode()}")
        return kills


def hashes(path: Path) -> dict[str, Any]:
    """Of all that a player gets: each packet with its times, each picture with its time."""
    packets, pictures, frames = hashlib.sha256(), hashlib.sha256(), 0
    with av.open(str(path)) as film:
        for packet in film.demux():
            if packet.size:
                times = (packet.stream_index, packet.pts, packet.dts, packet.duration, packet.is_keyframe)
                packets.update(repr(times).encode() + bytes(packet))
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            frames += 1
            pictures.update(repr(frame.pts).encode() + frame.to_ndarray().tobytes())
    return {"frames": frames, "packets": packets.hexdigest(), "pictures": pictures.hexdigest()}


def compare(name: str, painter: Painter, folder: Path, kills: int, rng: random.Random) -> dict[str, Any]:
    """Kill a painter until that was done often enough, at the end of as many films as it takes."""
    film = folder / f"{name}.mp4"
    make_film(film, -(-painter.frames // RATE) + 1)
    options = (*painter.options, "--duration", f"{painter.frames}/{RATE}")
    options = (*options, "--segment-length", str(painter.segment))
    whole = undisturbed(film, folder / f"{name}.whole.mp4", options)
    expected = hashes(whole.output)
    segment_seconds = whole.seconds * painter.segment / painter.frames
    longest = 6 + 3 * segment_seconds  # s of a run: some end before the first segment, few after the third
    done, films, equal = 0, 0, 0
    while done < kills:
        output = folder / f"{name}.killed.mp4"
        done += killed(film, output, options, longest, rng)
        films += 1
        equal += hashes(output) == expected
        output.unlink()
        for parts in folder.glob(f"{output.name}.*"):  # of one that was killed behind its last line
            shutil.rmtree(parts)
    left = sorted(path.name for path in folder.iterdir() if f"{name}.killed" in path.name)
    found = {"frames": painter.frames, "kills": done, "films": films, "equal": equal, "left": left}
    return {**found, **expected, "seconds": whole.seconds}


def overhead(name: str, painter: Painter, folder: Path, rounds: int) -> dict[str, Any]:
    """What segments of the usual length cost, in processor time, time and bytes."""
    film = folder / f"{name}.mp4"
    part = ("--duration", f"{painter.frames}/{RATE}", "--overwrite")
    ways = {"segments": part, "stretch": (*part, "--segment-length", str(STRETCH))}
    runs: dict[str, list[Run]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, options in ways.items():  # in turn, so that both meet the machine as it is
            output = folder / f"{name}.{way}.mp4"
            runs[way].append(undisturbed(film, output, (*painter.options, *options)))
    found: dict[str, Any] = {"rounds": rounds}
    for figure in ("processor_seconds", "seconds", "size"):
        each = {way: median(getattr(run, figure) for run in runs[way]) for way in ways}
        ratios = [getattr(a, figure) / getattr(b, figure) for a, b in zip(*runs.values(), strict=True)]
        found[figure] = {**each, "ratio": median(ratios)}
    return found


def main() -> int:
    """Kill, compare, measure, judge."""
    arguments = parser(__doc__)
    arguments.add_argument("--painting", type=Path, required=True, help="a picture, for wct and gatys")
    arguments.add_argument("--painters", nargs="+", default=["default", "wct", "gatys"])
    arguments.add_argument("--frames", type=int, default=600, help=f"of the film; gatys has a {FEW}th")
    arguments.add_argument("--kills", type=int, default=20, help="of each painter")
    arguments.add_argument("--rounds", type=int, default=3, help="for the overhead; 0: it is not measured")
    arguments.add_argument("--seed", type=int, default=1, help="of the moments")
    given = arguments.parse_args()
    warn_if_busy()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    rng, found, goals = random.Random(given.seed), {}, []
    known = painters(given.painting.resolve(), given.frames)
    folder = Path(tempfile.mkdtemp(prefix="stylize-video-benchmark-"))
    try:
        for name in given.painters:
            found[name] = compare(name, known[name], folder, given.kills, rng)
            row = found[name]
            print(f"{name}: {row['kills']} kills, {row['equal']} of {row['films']} films equal", flush=True)
            goals.append(Goal(f"{name}: films equal", row["equal"] / row["films"], 1, at_least=True))
            if given.rounds and name != "gatys":  # which has fewer frames than a segment
                found[name]["overhead"] = overhead(name, known[name], folder, given.rounds)
                ratio = found[name]["overhead"]["processor_seconds"]["ratio"]
                goals.append(Goal(f"{name}: processor time by segments", ratio, OVERHEAD_GOAL))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rows = [(name, row["frames"], row["kills"], row["films"], row["equal"]) for name, row in found.items()]
    print_table(("painter", "frames", "kills", "films", "equal"), rows)
    return Report("segments", found, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
