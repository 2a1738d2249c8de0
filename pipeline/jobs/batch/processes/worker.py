"""A process of a batch: does one task after the other, and is left alone by the terminal's Ctrl-C.

It is started by `workers.py`, tells through a pipe how far it is, and ends with its parent.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple

from stylize_video.errors import DeviceError, StylizeVideoError, WeightsError
from stylize_video.process import signals
from stylize_video.process.last_net import describe

_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Failure:
    """Why a task came to nothing."""

    reason: str
    disk_full: bool = False
    for_all: bool = False  # whether no other film can be painted either


class Message(NamedTuple):
    """From a process to its parent."""

    kind: str  # "progress", "done" or "failed"
    content: Any


def main(connection: Connection, log: Path, threads: int) -> None:
    """Work until there is nothing more to do.

    Args:
        connection: brings tasks, and takes messages.
        log: a file for what libraries print; beside it is noted what goes if the process crashes.
        threads: for computing.
    """
    _leave_terminal(log)
    signals.tell_of_half_written(os.open(half_written_by(log), os.O_WRONLY | os.O_CREAT, 0o600))
    os.environ["OMP_NUM_THREADS"] = str(threads)
    signals.install()
    signals.let_through()
    threading.Thread(target=_end_with_parent, name="stylize-video parent", daemon=True).start()
    with suppress(EOFError, OSError, KeyboardInterrupt):
        _work(connection)


def half_written_by(log: Path) -> Path:
    """Where a process notes which files are not whole yet, in the lines of `signals.tell_of_half_written`."""
    return log.with_suffix(".half-written")


def _work(connection: Connection) -> None:
    from stylize_video.models.workshop import Workshop

    workshop = Workshop()
    while (task := connection.recv()) is not None:
        try:
            result = task.run(workshop, lambda progress: connection.send(Message("progress", progress)))
        except KeyboardInterrupt as interrupt:
            _forget_partial(interrupt)
            raise
        except Exception as error:
            connection.send(Message("failed", failure(error)))
        else:
            connection.send(Message("done", result))


def failure(error: Exception) -> Failure:
    """What is said of an error, and what it means for other films."""
    foreseen = isinstance(error, StylizeVideoError)
    reason = " ".join((str(error) if foreseen else describe(error)).split())
    return Failure(reason, _is_disk_full(error), isinstance(error, DeviceError | WeightsError))


def _is_disk_full(error: BaseException | None) -> bool:
    if error is None:
        return False
    full = isinstance(error, OSError) and error.errno in _FULL
    return full or _is_disk_full(error.__cause__ or error.__context__)


def _forget_partial(interrupt: KeyboardInterrupt) -> None:
    """A batch begins the film again; what it had of it is in nobody's way."""
    partial = getattr(interrupt, "partial", None)
    if partial is not None:
        signals.remove(partial)


def _leave_terminal(log: Path) -> None:
    """Have a group of one's own, and stdout and stderr in a file."""
    with suppress(AttributeError, OSError):  # Windows
        os.setsid()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
