"""Threads keep the priority that their process was given."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def kept() -> Iterator[None]:
    """Take back what a library does meanwhile to the priority of this thread, and of those that it starts.

    SVT-AV1 makes real-time threads of its own and of the one that opens it wherever that is permitted, as for
    root in a container. They take the processors from everything else, and children inherit it.
    """
    if not hasattr(os, "sched_getscheduler"):  # not Linux
        yield
        return
    policy, parameters, before = os.sched_getscheduler(0), os.sched_getparam(0), _threads()
    try:
        yield
    finally:
        for thread in {threading.get_native_id(), *(_threads() - before)}:
            with suppress(OSError):  # it has ended
                os.sched_setscheduler(thread, policy, parameters)


def _threads() -> set[int]:
    """Native numbers of all threads of this process."""
    with suppress(OSError):
        return {int(path.name) for path in Path("/proc/self/task").iterdir()}
    return set()
