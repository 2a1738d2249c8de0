"""What a clustered job takes of the machine that hands it out, one thing after the other, and of a worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cluster_simulation import Costs
from whole_job import STYLE, make_film

_SEGMENT = 240  # frames at most
_RECORDED = 10_000  # films in a batch's record
_FEW = 2  # frames, to see what a part takes beside its frames
_FILMS = 12  # that are painted to see what each takes


def survey(film: Path) -> tuple[float, int, int]:
    """Read a film once: seconds, frames and parts that can be painted side by side."""
    from stylize_video.pipeline.containers.formats import check_output
    from stylize_video.pipeline.segments.places import Cutter, Lengths
    from stylize_video.pipeline.segments.stretches import Spool, Survey
    from stylize_video.pipeline.sinks.output_clock import OutputClock
    from stylize_video.pipeline.sources.film import FilmSource
    from stylize_video.pipeline.stages.cuts import Cuts

    began = time.process_time()
    with FilmSource(film) as reader:
        container, _ = check_output(film, None)
        clock = OutputClock(container, reader.signal)
        spool = Spool()
        looks = Survey(Cutter(Lengths(_SEGMENT), Cuts()), clock, reader.others.captions, spool)
        found = list(looks.stretches(reader.frames(), reader.report))
        spool.close()
    return time.process_time() - began, sum(len(each.times) for each in found), len(found)


class Here:
    """Paints what is handed out in this process, and says what that took. See `Actors`."""

    def __init__(self) -> None:
        from stylize_video.models.workshop import Workshop

        self._errands: list[Any] = []
        self._workshop = Workshop()
        self.painting, self.begin, self.frames, self.errands = 0.0, 0.0, 0, 0

    @property
    def idle(self) -> int:
        """One at a time."""
        return 1 - len(self._errands)

    def give(self, errand: Any) -> None:
        """See `Actors`."""
        self._errands.append(errand)

    def abandon(self) -> None:
        """See `Actors`."""

    def wait(self) -> list[Any]:
        """Do it."""
        from stylize_video.pipeline.jobs.batch.processes.worker import Message
        from stylize_video.pipeline.jobs.cluster.errand import Event

        errand, found = self._errands.pop(), list[Any]()
        task = errand.task()
        if not self.errands:  # loads and compiles the painter
            self._time(_first_frames(task), lambda _: None)
        short = self._time(_first_frames(task), lambda _: None)
        took, done = self._time(task, lambda message: found.append(Event(errand, errand.take(message))))
        self.painting += took
        self.begin = short[0] - _FEW * took / done.frames
        self.frames += done.frames
        self.errands += 1
        return [*found, Event(errand, Message("done", done))]

    def _time(self, task: Any, tell: Callable[[Any], Any]) -> tuple[float, Any]:
        began = time.process_time()
        done = task.run(Path("/"), self._workshop, tell)
        return time.process_time() - began, done

    def fill(self, request: Any, parts: Any, stretches: Any, stop: Any, tell: Any) -> None:
        """See `Elsewhere`."""
        from stylize_video.pipeline.jobs.cluster.shots import Shots

        Shots(request, [], self, parts, tell).paint(stretches, stop)  # type: ignore[arg-type]


def _first_frames(task: Any) -> Any:
    """The same task, but for a few frames."""
    return replace(task, times=task.times[:_FEW], ends=(task.first + _FEW,), last=True)


@contextmanager
def timed(owner: Any, name: str) -> Iterator[list[float]]:
    """Processor seconds of each call of a method, in here."""
    method, found = getattr(owner, name), list[float]()

    def instead(*arguments: Any, **more: Any) -> Any:
        began = time.process_time()
        try:
            return method(*arguments, **more)
        finally:
            found.append(time.process_time() - began)

    setattr(owner, name, instead)
    try:
        yield found
    finally:
        setattr(owner, name, method)


def measure(folder: Path, seconds: int) -> Costs:
    """All costs; see `Costs`."""
    from stylize_video.pipeline.jobs.cluster.shots import Shots
    from stylize_video.pipeline.jobs.film import film as job
    from stylize_video.pipeline.jobs.film.joining import Joining
    from stylize_video.pipeline.jobs.request import PaintRequest

    film = folder / "film.mp4"
    make_film(film, seconds)
    took, frames, parts = survey(film)
    print(f"{frames} frames in {parts} parts")

    here, output = Here(), folder / "painted.mp4"
    request = PaintRequest.of(film, output, style=STYLE, device="cpu")
    with timed(Shots, "_record") as kept, timed(Joining, "whole") as joined:
        job.paint(request, elsewhere=here)
    size = (film.stat().st_size + output.stat().st_size) / frames
    return Costs(
        survey=took / frames,
        keep=sum(kept) / len(kept),
        join=sum(joined) / frames,
        film=batch(folder),
        paint=(here.painting - here.errands * here.begin) / here.frames,
        begin=here.begin,
        packets=size,
    )


def batch(folder: Path) -> float:
    """What a film of a batch takes of the machine that hands it out."""
    clips, painted = folder / "clips", folder / "painted"
    clips.mkdir()
    for number in range(_FILMS):
        make_film(clips / f"{number}.mp4", 1)
    sent, record, look = sending(clips, painted), recording(painted), looking(clips / "0.mp4")
    print(f"a film: looked at {1000 * look:.1f} ms, its record written {2 * 1000 * record:.1f} ms")
    return look + sent + 2 * record


def sending(clips: Path, painted: Path) -> float:
    """A film sent to a worker and taken back, by a real Ray with one."""
    from stylize_video.pipeline.jobs.batch.asked.clips import Asked, Clips
    from stylize_video.pipeline.jobs.batch.asked.options import BatchOptions
    from stylize_video.pipeline.jobs.batch.batch import run
    from stylize_video.pipeline.jobs.batch.results import Listener
    from stylize_video.pipeline.jobs.cluster.options import ClusterOptions

    ended = list[float]()

    class Hears(Listener):
        def end(self, name: str, result: Any) -> None:  # noqa: ARG002
            assert result.status == "painted", result
            ended.append(time.process_time())

    asked = Asked(
        painted,
        (Clips((str(clips),)),),
        BatchOptions(),
        typed={"device": "cpu", "quality": "draft"},
        cluster=ClusterOptions(ray="auto", ray_workers=1, cpus_per_worker=1),
    )
    run(asked, Hears())
    return (ended[-1] - ended[0]) / (len(ended) - 1)


def recording(painted: Path) -> float:
    """The record written once, with many films in it."""
    from stylize_video.pipeline.jobs.batch.manifest import Manifest

    manifest = Manifest.read(painted)
    entry = next(iter(manifest.films.values()))
    manifest.films = {f"{number}.mp4": entry for number in range(_RECORDED)}
    manifest.write()  # which makes every entry's line
    began = time.process_time()
    for _ in range(_FILMS):
        manifest.write()
    return (time.process_time() - began) / _FILMS


def looking(film: Path) -> float:
    """A film looked at, before it is painted."""
    from stylize_video.models.workshop import Workshop
    from stylize_video.pipeline.jobs.batch.processes.tasks import See
    from stylize_video.pipeline.jobs.request import PaintRequest

    see = See(PaintRequest.of(film, film.with_name("other.mp4"), device="cpu"), None)
    see.run(Workshop(), lambda _: None)  # imports what it takes
    began = time.process_time()
    see.run(Workshop(), lambda _: None)
    return time.process_time() - began
