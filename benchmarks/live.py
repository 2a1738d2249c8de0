"""A live picture: how late it is, how many frames are painted and dropped, what it does when it gets tight.

A film plays as a camera at 30 frames/s; the time is drawn into each of its frames as it comes, and read
back from the pixels that are shown, so that delay is measured from end to end. In a second run something
else takes a core for a third of the time: size and quality have to give way, and to come back.

    python benchmarks/live.py [--film FILM] [--seconds 60] [--quality auto] [--json OUT]

Without --film one is made of the sample. For ten minutes: --seconds 600 --once.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

from common import Goal, Report, parser, print_table, warn_if_busy
from endurance import resident
from whole_job import confine

RATE = 30  # frames/s of the camera
SIZE = (1280, 720)  # px
P95_GOAL, FPS_GOAL, LONGER_SIDE_GOAL = 150.0, 15.0, 480  # ms, frames/s, px
GROWTH_GOAL, DRIFT_GOAL = 1.03, 1.1  # of memory, and of delay, from a third of the time to its end
STARTING = 5.0  # s, in which everything is loaded; left out of the figures
BACK = 15.0  # s that it is given to come back after it was tight


@dataclass(frozen=True)
class Painted:
    """One picture that was shown."""

    time: float  # s since the job began
    delay: float  # ms, read back from its pixels; NaN: it couldn't be read


@dataclass(frozen=True)
class Second:
    """How it stood, a line a second."""

    time: float
    painted_fps: float
    dropped: int
    size: tuple[int, int] | None
    quality: str
    told_ms: float | None  # the delay that the product itself tells
    memory: float  # GB


@dataclass(frozen=True)
class Run:
    """What was seen of one."""

    painted: list[Painted]
    seconds: list[Second]
    length: float  # s


def run(film: Path, length: float, values: dict[str, Any], *, tight: tuple[float, float] | None) -> Run:
    """Paint a film live.

    Args:
        film: played as a camera.
        length: s.
        values: of a `LiveRequest`.
        tight: from when to when a core is taken, s.
    """
    from stylize_video.pipeline.jobs import live
    from stylize_video.pipeline.jobs.live_request import LiveRequest
    from stylize_video.pipeline.live import timecode

    request = LiveRequest.of(camera=film, seconds=Fraction(length), window=False, **values)
    painted: list[Painted] = []
    seconds: list[Second] = []
    began = time.monotonic()

    def look(picture: Any, _: float) -> None:
        now, ms = time.monotonic(), timecode.read(picture)
        delay = float("nan") if ms is None else timecode.since(ms, now)
        painted.append(Painted(now - began, delay))

    def note(status: Any) -> None:
        told = (status.size, status.quality, status.delay_ms)
        seconds.append(Second(status.time, status.painted_fps, status.dropped, *told, resident()))

    make = live.open_camera(request)
    busy = _Busy(tight)
    try:
        live.paint(request, camera=lambda: Stamped(make()), on_status=note, on_picture=look)
    finally:
        busy.end()
    return Run(painted, seconds, length)


class Stamped:
    """A camera whose frames carry the time at which they came. A `Camera`."""

    def __init__(self, camera: Any) -> None:
        self._camera = camera
        self.name, self.may_stand_still = camera.name, True

    def open(self) -> None:
        """See `Camera`."""
        self._camera.open()

    def read(self) -> Any:
        """See `Camera`."""
        from stylize_video.pipeline.live import timecode

        frame = self._camera.read()
        if frame is None:
            return None
        return frame._replace(picture=timecode.draw(frame.picture, round(frame.time * 1000)))

    def close(self) -> None:
        """See `Camera`."""
        self._camera.close()


class _Busy:
    """A process that takes a core for a while."""

    def __init__(self, when: tuple[float, float] | None) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=when, daemon=True) if when else None
        if self._thread is not None:
            self._thread.start()

    def end(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, begins: float, ends: float) -> None:
        if self._over.wait(begins):
            return
        spinning = multiprocessing.get_context("spawn").Process(target=_spin, daemon=True)
        spinning.start()
        self._over.wait(ends - begins)
        spinning.kill()
        spinning.join()


def _spin() -> None:
    while True:
        pass


def figures(found: Run, begins: float = STARTING, ends: float | None = None) -> dict[str, Any]:
    """Delays, rates and sizes of a stretch of a run."""
    until = found.length if ends is None else ends
    shown = [each for each in found.painted if begins <= each.time < until]
    delays = sorted(each.delay for each in shown if each.delay == each.delay)
    lines = [each for each in found.seconds if begins <= each.time < until]
    if not delays or not lines:
        raise SystemExit(f"nothing was painted from {begins:g} to {until:g} s")
    sizes = sorted(max(line.size or (0,)) for line in lines)
    return {
        "from_s": begins,
        "to_s": until,
        "painted_fps": len(shown) / (until - begins),
        "p50_ms": median(delays),
        "p95_ms": delays[min(len(delays) - 1, int(0.95 * len(delays)))],
        "dropped": lines[-1].dropped - lines[0].dropped,
        "read_back": len(delays) / len(shown),
        "longer_side_px": sizes[len(sizes) // 2],
        "quality": max({line.quality for line in lines}, key=[line.quality for line in lines].count),
        "gb": lines[-1].memory,
    }


def goals(found: Run) -> list[Goal]:
    """The claims of issue 25, points 1 and 5."""
    whole = figures(found)
    third = (found.length - STARTING) / 3
    first = figures(found, STARTING, STARTING + third)
    last = figures(found, found.length - third)
    return [
        Goal("delay, 95th percentile, ms", whole["p95_ms"], P95_GOAL),
        Goal("painted frames/s", whole["painted_fps"], FPS_GOAL, at_least=True),
        Goal("longer side, px", whole["longer_side_px"], LONGER_SIDE_GOAL, at_least=True),
        Goal("median delay of the last third by the first's", last["p50_ms"] / first["p50_ms"], DRIFT_GOAL),
        Goal("memory at the end by that after a third", last["gb"] / first["gb"], GROWTH_GOAL),
    ]


def tight_goals(found: Run, begins: float, ends: float) -> list[Goal]:
    """Whether it gave way while a core was taken, and came back."""
    before = figures(found, STARTING, begins)
    within = figures(found, begins + (ends - begins) / 2, ends)
    after = figures(found, min(ends + BACK, found.length - 5))
    came_back = after["longer_side_px"] / before["longer_side_px"]
    return [
        Goal("tight: 95th percentile of the delay, ms", within["p95_ms"], 2 * P95_GOAL),
        Goal("tight: painted frames/s", within["painted_fps"], FPS_GOAL, at_least=True),
        Goal("afterwards: longer side by before's", came_back, 0.8, at_least=True),
    ]


def make_film(path: Path, seconds: float) -> None:
    """The sample, over and over, in the camera's size and rate."""
    import av

    from stylize_video.pipeline.sources.film import FilmSource

    sample = next((Path(__file__).parents[1] / "samples").glob("*.mp4"))
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", RATE, options={"preset": "ultrafast", "crf": "18", "g": "30"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        left = round(seconds * RATE)
        while left:
            with FilmSource(sample) as source:
                for frame in source.frames():
                    picture = av.VideoFrame.from_ndarray(frame.rgb).reformat(*SIZE, format="yuv420p")
                    picture.pts = None
                    output.mux(stream.encode(picture))
                    left -= 1
                    if not left:
                        break
        output.mux(stream.encode(None))


def rows(found: Sequence[tuple[str, dict[str, Any]]]) -> list[tuple[object, ...]]:
    """Of the table that is printed."""
    keys = ("painted_fps", "p50_ms", "p95_ms", "dropped", "longer_side_px", "quality", "gb")
    return [(name, *(values[key] for key in keys)) for name, values in found]


def main() -> int:
    """Measure, print, judge."""
    arguments = parser(__doc__)
    arguments.add_argument("--film", type=Path, help="a film of 30 frames/s, at least as long as --seconds")
    arguments.add_argument("--seconds", type=float, default=60, help="how long each run is")
    arguments.add_argument("--quality", default="auto", help="as of `stylize-video live`")
    arguments.add_argument("--size", type=int, help="a fixed size, px; by default the governor chooses")
    arguments.add_argument("--style", default="kandinsky")
    arguments.add_argument("--strength", type=float, default=1.0)
    arguments.add_argument("--once", action="store_true", help="without the run in which a core is taken")
    given = arguments.parse_args()
    if not 4 * STARTING <= given.seconds <= 3600:
        arguments.error(f"--seconds must be {4 * STARTING:g} to 3600")
    warn_if_busy()
    confine()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line does
    values = {name: getattr(given, name) for name in ("quality", "style", "strength", "size")}
    with tempfile.TemporaryDirectory(prefix="stylize-video-benchmark-") as folder:
        film = given.film or Path(folder, "film.mp4")
        if given.film is None:
            make_film(film, given.seconds + 2)
        report = _measured(lambda tight: run(film, given.seconds, values, tight=tight), given)
    return report.finish(given.json)


def _measured(measure: Callable[[tuple[float, float] | None], Run], given: Any) -> Report:
    """Both runs, printed."""
    quiet = measure(None)
    told = [("whole", figures(quiet))]
    claims = goals(quiet)
    kept: dict[str, Any] = {"settings": vars(given) | {"film": str(given.film), "json": None}}
    kept["seconds"] = [asdict(line) for line in quiet.seconds]
    if not given.once:
        begins, ends = given.seconds / 3, given.seconds * 2 / 3
        tight = measure((begins, ends))
        told += [
            ("before it is tight", figures(tight, STARTING, begins)),
            ("tight", figures(tight, begins, ends)),
            ("afterwards", figures(tight, ends)),
        ]
        claims += tight_goals(tight, begins, ends)
        kept["tight_seconds"] = [asdict(line) for line in tight.seconds]
    header = ("run", "frames/s", "p50 ms", "p95 ms", "dropped", "px", "quality", "GB")
    print_table(header, rows(told))
    return Report("live", {**kept, "runs": dict(told)}, claims)


if __name__ == "__main__":
    sys.exit(main())
