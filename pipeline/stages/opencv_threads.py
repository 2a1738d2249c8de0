"""How many threads OpenCV may use while stages run that ask a lot of it.

Painting needs most of the cores, and threads that wait for each other take time from it. The number is one
for the whole process, so stages that run at the same time share it: the first sets it, and the last puts
back what it was before.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2


class _Limits:
    """Of all who run at the moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[int] = []
        self._before = 0

    def add(self, threads: int) -> None:
        with self._lock:
            if not self._asked:
                self._before = cv2.getNumThreads()
            self._asked.append(threads)
            cv2.setNumThreads(min(self._asked))

    def remove(self, threads: int) -> None:
        with self._lock:
            self._asked.remove(threads)
            cv2.setNumThreads(min(self._asked, default=self._before))


_LIMITS = _Limits()


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """At most so many meanwhile."""
    _LIMITS.add(threads)
    try:
        yield
    finally:
        _LIMITS.remove(threads)
