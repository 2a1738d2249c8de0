"""A function run in a forked child: what it printed, how it ended, how long it took, how much memory.

A fork of a process that has imported everything costs a hundredth of a start. It has to be a process
without threads of its own: those of torch and OpenVINO do not survive a fork.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

_POLL = 0.01  # s
_MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """What a child may take before it is ended."""

    seconds: float = 30.0
    megabytes: int = 3000  # resident; above what a verdict allows, so that the peak can be told


@dataclass(frozen=True)
class Outcome:
    """How a child ended."""

    code: int | None  # exit code; None if a signal ended it
    signal: int | None
    hung: bool  # ended by us, for time
    glutted: bool  # ended by us, for memory
    seconds: float
    processor_seconds: float
    peak_megabytes: float  # resident, what was there before the fork included
    stdout: str
    stderr: str


def run(work: Callable[[], object], folder: Path, limits: Limits, temporary: Path | None = None) -> Outcome:
    """Run `work` in a child whose working directory is `folder`.

    Args:
        work: its return value is dropped; SystemExit gives the exit code.
        folder: where it runs.
        limits: of time and memory.
        temporary: where its temporary files go.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            _be_the_child(work, folder, temporary, stdout.fileno(), stderr.fileno())
        status, peak, processor, hung, glutted = _watch(child, began, limits)
        seconds = time.monotonic() - began
        killed = os.WIFSIGNALED(status)
        return Outcome(
            code=None if killed else os.waitstatus_to_exitcode(status),
            signal=os.WTERMSIG(status) if killed else None,
            hung=hung,
            glutted=glutted,
            seconds=seconds,
            processor_seconds=processor,
            peak_megabytes=peak,
            stdout=_text(stdout.fileno()),
            stderr=_text(stderr.fileno()),
        )


def _watch(child: int, began: float, limits: Limits) -> tuple[int, float, float, bool, bool]:
    hung = glutted = False
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            return status, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime, hung, glutted
        late = time.monotonic() - began > limits.seconds
        large = _resident_megabytes(child) > limits.megabytes
        if (late or large) and not (hung or glutted):
            hung, glutted = late and not large, large
            os.kill(child, signal.SIGKILL)
        time.sleep(_POLL)


def _resident_megabytes(process: int) -> float:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):  # it is over
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE


def _be_the_child(
    work: Callable[[], object], folder: Path, temporary: Path | None, stdout: int, stderr: int
) -> NoReturn:
    code = 70  # an exception got out
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
        os.chdir(folder)
        if temporary is not None:
            os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
        code = _exit_code(work)
        _join_threads()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _exit_code(work: Callable[[], object]) -> int:
    try:
        work()
    except SystemExit as done:
        if isinstance(done.code, str):
            print(done.code, file=sys.stderr)
            return 1
        return done.code or 0
    return 0


def _join_threads() -> None:
    """As the interpreter does at its end: one that never ends is a hang."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def _text(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read().decode("utf-8", "backslashreplace")
