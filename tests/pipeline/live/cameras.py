"""Cameras for tests: they do what a script says, quickly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np

from stylize_video.pictures.pictures import Picture
from stylize_video.pipeline.live import timecode
from stylize_video.pipeline.sources.camera import CameraLostError, LiveFrame

SIZE = (64, 48)  # px


def picture(seed: int, size: tuple[int, int] = SIZE) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)


class Script:
    """A camera that follows a script: of its pictures, or of what it raises. A `Camera`.

    Args:
        script: called at each `open`; what it gives is read.
        rate: pictures/s.
    """

    name = "test camera"

    def __init__(
        self, script: Callable[[], Iterator[Picture]], *, rate: float = 200.0, may_stand_still: bool = False
    ) -> None:
        self._script, self._rate = script, rate
        self.may_stand_still = may_stand_still
        self.opened = 0
        self._pictures: Iterator[Picture] = iter(())

    def open(self) -> None:
        self.opened += 1
        self._pictures = self._script()

    def read(self) -> LiveFrame | None:
        time.sleep(1 / self._rate)
        found = next(self._pictures, None)
        return None if found is None else LiveFrame(found, time.monotonic())

    def close(self) -> None:
        self._pictures = iter(())


def moving(count: int = 10**9, size: tuple[int, int] = SIZE) -> Iterator[Picture]:
    for number in range(count):
        yield picture(number % 50, size)


def then_gone(count: int) -> Iterator[Picture]:
    yield from moving(count)
    raise CameraLostError("test camera: gives no more pictures")


def then_frozen(count: int) -> Iterator[Picture]:
    yield from moving(count)
    last = picture(count)
    while True:
        yield last.copy()


def then_hanging(count: int, until: threading.Event) -> Iterator[Picture]:
    yield from moving(count)
    until.wait(30)


def timed(size: tuple[int, int] = (320, 240)) -> Iterator[Picture]:
    """Pictures with the time in them at which they are taken."""
    for scene in moving(size=size):
        smooth = np.repeat(np.repeat(scene[::16, ::16], 16, 0), 16, 1)[: size[1], : size[0]]
        yield timecode.draw(smooth, round(time.monotonic() * 1000))
