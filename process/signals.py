"""Ctrl-C, SIGTERM and SIGHUP, from a process's first line to its last. Standard library only.

    nothing is made yet    the process ends at once, whatever its main thread is waiting for in a library
    working                the main thread gets a KeyboardInterrupt, keeps what is painted and ends
    a second signal        the process ends at once; what is half written goes
    finished               nothing is heard any more

Python runs a signal's handler in the main thread, between two of its own instructions: never while FFmpeg
opens a file of a share that has gone. So a thread of its own hears signals, too (`signal.set_wakeup_fd`).
A library's user gets none of this: only `install` changes how a process takes signals.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows lacks the last
HEARD = tuple(getattr(signal, name) for name in NAMES if hasattr(signal, name))

_SAME = 0.25  # s; `timeout` sends its signal twice, to the process and to its group
_ERASE = b"\r\x1b[2K\x1b[?25h"  # the progress bar's line goes, the cursor is back


class _State:
    """What has been heard, and what is under way."""

    def __init__(self) -> None:
        self.number = int(signal.SIGINT)  # of the last signal
        self.first: float | None = None  # monotonic's time of the first one
        self.working = False
        self.raised = False
        self.leaving = threading.Lock()
        self.half_written: set[Path] = set()
        self.as_json = False  # whether stdout, too, is told how it ended
        self.parent: int | None = None  # descriptor; see supervisor.py


_state = _State()


def install(*, as_json: bool = False) -> None:
    """Hear signals as above from now on. To be called once, in the main thread.

    Args:
        as_json: whether a process that ends at once says so on stdout, too, as a JSON object.
    """
    _state.as_json = as_json
    heard, told = os.pipe()
    with suppress(AttributeError, OSError):  # Windows has learned it late
        os.set_blocking(told, False)
    for number in HEARD:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup and a shell's background jobs have it
            signal.signal(number, _interrupt)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    with suppress(RuntimeError):  # no memory for a thread, nor for anything else that follows
        threading.Thread(target=_listen, args=(heard,), name="stylize-video signals", daemon=True).start()


def hold_back() -> None:
    """Let signals wait until `let_through`: nothing would hear them as it should."""
    with suppress(AttributeError):  # Windows can't
        signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)


def let_through() -> None:
    """Hear what was held back, and all further signals."""
    with suppress(AttributeError):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)


def begin_work() -> None:
    """From now on there is something to keep: a first signal is a KeyboardInterrupt."""
    _state.working = True


def finish() -> None:
    """All is done: nothing is to disturb the process's end."""
    for number in HEARD:
        if signal.getsignal(number) == _interrupt:
            signal.signal(number, signal.SIG_IGN)


def heard() -> bool:
    """Whether any signal was."""
    return _state.first is not None


def exit_code() -> int:
    """As shells have it, 128 and the number of the last signal; of Ctrl-C where none was heard here."""
    return 128 + _state.number


def half_written(path: Path) -> None:
    """A file or folder that goes if the process has to leave at once."""
    _state.half_written.add(path)
    _tell("begin", str(path))


def whole(path: Path) -> None:
    """One that stays, or is gone."""
    if path in _state.half_written:
        _state.half_written.discard(path)
        _tell("whole", str(path))


def tell_of_half_written(descriptor: int) -> None:
    """Tell a parent process, too, what would have to go and how this one ends; a line each."""
    _state.parent = descriptor


def tell_end(code: int) -> None:
    """Tell the parent process, if there is one that listens, that all is said, and the exit code."""
    _tell("end", code)


def _tell(what: str, value: str | int) -> None:
    if _state.parent is not None:
        with suppress(OSError):
            os.write(_state.parent, json.dumps([what, value]).encode("ascii") + b"\n")


def _interrupt(number: int, _: FrameType | None) -> None:
    if _state.working and not _state.raised:
        _state.number, _state.raised = number, True
        raise KeyboardInterrupt


def _listen(heard: int) -> None:
    while True:
        for number in os.read(heard, 64):
            if number in HEARD:
                _hear(number)


def _hear(number: int) -> None:
    now = time.monotonic()
    first = _state.first is None
    if _state.first is None:
        _state.first = now
    if (first and not _state.working) or now - _state.first > _SAME:
        _state.number = number
        _leave()


def _leave() -> None:
    """End the process, whatever its threads are at."""
    if not _state.leaving.acquire(blocking=False):
        return
    for path in tuple(_state.half_written):
        remove(path)
    with suppress(OSError):
        os.write(2, (_ERASE if os.isatty(2) else b"") + b"stylize-video: interrupted\n")
    if _state.as_json:
        with suppress(OSError):
            os.write(1, json.dumps({"error": "interrupted", "exit_code": exit_code()}).encode() + b"\n")
    tell_end(exit_code())
    os._exit(exit_code())


def remove(path: Path) -> None:
    """Remove a file or folder, as far as it is there."""
    with suppress(OSError):
        if path.is_dir():
            import shutil

            shutil.rmtree(path)
        else:
            path.unlink()
