"""The processes that a batch works in: started when they are needed, replaced when one crashes.

Processes and not threads, because a library that crashes on a damaged film takes only one of them along, and
each has its own interpreter. They stay: a painter is loaded once in each.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Protocol, Self

from stylize_video.models.runtimes.devices import core_count
from stylize_video.pipeline.jobs.batch.processes.tasks import Given, Progress, Task
from stylize_video.pipeline.jobs.batch.processes.worker import Message
from stylize_video.pipeline.jobs.batch.processes.worker_process import WorkerProcess
from stylize_video.process import signals


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
        self._workers: list[WorkerProcess] = []
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
        self._workers.append(WorkerProcess(log, self._threads))
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
