"""What is done meanwhile, by threads of their own, so that no picture waits for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from contextlib import suppress

_NICENESS = 5  # of the thread for what nobody waits for; painting has 0


class Background:
    """Two threads that do what they are told, one thing after the other and each once.

    One does what somebody waits for. The other does what may be wanted later, with a lower priority than
    painting: on a busy machine it may take long, and the first one does not wait for it.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tasks: tuple[dict[Hashable, Callable[[], None]], ...] = (
            {},
            {},
        )  # of each thread, in their order
        self._under_way: list[Hashable] = [None, None]
        self._threads: list[threading.Thread] = []
        self._closed = False

    def do(self, name: Hashable, task: Callable[[], None], *, last: bool = False) -> None:
        """Do a thing unless it is under way, or waits already; `last` if nobody waits for it."""
        tasks = self._tasks[last]
        with self._changed:
            if self._closed or name in tasks or name in self._under_way:
                return
            tasks[name] = task
            if not self._threads:
                self._threads = [
                    threading.Thread(target=self._run, args=(n,), name="stylize-video loader", daemon=True)
                    for n in range(len(self._tasks))
                ]
                for thread in self._threads:
                    thread.start()
            self._changed.notify_all()

    def close(self) -> None:
        """End the threads; what they are at, they end first. Safe to call again."""
        with self._changed:
            self._closed = True
            for tasks in self._tasks:
                tasks.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        if number:
            with suppress(AttributeError, OSError):  # only Linux has priorities of threads
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        tasks = self._tasks[number]
        while True:
            with self._changed:
                self._under_way[number] = None
                self._changed.wait_for(lambda: tasks or self._closed)
                if self._closed:
                    return
                name = self._under_way[number] = next(iter(tasks))
                task = tasks.pop(name)
            task()
