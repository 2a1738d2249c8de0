"""The progress of a batch on stderr: a bar for each film under way and one for all; else a line a film."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from stylize_video.commands.console import batch_words, cluster_words
from stylize_video.pipeline.jobs.batch.plan import BatchPlan
from stylize_video.pipeline.jobs.batch.processes.tasks import Progress as Far
from stylize_video.pipeline.jobs.batch.results import Listener, Result
from stylize_video.pipeline.jobs.cluster.population import Figures
from stylize_video.process.terminal import shown


class BatchProgress(Listener):
    """Shows what it is told. A context manager; what moves is gone at its end.

    Args:
        say: prints a line.
        listed: how many films of a plan are named.
    """

    def __init__(self, say: Callable[[str], None], *, quiet: bool, listed: int) -> None:
        self.plan: BatchPlan | None = None
        self.figures: Sequence[Figures] = ()
        self._say, self._quiet, self._listed = say, quiet, listed
        on = not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._bars = _Bars() if on else None
        self._watching = False

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def looking(self, name: str) -> None:
        """See `Listener`."""
        if self._bars is not None:
            self._bars.busy(f"looking at {name}")

    def measuring(self, name: str) -> None:
        """See `Listener`."""
        if self._bars is not None:
            self._bars.busy(f"measuring how long a frame takes: {name}")

    def planned(self, plan: BatchPlan) -> None:
        """See `Listener`."""
        if plan.later:
            for path, reason in plan.failed:
                self._print(f"failed: {batch_words.failure(path, reason)}")
            if self._bars is not None:
                self._bars.begin_all(len(plan.items), plan.frames)
            return
        self.plan = plan
        for line in batch_words.plan(plan, listed=self._listed):
            self._print(line)
        if self._bars is not None:
            self._bars.begin_all(len(plan.items), plan.frames)

    def begin(self, name: str) -> None:
        """See `Listener`."""
        if self._bars is not None:
            self._bars.begin(name)

    def progress(self, name: str, progress: Far) -> None:
        """See `Listener`."""
        if self._bars is not None:
            self._bars.update(name, progress)

    def end(self, name: str, result: Result) -> None:
        """See `Listener`."""
        for line in (batch_words.line(result), *batch_words.notes(result)):
            self._print(line)
        if self._bars is not None:
            self._bars.end(name, result.frames)

    def waiting(self, folder: Path) -> None:
        """See `Listener`."""
        if not self._watching:
            self._watching = True
            self._print(batch_words.watching(folder))
        if self._bars is not None:
            self._bars.busy(f"waiting for films in {batch_words.short(folder)}")

    def comparing(self, name: str) -> None:
        """See `Listener`."""
        if self._bars is not None:
            self._bars.busy(f"measuring for the report: {name}")

    def note(self, line: str) -> None:
        """See `Listener`."""
        self._print(f"note: {line}")

    def worked(self, figures: Sequence[Figures]) -> None:
        """See `Listener`."""
        self.figures = figures
        for line in cluster_words.worked(figures):
            self._print(line)

    def _print(self, line: str) -> None:
        if self._quiet:
            return
        if self._bars is not None:
            self._bars.print(line)
        else:
            self._say(line)


class _Bars:
    """A row for all films, and one for each that is under way."""

    def __init__(self) -> None:
        name = TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis", min_width=12),
        )
        figures = TextColumn("{task.fields[told]}", markup=False, table_column=Column(no_wrap=True))
        self._console = Console(file=sys.stderr, markup=False, emoji=False, highlight=False)
        bar = BarColumn(bar_width=20)
        self._progress = Progress(
            name,
            bar,
            figures,
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
            expand=True,
            refresh_per_second=8,
        )
        self._all: TaskID | None = None
        self._films: dict[str, TaskID] = {}
        self._frames: dict[str, int] = {}
        self._of, self._ended = 0, 0  # films
        self._frames_in_all, self._done = 0, 0  # frames
        self._busy: TaskID | None = None

    def start(self) -> None:
        self._progress.start()

    def stop(self) -> None:
        self._progress.stop()

    def print(self, line: str) -> None:
        self._console.print(Text(shown(line)))

    def busy(self, what: str) -> None:
        """Something is done of which nobody knows how long it takes."""
        if self._busy is None:
            self._busy = self._progress.add_task("", total=None, told="")
        self._progress.update(self._busy, description=shown(what))

    def begin_all(self, films: int, frames: int) -> None:
        if self._busy is not None:
            self._progress.remove_task(self._busy)
            self._busy = None
        self._of += films
        self._frames_in_all += frames
        if films:
            if self._all is None:
                self._all = self._progress.add_task("all films", total=None, told="")
            self._progress.update(self._all, total=self._frames_in_all or None)
            self._tell_all()

    def begin(self, name: str) -> None:
        self._films[name] = self._progress.add_task(shown(name), total=None, told="loading")

    def update(self, name: str, far: Far) -> None:
        told = f"{far.frames}{'' if far.of is None else f'/{far.of}'} frames"
        if far.step is not None:
            told += f", step {far.step.number} of {far.step.of}"
        self._progress.update(self._films[name], completed=far.frames, total=far.of, told=told)
        self._frames[name] = far.frames
        self._tell_all()

    def end(self, name: str, frames: int) -> None:
        if name in self._films:
            self._progress.remove_task(self._films.pop(name))
        self._frames.pop(name, None)
        self._done += frames
        self._ended += 1
        self._tell_all()

    def _tell_all(self) -> None:
        if self._all is not None:
            done = self._done + sum(self._frames.values())
            told = f"{self._ended} of {batch_words.counted(self._of, 'film')}"
            self._progress.update(self._all, completed=done, told=told)
