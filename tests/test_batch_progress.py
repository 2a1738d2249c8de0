"""The progress of a batch: a bar for each film and one for all on a terminal, else a line a film."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stylize_video.commands.console.batch_progress import BatchProgress
from stylize_video.pipeline.jobs.batch.processes.tasks import Progress
from stylize_video.pipeline.jobs.batch.results import FAILED, PAINTED, Listener, Result


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


def tell(listener: Listener) -> None:
    """Two films, of which one fails, as a batch tells of them."""
    plan: Any = SimpleNamespace(later=True, failed=[], items=["a.mp4", "b.mp4"], frames=30)
    listener.looking("a.mp4")
    listener.planned(plan)
    listener.begin("a.mp4")
    listener.begin("b.mp4")
    listener.progress("a.mp4", Progress(5, 20))
    listener.progress("b.mp4", Progress(0, None))
    listener.end(
        "a.mp4", Result(Path("a.mp4"), PAINTED, Path("out/a.mp4"), 20, 4.0, notes=("sound is lost",))
    )
    listener.end("b.mp4", Result(Path("b.mp4"), FAILED, reason="b.mp4: is a text\x1b[2J"))
    listener.waiting(Path("in"))


WORDS = [
    "painted a.mp4: 20 frames in 4.0 s (5.0 frames/s)",
    "  note: sound is lost",
    "failed: b.mp4: is a text",
]


def test_on_a_terminal_films_have_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    with BatchProgress(pytest.fail, quiet=False, listed=9) as shown:
        tell(shown)
        assert shown._bars is not None
        shown._bars._progress.refresh()
    drawn = terminal.getvalue()
    for told in (*WORDS, "all films", "2 of 2 films", "waiting for films in in"):
        assert told in drawn
    assert "text\x1b[2J" not in drawn


def test_elsewhere_there_are_lines_and_quietly_none(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    for quiet in (True, False):
        with BatchProgress(said.append, quiet=quiet, listed=9) as shown:
            tell(shown)
    assert [line.partition("\x1b")[0] for line in said[:3]] == WORDS
    assert len(said) == 4
