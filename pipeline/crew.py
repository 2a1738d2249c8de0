"""The threads of one run: started together, ended together, the first error out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from stylize_video.pipeline.channel import Channel


class Crew:
    """The threads of one run, and the first error among them.

    Args:
        channels: abandoned when anybody fails, so that nobody waits for ever.
    """

    def __init__(self, *channels: Channel[Any]) -> None:
        self._channels = channels
        self.seconds: dict[str, float] = {}  # from start to end, by thread
        self._threads: list[tuple[threading.Thread, threading.Event]] = []
        self._lock = threading.Lock()
        self._error: BaseException | None = None

    def start(self, name: str, work: Callable[[], None]) -> None:
        done, began = threading.Event(), time.perf_counter()

        def guarded() -> None:
            try:
                work()
            except BaseException as error:
                self.fail(error)
            finally:
                self.seconds[name] = time.perf_counter() - began
                done.set()

        thread = threading.Thread(target=guarded, name=f"stylize-video {name}", daemon=True)
        thread.start()
        self._threads.append((thread, done))

    def fail(self, error: BaseException) -> None:
        """Remember the first error and stop everybody."""
        with self._lock:
            if self._error is None:
                self._error = error
        for channel in self._channels:
            channel.abandon()

    def end(self) -> None:
        """Wait for the threads, then raise the first error if there was one.

        A Ctrl-C that comes this late waits for the writer too: it has a few frames left at most.
        """
        try:
            self._join()
        except KeyboardInterrupt:
            self._join()
            raise
        if self._error is not None:
            raise self._error

    def _join(self) -> None:
        # Until the thread says so itself: a Ctrl-C inside Thread.join makes Python 3.11 take a
        # running thread for a stopped one.
        for thread, done in self._threads:
            done.wait()
            thread.join()
