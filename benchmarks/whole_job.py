"""The whole job, film to film: speed, start-up and memory, beside its two halves.

Runs the installed `stylize-video` on the CPU with two threads, on two cores, on films of 10 s and
100 s made on the spot: the sample's own packets, 640x360 at 25 frames/s with sound, over and over.
In the same run, so that the ratio says where the time goes:

- film alone: the same film read, batched, converted and encoded by the same pipeline, not painted;
- network alone: the painter on frames of the same film that are already in memory.

The two halves run side by side in the whole job, so it can take less than their sum.

    python benchmarks/whole_job.py [--quick] [--json OUT]
"""

from __future__ import annotations

import heapq
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import av
from common import ROOT, Goal, Report, parser, print_table, program, warn_if_busy

CORES = 2
SECONDS, QUICK_SECONDS = (10, 100), (2, 4)  # a short film and a long one
NETWORK_FRAMES, QUICK_NETWORK_FRAMES = 200, 20
RATE_GOAL = 8.0  # frames/s, start-up included
MEMORY_GOAL_GB, GROWTH_GOAL = 1.5, 0.05
STYLE = "kandinsky"


@dataclass(frozen=True)
class Job:
    """One run of the program. Times in seconds, memory in GB (10^9 bytes)."""

    film_seconds: int
    frames: int
    wall: float  # from starting the process to its end
    start_up: float  # the part of it before the first frame was asked for
    processor: float  # of both cores together
    peak_memory: float

    @property
    def rate(self) -> float:
        """Frames/s of the whole, start-up included."""
        return self.frames / self.wall

    @property
    def steady_rate(self) -> float:
        """Frames/s once it runs."""
        return self.frames / (self.wall - self.start_up)


def make_film(target: Path, seconds: int) -> None:
    """Repeat the sample's packets, pictures and sound, without coding anything again."""
    with av.open(str(ROOT / "samples" / "sample.mp4")) as source, av.open(str(target), "w") as film:
        tracks = (source.streams.video[0], source.streams.audio[0])
        written = {track.index: film.add_stream_from_template(track) for track in tracks}
        packets = [p for p in source.demux(*tracks) if p.dts is not None]
        repeated = [
            _repeated([p for p in packets if p.stream.index == track.index], seconds, written[track.index])
            for track in tracks
        ]
        for packet in heapq.merge(*repeated, key=lambda p: p.dts * p.time_base):
            film.mux_one(packet)


def _repeated(packets: list[Any], seconds: int, stream: Any) -> Iterator[Any]:
    """The packets over and over, each round after the one before, until the time is full."""
    length = sum(p.duration for p in packets)
    for later in itertools.count(0, length):
        if (packets[0].pts + later) * packets[0].time_base >= seconds:
            return
        for packet in packets:
            if (packet.pts + later) * packet.time_base < seconds:
                yield _copy(packet, later, stream)


def _copy(packet: Any, later: int, stream: Any) -> Any:
    copy = av.Packet(bytes(packet))
    copy.stream = stream
    copy.pts, copy.dts = packet.pts + later, packet.dts + later
    copy.duration, copy.time_base, copy.is_keyframe = packet.duration, packet.time_base, packet.is_keyframe
    return copy


def run_job(film: Path, film_seconds: int, *options: str) -> Job:
    """Run the program on a film, or a picture, and wait for it.

    The kernel counts what this process held when it forked as the child's memory too, so nothing
    here may have imported torch yet.
    """
    assert "torch" not in sys.modules
    target = film.with_name(f"{film.stem}_painted{film.suffix}")
    command = [
        *program(),
        str(film),
        "-o",
        str(target),
        "--style",
        STYLE,
        "--device",
        "cpu",
        "--json",
        *options,
    ]
    found, wall, usage = run_program(command, film.with_suffix(".log"))
    unit = 1 if sys.platform == "darwin" else 1024
    target.unlink()
    return Job(
        film_seconds,
        found["frames"],
        wall,
        wall - found["seconds"],
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * unit / 1e9,
    )


def run_program(command: list[str], log: Path) -> tuple[Any, float, Any]:
    """What a program that answers in JSON said, the seconds it took, and its own use of the machine."""
    began = time.perf_counter()
    with log.open("wb") as errors:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment())
        assert child.stdout is not None
        answer = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)  # this child's figures alone, not of all so far
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}:\n{log.read_text()}")
    return json.loads(answer), wall, usage


def environment() -> dict[str, str]:
    """Of the programs that are measured: two threads, and bytecode kept, as where they are installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "OMP_NUM_THREADS": str(CORES), "CUDA_VISIBLE_DEVICES": ""}


def film_alone(film: Path) -> tuple[int, float]:
    """Frames and seconds of the same pipeline with a stage that paints nothing."""
    from stylize_video.pipeline import runner
    from stylize_video.pipeline.sinks.coding import EncoderOptions
    from stylize_video.pipeline.sinks.film import FilmSink
    from stylize_video.pipeline.sources.film import FilmSource
    from stylize_video.pipeline.stages.composite import Compositor
    from stylize_video.pipeline.stages.paint import Unchanged

    target = film.with_name(f"{film.stem}_unchanged.mp4")
    with (
        FilmSource(film) as reader,
        FilmSink(target, EncoderOptions(), others=reader.others).open(reader.signal) as writer,
    ):
        compose = Compositor(reader.signal, writer.pixel_format, output=writer.color)
        began = time.perf_counter()
        runner.run(
            reader.frames(),
            [Unchanged()],
            lambda frame: writer.write(compose(frame)),
            signal=reader.signal,
        )
        report = writer.finish()
        took = time.perf_counter() - began
    target.unlink()
    return report.frames, took


def network_alone(film: Path, frames: int) -> tuple[int, float]:
    """Frames and seconds of the painter on frames that are decoded already, after a few to warm up.

    Their motion is not found, so that the canvas stays where it is.
    """
    import torch

    from stylize_video.models.feed_forward import engine, gallery
    from stylize_video.models.style_spec import parse
    from stylize_video.pipeline import batcher
    from stylize_video.pipeline.sources.film import FilmSource
    from stylize_video.pipeline.stage import run_stage
    from stylize_video.pipeline.stages.canvas import PaintOnCanvas
    from stylize_video.pipeline.transfer import RgbTransfer

    device, warm_up = torch.device("cpu"), 5
    with FilmSource(film) as reader:
        decoded = itertools.islice(reader.frames(), min(frames, 50))
        way = RgbTransfer(device)
        uploaded = [way.upload(group) for group in batcher.batches(decoded, size=1)]
    batches = [replace(batch, motion=[None] * len(batch.frames)) for batch in uploaded]
    found = gallery.load(parse(STYLE))
    paints = engine.open_engine(found.parameters, device)
    endless = itertools.islice(itertools.cycle(batches), warm_up + frames)
    painted = run_stage(PaintOnCanvas(paints, found.style), reader.signal, endless)
    for _ in itertools.islice(painted, warm_up):
        pass
    began = time.perf_counter()
    count = sum(1 for _ in painted)
    return count, time.perf_counter() - began


def confine() -> None:
    """Keep this process and its children to two cores and two threads, where the system can."""
    os.environ.update(OMP_NUM_THREADS=str(CORES), CUDA_VISIBLE_DEVICES="")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def measure(*, quick: bool, folder: Path) -> tuple[list[Job], dict[str, float]]:
    """Two jobs, then the halves of the long one: milliseconds a frame by name."""
    jobs = []
    for seconds in QUICK_SECONDS if quick else SECONDS:
        film = folder / f"{seconds}s.mp4"
        make_film(film, seconds)
        jobs.append(run_job(film, seconds))
        print(f"{seconds} s film: {jobs[-1].frames} frames in {jobs[-1].wall:.1f} s", file=sys.stderr)
    whole = jobs[-1]
    frames, took = film_alone(film)
    painted, painting = network_alone(film, QUICK_NETWORK_FRAMES if quick else NETWORK_FRAMES)
    return jobs, {
        "whole job": (whole.wall - whole.start_up) / whole.frames * 1000,
        "film alone": took / frames * 1000,
        "network alone": painting / painted * 1000,
    }


def goals(jobs: list[Job]) -> list[Goal]:
    """The claims of issue 2, point 5."""
    short, long = jobs
    rates = [
        Goal(f"frames/s of {job.film_seconds} s with start-up", job.rate, RATE_GOAL, at_least=True)
        for job in jobs
    ]
    change = abs(long.peak_memory / short.peak_memory - 1)
    peak = max(short.peak_memory, long.peak_memory)
    lengths = f"{short.film_seconds} s to {long.film_seconds} s"
    return [
        *rates,
        Goal("peak memory in GB", peak, MEMORY_GOAL_GB),
        Goal(f"change of peak memory from {lengths}", change, GROWTH_GOAL),
    ]


def _print(jobs: list[Job], ms: dict[str, float]) -> None:
    header = ("film", "frames", "wall s", "start-up s", "processor s", "peak GB", "frames/s", "steady")
    print_table(
        header,
        [
            (
                f"{j.film_seconds} s",
                *(j.frames, j.wall, j.start_up, j.processor, j.peak_memory, j.rate, j.steady_rate),
            )
            for j in jobs
        ],
    )
    whole = ms["whole job"]
    print_table(("part", "ms a frame", "of the whole"), [(p, t, f"{t / whole:.0%}") for p, t in ms.items()])


def main() -> int:
    """Measure, print, judge."""
    arguments = parser(__doc__)
    arguments.add_argument("--quick", action="store_true", help="films too short to be judged by")
    given = arguments.parse_args()
    warn_if_busy()
    confine()
    with tempfile.TemporaryDirectory(prefix="stylize-video-benchmark-") as folder:
        jobs, ms = measure(quick=given.quick, folder=Path(folder))
    _print(jobs, ms)
    figures = {
        "quick": given.quick,
        "style": STYLE,
        "size": [640, 360],
        "jobs": [
            {**asdict(job), "frames_per_s": job.rate, "steady_frames_per_s": job.steady_rate} for job in jobs
        ],
        "ms_per_frame": ms,
    }
    return Report("whole_job", figures, [] if given.quick else goals(jobs)).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
