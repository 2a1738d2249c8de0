"""The newest picture wins; cameras that freeze, hang or vanish are noticed, and taken up again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from stylize_video.errors import InputError
from stylize_video.pictures.pictures import Picture
from stylize_video.pipeline.live import capture
from stylize_video.pipeline.live.capture import Capture
from stylize_video.pipeline.sources.camera import CameraLostError
from tests.pipeline.live.cameras import Script, moving, then_frozen, then_gone, then_hanging


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def take_for_ever(taking: Capture) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        taking.take(0.05)


def several(*scripts: Callable[[], Iterator[Picture]]) -> Callable[[], Iterator[Picture]]:
    """A script for each time that the camera is opened; the last for all further ones."""
    left = list(scripts)
    return lambda: (left.pop(0) if len(left) > 1 else left[0])()


def absent() -> Iterator[Picture]:
    raise CameraLostError("test camera: there is no such camera")
    yield  # pragma: no cover - a generator, so that reading raises


def test_the_newest_picture_wins_and_the_others_are_counted() -> None:
    began = time.monotonic()
    with Capture(lambda: Script(moving, rate=200)) as taking:
        wait_until(lambda: taking.arrived > 20)
        frame = taking.take(1)
        assert frame is not None
        assert frame.time - began >= 20 / 200  # not one of the first twenty
        assert taking.dropped >= 19
        assert taking.state == capture.LIVE
        assert taking.rate > 0


def test_a_film_ends_when_its_last_picture_was_taken() -> None:
    with Capture(lambda: Script(lambda: moving(3))) as taking:
        wait_until(lambda: taking.state == capture.ENDED)
        assert not taking.ended
        assert taking.take(1) is not None
        assert taking.ended
        assert taking.take(0.01) is None


def test_no_camera_is_a_clear_line() -> None:
    with Capture(lambda: Script(absent)) as taking, pytest.raises(CameraLostError, match="no such camera"):
        taking.take(5)


def test_a_camera_that_vanishes_is_a_clear_line_after_its_last_picture() -> None:
    with Capture(lambda: Script(lambda: then_gone(1))) as taking:
        wait_until(lambda: taking._error is not None)
        assert taking.take(5) is not None
        with pytest.raises(CameraLostError, match="no more pictures"):
            taking.take(5)


def test_a_camera_that_vanishes_is_taken_up_again() -> None:
    script = several(absent, lambda: then_gone(2), absent, absent, moving)
    camera = Script(script)
    with Capture(lambda: camera, reconnect=True, again=0.01) as taking:
        wait_until(lambda: camera.opened >= 5 and taking.state == capture.LIVE)
        assert taking.take(5) is not None
        assert not taking.trouble


def test_while_it_is_gone_that_is_said() -> None:
    with Capture(lambda: Script(absent), reconnect=True, again=30) as taking:
        wait_until(lambda: taking.state == capture.LOST)
        assert "no such camera" in taking.trouble
        assert taking.take(0.01) is None


def test_one_that_hangs_in_its_driver_is_given_up() -> None:
    free = threading.Event()
    with Capture(lambda: Script(lambda: then_hanging(1, free)), silent=0.3) as taking:
        assert taking.take(5) is not None
        with pytest.raises(CameraLostError, match=r"gave no picture for 0\.3 s"):
            take_for_ever(taking)
        free.set()


def test_one_that_hangs_is_replaced_where_it_is_waited_for() -> None:
    free = threading.Event()
    cameras = [Script(lambda: then_hanging(1, free)), Script(moving)]
    with Capture(lambda: cameras.pop(0), reconnect=True, silent=0.3, again=0.01) as taking:
        wait_until(lambda: taking.take(0.05) is not None and taking.arrived > 3)
        assert not cameras
        free.set()


def test_a_frozen_picture_is_said_and_the_camera_opened_again() -> None:
    camera = Script(several(lambda: then_frozen(3), moving))
    with Capture(lambda: camera, still=0.1) as taking:
        wait_until(lambda: camera.opened >= 2 and taking.state == capture.LIVE)


def test_a_frozen_camera_that_is_gone_is_a_clear_line() -> None:
    camera = Script(several(lambda: then_frozen(3), absent))
    with Capture(lambda: camera, still=0.1) as taking, pytest.raises(CameraLostError, match="no such camera"):
        take_for_ever(taking)


def test_a_camera_whose_lens_is_covered_is_not_opened_for_ever() -> None:
    camera = Script(lambda: then_frozen(0))
    with Capture(lambda: camera, still=0.05) as taking:
        wait_until(lambda: taking.state == capture.STILL and taking.arrived > 60)
        assert "very same picture" in taking.trouble
        assert camera.opened <= 6


def test_a_film_may_stand_still() -> None:
    camera = Script(lambda: then_frozen(1), may_stand_still=True)
    with Capture(lambda: camera, still=0.05) as taking:
        wait_until(lambda: taking.arrived > 40)
        assert (taking.state, camera.opened) == (capture.LIVE, 1)


def test_what_is_no_camera_at_all_is_not_waited_for() -> None:
    def broken() -> Iterator[Picture]:
        raise InputError("no film")
        yield  # pragma: no cover

    with (
        Capture(lambda: Script(broken), reconnect=True) as taking,
        pytest.raises(InputError, match="no film"),
    ):
        taking.take(5)
