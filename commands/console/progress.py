"""The progress bar of a film: frames, total, frames/s, time left. On stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from stylize_video.pipeline.signal import Signal
from stylize_video.process.terminal import shown

if TYPE_CHECKING:
    from stylize_video.models.gatys.optimisation import Step


class _FrameRate(ProgressColumn):
    """Frames a second, over the last half minute."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f} frames/s" if speed else "- frames/s")


class FilmProgress:
    """A bar that appears once the film is known. A context manager."""

    def __init__(self, title: str) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("frames"),
            _FrameRate(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,  # else it would still end in an empty line
        )
        self._title = shown(title)
        self._task = self._progress.add_task(self._title, total=None, start=False)

    def start(self, signal: Signal) -> None:
        """Set the total, as far as the film's header knows it."""
        self._progress.update(self._task, total=signal.frame_count)
        self._progress.start_task(self._task)

    def update(self, frames: int) -> None:
        """So many frames are written."""
        self._progress.update(self._task, completed=frames)

    def step(self, step: Step) -> None:
        """So far is the picture or keyframe that is optimised now."""
        told = f"{self._title}, step {step.number} of {step.of}, loss {step.loss:.3f}"
        self._progress.update(self._task, description=told)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
