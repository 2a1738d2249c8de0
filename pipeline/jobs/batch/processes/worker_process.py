"""One process of a batch, as its parent knows it: what it is given, what it tells, and how it ended."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from contextlib import suppress
from multiprocessing import resource_tracker
from pathlib import Path

from stylize_video.pipeline.jobs.batch.processes import worker
from stylize_video.pipeline.jobs.batch.processes.tasks import Given
from stylize_video.pipeline.jobs.batch.processes.worker import Failure, Message
from stylize_video.process import signals

_PATIENCE = 5.0  # s, for an idle process to end
_LONGEST = 200  # characters of what a library said last


class WorkerProcess:
    """Started when it is made.

    Args:
        log: a file for what libraries print there.
        threads: for computing.

    Attributes:
        given: what it is at; None: nothing.
        is_alive: whether it can be given more.
    """

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
