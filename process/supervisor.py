"""A process above the command line where memory is limited (`ulimit -v`).

There a library may end the process by itself, or crash, while it is loaded: nothing inside can catch that. So
the work is done in a child, and what the child could not say is said here. Standard library only.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

from stylize_video.process import signals


def is_wanted() -> bool:
    """Whether memory is limited here."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return False
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def in_child(*, as_json: bool = False) -> bool:
    """Go on in a child, True there. The parent never returns: it ends as the child does.

    To be called while signals are held back, and while this process has no other threads.

    Args:
        as_json: whether the parent says what the child could not on stdout, too, as a JSON object.
    """
    heard, told = os.pipe()
    gone, alive = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(heard)
        os.close(alive)
        # Rust's libraries hang if memory runs out while they say where it ran out: the lock is taken already.
        os.environ["RUST_BACKTRACE"] = "0"
        signals.tell_of_half_written(told)
        watcher = threading.Thread(
            target=_end_with_parent, args=(gone,), name="stylize-video parent", daemon=True
        )
        with suppress(RuntimeError):  # no memory for a thread, nor for anything else that follows
            watcher.start()
        return True
    os.close(told)
    os.close(gone)
    os._exit(_watch(child, heard, as_json=as_json))


def _end_with_parent(gone: int) -> None:
    """Wait until the parent was killed, which nothing can catch; then end as by SIGTERM."""
    os.read(gone, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _watch(child: int, heard: int, *, as_json: bool) -> int:
    """Pass signals on until the child has ended; the exit code."""

    def pass_on(number: int, _: object) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, number)

    for number in signals.HEARD:
        signal.signal(number, pass_on)
    signals.let_through()
    half_written: set[str] = set()
    code: int | None = None  # what the child means to end with, having said itself what there was to say
    with os.fdopen(heard, encoding="ascii") as lines:
        for line in lines:
            what, value = json.loads(line)
            if what == "end":
                code = value
            else:
                (half_written.add if what == "begin" else half_written.discard)(value)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code is not None or status == 0:
        return code or 0  # whatever crashed after that
    for path in half_written:
        signals.remove(Path(path))
    return _tell(as_json=as_json)


def _tell(*, as_json: bool) -> int:
    message = "too little memory: a library gave up or crashed; raise the limit (ulimit -v)"
    with suppress(OSError):
        os.write(2, f"stylize-video: {message}\n".encode())
    if as_json:
        with suppress(OSError):
            os.write(1, f'{{"error": "{message}", "exit_code": 1}}\n'.encode())
    return 1
