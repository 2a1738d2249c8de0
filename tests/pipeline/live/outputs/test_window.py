"""The window, driven as by a hand: each key does what the list on the screen says (Xvfb and xdotool).

STYLIZE_VIDEO_REQUIRE_SCREEN=1 promises both programs; else the test is left out where they are missing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.pipeline import _clips
from tests.pipeline._clips import Clip

SECONDS = 60  # that each step may take; on a busy machine the first picture alone takes many


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[str]:
    """The name of a display of its own."""
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        if os.environ.get("STYLIZE_VIDEO_REQUIRE_SCREEN") == "1":
            pytest.fail("STYLIZE_VIDEO_REQUIRE_SCREEN=1, but Xvfb or xdotool is missing")
        pytest.skip("Xvfb or xdotool is not installed")
    heard, told = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(told), "-screen", "0", "800x600x24", "-nolisten", "tcp"],
        pass_fds=[told],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(told)
    with os.fdopen(heard) as lines:
        yield f":{lines.readline().strip()}"
    server.terminate()
    server.wait(10)


class Live:
    """The command in a process of its own, its window, and what it says each second."""

    def __init__(self, film: Path, folder: Path, display: str) -> None:
        self.environment = {**os.environ, "DISPLAY": display, "OMP_NUM_THREADS": "1"}
        self._said = (folder / "said.json").open("w+")
        command = [sys.executable, "-m", "stylize_video", "live", "--camera", str(film), "--json"]
        self.process = subprocess.Popen(
            [*command, "--size", "256", "--max-size", "320"],
            cwd=folder,
            env=self.environment,
            stdout=self._said,
            stderr=subprocess.PIPE,
            text=True,
        )

    def press(self, *keys: str) -> None:
        self._xdotool("key", "--delay", "50", "--window", self.window, *keys)  # ms; OpenCV loses faster ones

    @property
    def window(self) -> str:
        return self._xdotool("search", "--name", "stylize-video").split()[0]

    @property
    def geometry(self) -> str:
        return self._xdotool("getwindowgeometry", self.window)

    def _xdotool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=self.environment, capture_output=True, text=True, timeout=30, check=False
        )
        return done.stdout

    @property
    def status(self) -> dict[str, Any]:
        """The last whole line."""
        lines = Path(self._said.name).read_text().splitlines(keepends=True)
        return json.loads([line for line in lines if line.endswith("\n")][-1])

    def wait(self, is_so: Callable[[], Any]) -> None:
        until = time.monotonic() + SECONDS
        while True:
            with suppress(IndexError):  # nothing was said yet, or there is no window
                if is_so():
                    return
            assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
            assert time.monotonic() < until, self.status
            time.sleep(0.2)

    def screenshot(self, path: Path) -> Any:
        command = ["ffmpeg", "-v", "error", "-y", "-f", "x11grab", "-video_size", "800x600"]
        subprocess.run(
            [*command, "-i", self.environment["DISPLAY"], "-frames:v", "1", str(path)], check=True, timeout=30
        )
        return cv2.imread(str(path))

    def tints(self, path: Path) -> tuple[float, float]:
        """How much more red than blue there is at the left and at the right."""
        picture = self.screenshot(path)[70:180].astype(float)
        excess = picture[..., 2] - picture[..., 0]
        return float(np.median(excess[:, :40])), float(np.median(excess[:, 280:320]))

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._said.close()
        if self.process.stderr is not None:
            self.process.stderr.close()


@pytest.fixture
def live(screen: str, tmp_path: Path) -> Iterator[Live]:
    film = _clips.make(tmp_path / "film.mkv", Clip(size=(320, 240), frames=1800, rate=Fraction(12)))
    running = Live(film, tmp_path, screen)
    yield running
    running.end()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_key_does_what_the_list_says(live: Live, tmp_path: Path) -> None:
    live.wait(lambda: live.status["painted"] > 2 and live.window)
    live.wait(lambda: "Geometry: 320x240" in live.geometry)
    for key, style in (
        ("n", "starry-night"),
        ("Right", "great-wave"),
        ("p", "starry-night"),
        ("Left", "kandinsky"),
    ):
        live.press(key)
        live.wait(lambda style=style: live.status["style"] == style)  # type: ignore[misc]
    live.press("o")
    live.wait(lambda: "Geometry: 640x240" in live.geometry)
    live.press("o")
    live.wait(lambda: "Geometry: 320x240" in live.geometry)
    if shutil.which("ffmpeg"):
        _look(live, tmp_path)
    live.press("s")
    live.wait(lambda: list(tmp_path.glob("stylize-video_*.png")))
    live.press("r")
    live.wait(lambda: live.status["recorded"] > 0)
    live.press("r")
    live.wait(lambda: list(tmp_path.glob("stylize-video_*.mp4")))
    live.press("q")
    assert live.process.wait(SECONDS) == 0
    assert live.status["ended"]
    assert len(live.status["recordings"]) == 1


def _look(live: Live, folder: Path) -> None:
    """What only a look at the screen tells: strength, colours, mirror, the list of keys."""
    film = (255, -255)  # red at the left, cyan at the right

    def like(wanted: tuple[int, int]) -> bool:
        return all(abs(a - b) < 80 for a, b in zip(live.tints(folder / "a.png"), wanted, strict=True))

    def hold(key: str, is_so: Callable[[], bool]) -> None:
        live.wait(lambda: live.press(*10 * [key]) or is_so())

    live.wait(lambda: not like(film))
    for less, more in (("minus", "Up"), ("Down", "plus")):
        hold(less, lambda: like(film))  # nothing is left of the painting
        hold(more, lambda: not like(film))
    hold("minus", lambda: like(film))
    live.press("m")
    live.wait(lambda: like(film[::-1]))
    live.press("m")
    live.wait(lambda: like(film))
    hold("equal", lambda: not like(film))
    live.press("c")
    live.wait(lambda: like(film))
    live.press("c")
    live.wait(lambda: not like(film))
    before = live.screenshot(folder / "b.png")[:150, :100].mean()
    for key, is_so in (("h", lambda now: now < 0.6 * before), ("question", lambda now: now > 0.8 * before)):
        live.press(key)
        live.wait(lambda is_so=is_so: is_so(live.screenshot(folder / "b.png")[:150, :100].mean()))
