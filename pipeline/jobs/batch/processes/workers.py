"""The processes that a batch works in: started when they are needed, replaced when one crashes.

Processes and not threads, because a library that crashes on a damaged film takes only one of them along, and
each has its own interpreter. They stay: a painter is loaded once in each.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

from stylize_video.models.runtimes.devices import core_count
from stylize_video.pipeline.jobs.batch.processes import worker
from stylize_video.pipeline.jobs.batch.processes.tasks import Progress, Task
from stylize_video.pipeline.jobs.batch.processes.worker import Failure, Message
from stylize_video.process import signals

_PATIENCE = 5.0  # s, for an idle process to end
_LONGEST = 200  # characters of what a library said last


class Given(NamedTuple):
    """A task, and whose it is."""

    name: Any
    task: Task


class Painters(Protocol):
    """Whoever does tasks: the processes of this machine, or others."""

    @property
    def idle(self) -> int:
        """How many more tasks could be begun."""
        ...

    def give(self, name: Any, task: Task) -> None:
        """Begin a task; there has to be somebody idle."""
        ...

    def wait(self, timeout: float | None = None) -> list[tuple[Given, Message]]:
        """What they tell, each message with the task that it is about; after `timeout` s nothing."""
        ...

    def interrupt(self) -> list[tuple[Given, Message]]:
        """Let all end as by Ctrl-C; what they have finished before they heard it."""
        ...


class Workers:
    """A context manager; at its end all processes have ended.

    Args:
        jobs: how many there may be.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._threads = max(1, core_count() // jobs)
        self._workers: list[_Worker] = []
        self._logs = tempfile.TemporaryDirectory(prefix="stylize-video-", ignore_cleanup_errors=True)
        self._started = 0

    def __enter__(self) -> Self:
        signals.half_written(Path(self._logs.name))
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._workers:
            each.close()
        self._logs.cleanup()
        signals.whole(Path(self._logs.name))

    @property
    def idle(self) -> int:
        """How many more tasks could be begun."""
        return self._jobs - sum(each.given is not None for each in self._workers)

    def give(self, name: Any, task: Task) -> None:
        """Begin a task; there has to be somebody idle."""
        for each in [each for each in self._workers if each.given is None]:
            if each.is_running:
                each.give(Given(name, task))
                return
            self._workers.remove(each)  # it has crashed while it was idle
            each.close()
        log = Path(self._logs.name, f"{self._started}.log")
        self._started += 1
        self._workers.append(_Worker(log, self._threads))
        self._workers[-1].give(Given(name, task))

    def wait(self, timeout: float | None = None) -> list[tuple[Given, Message]]:
        """What the processes tell, each message with the task that it is about; after `timeout` s nothing."""
        ready = wait([each.connection for each in self._workers if each.given is not None], timeout)
        found = []
        for each in [each for each in self._workers if each.connection in ready]:
            given = each.given
            assert given is not None
            found.append((given, each.receive()))
            if not each.is_alive:
                self._workers.remove(each)
        return found

    def interrupt(self) -> list[tuple[Given, Message]]:
        """Let all end as by Ctrl-C; what they have finished before they heard it."""
        busy = [each for each in self._workers if each.given is not None]
        for each in busy:
            each.interrupt()
        found = []
        for each in busy:
            while (given := each.given) is not None:
                message = each.receive()
                if message.kind == "done":
                    found.append((given, message))
            self._workers.remove(each)
            each.close()
        return found


def work(
    workers: Painters,
    tasks: Iterable[tuple[Any, Task]],
    on_begin: Callable[[Any], None],
    on_progress: Callable[[Any, Progress], None],
) -> Iterator[tuple[Any, Any]]:
    """Do all tasks; their names and what came of them, as they end. A `Failure` is what came of one, too.

    Each task is only asked for when there is somebody to do it.
    """
    waiting = iter(tasks)
    under_way = 0
    while True:
        while workers.idle and (following := next(waiting, None)) is not None:
            name, task = following
            on_begin(name)
            workers.give(name, task)
            under_way += 1
        if not under_way:
            return
        for given, message in workers.wait():
            if message.kind == "progress":
                on_progress(given.name, message.content)
            else:
                under_way -= 1
                yield given.name, message.content


class _Worker:
    """One process."""

    def __init__(self, log: Path, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        if hasattr(signal, "pthread_sigmask"):
            resource_tracker.ensure_running()  # lets signals through when it is started
        self._log = log
        self.given: Given | None = None
        self.is_alive = True
        self.connection, theirs = context.Pipe()
        self._process = context.Process(
            target=worker.main, args=(theirs, log, threads), name="stylize-video worker", daemon=True
        )
        with _held_back():  # until it hears signals as it should
            self._process.start()
        theirs.close()

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process.is_alive()

    def give(self, given: Given) -> None:
        self.given = given
        with suppress(OSError):  # it has crashed; `receive` says so
            self.connection.send(given.task)

    def receive(self) -> Message:
        """What it tells; that it has crashed, if it has."""
        try:
            message: Message = self.connection.recv()
        except (EOFError, OSError):
            message = Message("failed", self._crash())
        if message.kind != "progress":
            self.given = None
        return message

    def _crash(self) -> Failure:
        self.is_alive = False
        self.connection.close()
        self._process.join()
        self._remove_half_written()
        code = self._process.exitcode or 0
        how = f"with exit code {code}"
        if code < 0:
            how = f"by {signal.Signals(-code).name}"
            how += ", perhaps for want of memory" if -code == getattr(signal, "SIGKILL", 0) else ""
        said = self._last_words()
        return Failure(f"the process that worked on it was ended {how}" + (f" ({said})" if said else ""))

    def _remove_half_written(self) -> None:
        paths: set[str] = set()
        with suppress(OSError, ValueError):  # it may have crashed in the middle of a line
            for line in worker.half_written_by(self._log).read_text("ascii").splitlines():
                what, value = json.loads(line)
                if what in ("begin", "whole"):
                    (paths.add if what == "begin" else paths.discard)(value)
        for path in paths:
            signals.remove(Path(path))

    def _last_words(self) -> str:
        try:
            lines = self._log.read_text("utf-8", "replace").split("\n")
        except OSError:
            return ""
        return next((line.strip()[:_LONGEST] for line in reversed(lines) if line.strip()), "")

    def interrupt(self) -> None:
        """Let it keep what is to be kept, and end."""
        if self.is_alive and self._process.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)

    def close(self) -> None:
        """End it; what it is at comes to nothing."""
        if not self.is_alive:
            return
        self.is_alive = False
        with suppress(OSError):
            self.connection.send(None)
        if self.given is not None:
            self.interrupt()
        self.connection.close()
        self._process.join(None if self.given is not None else _PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()


class _held_back:  # noqa: N801 - as a function is called
    """Signals wait meanwhile, here and in a process that begins."""

    def __enter__(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            self._before = signal.pthread_sigmask(signal.SIG_BLOCK, signals.HEARD)

    def __exit__(self, *_: object) -> None:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_SETMASK, self._before)
