"""A film whose shots are painted side by side, in any order: the same film as one after the other."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from stylize_video.errors import StylizeVideoError, UsageError
from stylize_video.models.workshop import Workshop
from stylize_video.pipeline.jobs.batch.processes.worker import Failure, Message
from stylize_video.pipeline.jobs.cluster import stretch_task
from stylize_video.pipeline.jobs.cluster.errand import Event
from stylize_video.pipeline.jobs.cluster.shots import Shots
from stylize_video.pipeline.jobs.cluster.stretch_task import SEGMENT
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.segments import stretches
from stylize_video.pipeline.segments.parts import Parts
from stylize_video.pipeline.segments.stretches import Stretch
from stylize_video.pipeline.sources import film as film_source
from stylize_video.pipeline.sources import film_decoder
from tests import drawing, media

FRAMES, LENGTH = 44, 8
CUTS = (13, 20, 34)  # first frames of shots


def shots(number: int, width: int, height: int) -> drawing.Rgb:
    picture = drawing.numbered_picture(number, width, height)
    which = sum(number >= cut for cut in CUTS)
    return [picture, 255 - picture[:, ::-1], picture[::-1], 255 - picture][which]


class _Lost(Exception):
    """As where a worker dies."""


class Here:
    """Stands for a cluster: does the errand that came last first, in this process.

    Args:
        loses: how many segments each errand sends until its worker dies, once; None: it doesn't.
        fails: what comes of each errand instead.
        awaits: how many errands there have to be before it does any.
    """

    def __init__(self, *, loses: int | None = None, fails: str = "", awaits: int = 1) -> None:
        self._loses, self._fails, self._awaits = loses, fails, awaits
        self._errands: list[Any] = []
        self._lost: list[Any] = []
        self.given: list[Stretch] = []

    @property
    def idle(self) -> int:
        return 9 - len(self._errands)

    def give(self, errand: Any) -> None:
        self.given.append(errand.stretch)
        self._errands.append(errand)

    def abandon(self) -> None:
        self._errands.clear()

    def wait(self) -> list[Event]:
        if len(self.given) < self._awaits:
            time.sleep(0.01)
            return []
        errand = self._errands.pop()
        found: list[Event] = []
        if self._fails:
            return [Event(errand, Message("failed", Failure(self._fails)))]

        def tell(message: Message) -> None:
            told = errand.take(message)
            found.append(Event(errand, told))
            if [e.message.kind for e in found].count(SEGMENT) == self._loses and errand not in self._lost:
                self._lost.append(errand)
                raise _Lost

        try:
            tell(Message("done", errand.task().run(Path("/"), Workshop(), tell)))
        except _Lost:
            errand.lost()
            self._errands.insert(0, errand)
        return found

    def fill(
        self,
        request: PaintRequest,
        parts: Parts,
        stretches: Iterator[Stretch],
        stop: Callable[[], None],
        tell: Callable[[int], None],
    ) -> None:
        Shots(request, [], self, parts, tell).paint(stretches, stop)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _seeks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in films that are longer than these."""
    monkeypatch.setattr(film_source, "_NEAR", 0)
    monkeypatch.setattr(film_decoder, "_WARM_UP", Fraction(1, 25))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    video = media.Video(times=media.irregular(FRAMES), draw=shots)
    return media.film(tmp_path_factory.mktemp("film") / "film.mp4", video, sounds=[media.Sound()]).path


def request(film: Path, output: Path, **options: Any) -> PaintRequest:
    return PaintRequest.of(film, output, device="cpu", segment_length=LENGTH, **options)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def whole(film: Path) -> str:
    """Painted by this machine alone."""
    job.paint(request(film, film.with_name("whole.mp4")))
    return digest(film.with_name("whole.mp4"))


def test_it_is_the_same_film(film: Path, whole: str, tmp_path: Path) -> None:
    heard: list[int] = []
    cluster = Here(loses=1, awaits=4)
    painted = job.paint(request(film, tmp_path / "out.mp4"), elsewhere=cluster, on_frame=heard.append)
    assert digest(tmp_path / "out.mp4") == whole
    assert [stretch.first for stretch in cluster.given] == [0, *CUTS]
    assert [len(stretch.segments) for stretch in cluster.given] == [2, 1, 2, 2]
    assert painted.frames == max(heard) == FRAMES
    assert heard == sorted(heard)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_where_a_place_sought_gives_other_frames_the_film_is_decoded(
    film: Path, whole: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = count()
    # At the end of a stretch's first segment, so that some frames were painted by then.
    sum_of = stretches.sum_of
    monkeypatch.setattr(stretch_task, "sum_of", lambda frame: sum_of(frame) if next(compared) == 0 else -1)
    job.paint(request(film, tmp_path / "out.mp4"), elsewhere=Here())
    assert digest(tmp_path / "out.mp4") == whole


def test_what_is_painted_of_it_is_gone_on_with_by_whoever_comes(
    film: Path, whole: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.mp4"
    finish, done = Parts.finish, list[int]()

    def full(self: Parts, number: int, *arguments: Any, **more: Any) -> None:
        if len(done) == 4:
            raise StylizeVideoError("the disk is full")
        finish(self, number, *arguments, **more)
        done.append(number)

    with monkeypatch.context() as patch:
        patch.setattr(Parts, "finish", full)
        with pytest.raises(StylizeVideoError, match=r"the disk is full .* painted frames are kept"):
            job.paint(request(film, output), elsewhere=Here(awaits=4))
    assert done != sorted(done)  # not as one machine would paint them
    with monkeypatch.context() as patch:
        patch.setattr(Parts, "finish", lambda *_, **__: pytest.fail("painted anew"))
        with pytest.raises(StylizeVideoError, match="no worker"):
            job.paint(request(film, output), elsewhere=Here(fails="no worker"))
    painted = job.paint(request(film, output))
    assert painted.before > 0
    assert digest(output) == whole


def test_what_hangs_on_more_than_its_shot_is_refused(film: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a film with masks is painted at a stretch"):
        job.paint(request(film, tmp_path / "out.mp4", mask=film), elsewhere=Here())
