"""The line that says how far a film is: it fits its terminal, tells the truth, and goes."""

from __future__ import annotations

import io
import re
import time
from types import SimpleNamespace
from typing import Any

import pytest

from stylize_video.commands.console import progress
from stylize_video.commands.console.progress import FilmProgress
from stylize_video.models.gatys.optimisation import Step


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        """All that was drawn, one over the other."""
        return self.getvalue().split("\r")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Stderr, of 80 columns, and a clock that moves a second a drawing."""
    made, now = Terminal(), [0.0]

    def clock() -> float:
        now[0] += 1.0
        return now[0]

    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=made))
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=clock))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    return made


def film(frames: int | None) -> Any:
    return SimpleNamespace(frame_count=frames)


JAPANESE = "painting 東京物語東京物語東京物語東京物語.mp4"  # two columns a letter
LONG = "painting a film whose name is longer than any terminal is wide, as downloaded ones have it.mkv"


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
@pytest.mark.parametrize("title", ["painting film.mp4", LONG, JAPANESE])
def test_it_fits_the_terminal(
    title: str, columns: int, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    with FilmProgress(title) as bar:
        bar.start(film(123456))
        for frames in range(1, 30):
            bar.step(Step(frames, 200, 12345.678))
            bar.update(frames * 1000)
    assert max(progress._columns(line) for line in terminal.lines) < columns
    assert "\n" not in terminal.getvalue()


@pytest.mark.parametrize(("columns", "told"), [(40, "frames/s"), (48, "left"), (26, "frames")])
def test_in_a_narrow_terminal_it_tells_less_and_cuts_no_word(
    columns: int, told: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    with FilmProgress(LONG) as bar:
        bar.start(film(1234))
        for frames in range(1, 9):
            bar.update(frames * 100)
    drawn = [line for line in terminal.lines if "800/" in line]
    assert drawn[-1].rstrip().endswith(told)


def test_it_tells_frames_rate_and_time_left(terminal: Terminal) -> None:
    with FilmProgress("painting film.mp4") as bar:
        assert terminal.lines[-1] == "painting film.mp4  loading"
        bar.start(film(90))
        bar.update(1)
        bar.update(30)
    drawn = [line for line in terminal.lines if "30/90" in line]
    pattern = r"painting film\.mp4  (━+)(╌+)  30/90 frames, ([\d.]+) frames/s, 0:(\d\d) left"
    found = re.fullmatch(pattern, drawn[-1])
    assert found is not None, drawn
    assert len(found[1]) * 2 == pytest.approx(len(found[2]), abs=2)
    assert float(found[3]) * int(found[4]) == pytest.approx(60, rel=0.1)


def test_what_an_interrupted_run_has_painted_is_not_counted_as_speed(terminal: Terminal) -> None:
    with FilmProgress("painting film.mp4") as bar:
        bar.start(film(90))
        bar.update(60)
        bar.update(61)
    rates = [float(found[1]) for line in terminal.lines if (found := re.search(r"([\d.]+) frames/s", line))]
    assert 0 < max(rates) <= 1


def test_what_is_not_known_is_not_told(terminal: Terminal) -> None:
    with FilmProgress("painting film.mp4") as bar:
        bar.start(film(None))
        bar.update(30)
    drawn = [line for line in terminal.lines if "30 frames" in line]
    assert "left" not in drawn[-1]
    assert "━" not in drawn[-1]


def test_the_step_of_an_optimised_picture_is_told(terminal: Terminal) -> None:
    with FilmProgress("painting film.mp4") as bar:
        bar.start(film(50))
        bar.step(Step(12, 200, 3.14159))
        assert "painting film.mp4, step 12 of 200, loss 3.14  " in terminal.lines[-1]


def test_nothing_is_left_of_it(terminal: Terminal) -> None:
    with FilmProgress("painting film.mp4") as bar:
        bar.start(film(50))
    blank, end = terminal.lines[-2:]
    assert not blank.strip()
    assert len(blank) >= max(len(line) for line in terminal.lines)
    assert end == ""


def test_without_a_terminal_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))
    with FilmProgress("painting film.mp4") as bar:
        bar.start(film(50))
        bar.update(50)
    assert stream.getvalue() == ""


def test_it_is_not_drawn_for_each_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fast film has hundreds a second."""
    made = Terminal()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=made))
    monkeypatch.setenv("TERM", "xterm")
    began = time.monotonic()
    with FilmProgress("painting film.mp4") as bar:
        bar.start(film(5000))
        for frames in range(5000):
            bar.update(frames)
    took = time.monotonic() - began
    assert len(made.lines) <= 4 + took / progress._EVERY
