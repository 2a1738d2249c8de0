"""What is done meanwhile, by a thread of its own, so that no picture waits for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from contextlib import suppress

_NICENESS = 5  # of the thread; painting has 0


class Background:
    """A thread that does what it is told, one thing after the other and each once.

    It has a lower priority than painting. What somebody waits for comes first.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tasks: dict[Hashable, Callable[[], None]] = {}  # in their order; somebody waits for these
        self._later: dict[Hashable, Callable[[], None]] = {}  # nobody does for these
        self._under_way: Hashable = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def do(self, name: Hashable, task: Callable[[], None], *, last: bool = False) -> None:
        """Do a thing unless it is under way, or waits already; `last` if nobody waits for it."""
        tasks = self._later if last else self._tasks
        with self._changed:
            if self._closed or name in tasks or name == self._under_way:
                return
            tasks[name] = task
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="stylize-video loader", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread; what it is at, it ends first. Safe to call again."""
        with self._changed:
            self._closed = True
            self._tasks.clear()
            self._later.clear()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with suppress(AttributeError, OSError):  # only Linux has priorities of threads
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        while True:
            with self._changed:
                self._under_way = None
                self._changed.wait_for(lambda: self._tasks or self._later or self._closed)
                if self._closed:
                    return
                tasks = self._tasks or self._later
                self._under_way = next(iter(tasks))
                task = tasks.pop(self._under_way)
            task()
