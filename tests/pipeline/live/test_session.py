"""Sessions: settings change between two frames, one painter serves many, and nobody waits for a compiler."""

from __future__ import annotations

import gc
import pickle
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from stylize_video.errors import StylizeVideoError, UsageError
from stylize_video.models import style_spec
from stylize_video.models.styles import DRAFT
from stylize_video.pictures.pictures import Picture
from stylize_video.pipeline.live.composing import resized
from stylize_video.pipeline.live.painters import LivePainters
from stylize_video.pipeline.live.rungs import Rung
from stylize_video.pipeline.live.session import LiveSession
from stylize_video.pipeline.live.settings import LiveSettings, check_style
from stylize_video.pipeline.live.shared_painter import SharedPainter, Turns
from tests import networks

SMALL = LiveSettings(rung=Rung(64, DRAFT))


@pytest.fixture
def painters() -> Iterator[LivePainters]:
    made = LivePainters("cpu")
    yield made
    made.close()


def scene(number: int = 0) -> Picture:
    """A picture that moves by 2 px a frame."""
    return np.roll(np.repeat(np.repeat(networks.noise(3, 12, 16), 8, 0), 8, 1), 2 * number, 1)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_settings_change_between_two_frames(painters: LivePainters) -> None:
    session = LiveSession(painters, SMALL)
    shown = session.paint(scene(), 0.0)
    assert shown.picture.shape == (48, 64, 3)
    assert (shown.size, shown.rung, shown.style) == ((64, 48), SMALL.rung, "kandinsky")
    session.settings = replace(SMALL, strength=0.0)
    original = session.paint(scene(), 0.04, size=(128, 96)).picture
    assert np.array_equal(original, scene())
    session.settings = replace(SMALL, strength=0.0, mirror=True, beside=True)
    assert np.array_equal(session.paint(scene(), 0.08, size=(128, 96)).picture[:, :128], scene()[:, ::-1])


def test_what_paints_is_made_ready_before_a_frame_comes(painters: LivePainters) -> None:
    session = LiveSession(painters, SMALL)
    assert not session.is_ready((128, 96), SMALL.rung)
    session.preload((128, 96))
    assert session.is_ready((128, 96), SMALL.rung)


def test_colours_are_kept(painters: LivePainters) -> None:
    session = LiveSession(painters, replace(SMALL, preserve_color=True))
    grey = np.repeat(scene()[..., :1], 3, axis=2)
    found = session.paint(grey, 0.0).picture.astype(int)
    assert abs(found[..., 0] - found[..., 2]).max() <= 1
    assert found.std() > 10


def test_another_style_and_size_are_made_ready_in_the_background(painters: LivePainters) -> None:
    session = LiveSession(painters, SMALL)
    before = session.paint(scene(), 0.0)
    session.settings = replace(SMALL, style=style_spec.parse("udnie"), rung=Rung(128, DRAFT))
    assert session.paint(scene(), 0.04).size == before.size
    number = iter(range(2, 10000))
    wait_until(lambda: session.paint(scene(), 0.04 * next(number)).size == (128, 96))
    assert session.paint(scene(), 1000).style == "udnie"


def test_a_style_that_is_none_leaves_the_one_before(painters: LivePainters, tmp_path: Path) -> None:
    session = LiveSession(painters, SMALL)
    session.paint(scene(), 0.0)
    session.settings = replace(SMALL, style=style_spec.parse(str(tmp_path / "none.safetensors")))
    wait_until(lambda: session.paint(scene(), 0.04).style == "kandinsky" and bool(session.problem))
    session.settings = SMALL
    session.paint(scene(), 0.08)
    assert not session.problem
    with pytest.raises(StylizeVideoError):
        LiveSession(painters, replace(SMALL, style=style_spec.parse("kandinski"))).paint(scene(), 0.0)


def test_a_state_that_was_pickled_goes_on_to_the_bit(painters: LivePainters) -> None:
    session = LiveSession(painters, SMALL)
    for number in range(3):
        session.paint(scene(number), number / 25)
    other = LiveSession(painters, SMALL, state=pickle.loads(pickle.dumps(session.state)))
    for number in range(3, 6):
        one, two = (s.paint(scene(number), number / 25).picture for s in (session, other))
        assert np.array_equal(one, two)


def test_sessions_in_threads_of_their_own_know_nothing_of_each_other(painters: LivePainters) -> None:
    def paint_all(name: str, into: list[Picture]) -> None:
        session = LiveSession(painters, replace(SMALL, style=style_spec.parse(name)))
        into.extend(session.paint(scene(number), number / 25).picture for number in range(8))

    names = ("udnie", "kandinsky", "udnie")
    alone: list[list[Picture]] = [[] for _ in names]
    together: list[list[Picture]] = [[] for _ in names]
    for name, found in zip(names, alone, strict=True):
        paint_all(name, found)
    jobs = [threading.Thread(target=paint_all, args=pair) for pair in zip(names, together, strict=True)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    for one, other in zip(alone, together, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
        assert len(other) == 8


def test_after_a_gap_the_scene_is_another(painters: LivePainters) -> None:
    session = LiveSession(painters, SMALL)
    first = session.paint(scene(), 0.0).picture
    session.paint(scene(5), 0.04)
    assert np.array_equal(session.paint(scene(), 10.0).picture, first)


def test_a_session_is_freed_as_soon_as_nobody_has_it(painters: LivePainters) -> None:
    """With all its pictures: left to the garbage collector, they made a server grow with each visitor."""
    session = LiveSession(painters, SMALL)
    session.paint(scene(), 0.0)
    known = weakref.ref(session)
    gc.disable()
    try:
        del session
        assert known() is None
    finally:
        gc.enable()


def test_turns_are_given_in_order() -> None:
    turns, order = Turns(), []

    def take(number: int) -> None:
        with turns:
            order.append(number)

    def waiting(count: int) -> bool:
        return len(turns._waiting) == count

    jobs = [threading.Thread(target=take, args=(number,)) for number in range(5)]
    with turns:
        for number, job in enumerate(jobs):
            job.start()
            wait_until(partial(waiting, number + 2))
    for job in jobs:
        job.join()
    assert order == list(range(5))


def test_a_picture_is_painted_in_another_size_until_its_own_is_compiled(
    painters: LivePainters, monkeypatch: pytest.MonkeyPatch
) -> None:
    later: dict[object, Callable[[], None]] = {}  # what the background would do
    monkeypatch.setattr(painters._background, "do", lambda name, task, **_: later.setdefault(name, task))
    LiveSession(painters, SMALL).paint(scene(), 0.0)
    session = LiveSession(painters, SMALL)  # another visitor, whose camera stands upright
    upright = np.ascontiguousarray(scene()[:, :48])
    shown = session.paint(upright, 0.0)
    assert shown.size == (64, 48)
    assert shown.picture.shape == (64, 32, 3)
    for task in list(later.values()):
        task()
    assert session.paint(upright, 0.04).size == (32, 64)


class Counting:
    """What paints, which knows how often it has, and in which sizes."""

    notes: ClassVar[list[str]] = []

    def __init__(self) -> None:
        self.painted: list[tuple[int, ...]] = []

    def new_canvas(self, height: int, width: int) -> None: ...

    def new_shot(self) -> None: ...

    def paint(self, images: Picture, *_: object) -> Picture:
        self.painted.append(images.shape[1:3])
        return images


class Slow(Counting):
    """One whose programs take as long to compile as somebody wishes."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.may_end = threading.Event(), threading.Event()

    def paint(self, images: Picture, *more: object) -> Picture:
        self.began.set()
        assert self.may_end.wait(30)
        return super().paint(images, *more)


def test_nobody_waits_for_a_compiler_while_another_size_can_be_painted() -> None:
    slow = Slow()
    painter = SharedPainter(slow)  # type: ignore[arg-type]
    compiling = threading.Thread(target=painter.prepare, args=(720, 1280, None))
    compiling.start()
    assert slow.began.wait(30)
    painter.ready |= {(96, 64), (480, 272)}
    assert painter.nearest((480, 368), None) == (480, 272)  # else it would be waiting still
    assert not slow.painted
    slow.may_end.set()
    compiling.join()


def test_the_first_of_all_waits_for_any_size_that_is_being_compiled() -> None:
    slow, found = Slow(), []
    painter = SharedPainter(slow)  # type: ignore[arg-type]
    jobs = [
        threading.Thread(target=painter.prepare, args=(272, 480, None)),
        threading.Thread(target=lambda: found.append(painter.nearest((640, 480), None))),
    ]
    jobs[0].start()
    assert slow.began.wait(30)
    jobs[1].start()
    wait_until(lambda: len(painter._compiling._waiting) == 2)
    slow.may_end.set()
    for job in jobs:
        job.join()
    assert found == [(480, 272)]
    assert slow.painted == [(272, 480)]


def test_a_shared_painter_is_prepared_once() -> None:
    counting = Counting()
    painter = SharedPainter(counting)  # type: ignore[arg-type]
    for _ in range(3):
        painter.prepare(48, 64, None)
    assert len(counting.painted) == 1
    painter.paint(np.zeros((1, 48, 64, 3), np.uint8), [], None, None)
    assert len(counting.painted) == 2


def test_what_cannot_be_painted_live_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean"):
        check_style(style_spec.parse("kandinski"))
    with pytest.raises(UsageError, match="strength"):
        LiveSettings(strength=2)
    check_style(style_spec.parse("kandinsky:0.5,udnie:0.5"), DRAFT)


def test_pictures_of_other_kinds_are_refused(painters: LivePainters) -> None:
    with pytest.raises(ValueError, match="uint8"):
        LiveSession(painters, SMALL).paint(np.zeros((8, 8, 3), np.float32), 0.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(64, 48), (48, 32), (31, 17), (128, 96), (200, 100)])
def test_pictures_are_averaged_where_they_shrink(size: tuple[int, int]) -> None:
    found = resized(networks.noise(1, 96, 128), size)
    assert found.shape == (size[1], size[0], 3)
    assert abs(found.mean() - 127.5) < 3
    assert size[0] > 64 or found.std() < 0.75 * networks.noise(1, 96, 128).std()
