"""A process above the command line where memory is limited (`ulimit -v`).

There a library may end the process by itself, or crash, while it is loaded: nothing inside can catch that. So
the work is done in a child, and what the child could not say is said here. Standard library only.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from stylize_video import signals

_DONE = "done"  # the child's last line: it has said itself what there was to say


def is_wanted() -> bool:
    """Whether memory is limited here."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return False
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def in_child() -> bool:
    """Go on in a child, True there. The parent never returns: it ends as the child does."""
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(heard)
        signals.tell_of_half_written(told)
        return True
    os.close(told)
    os._exit(_watch(child, heard))


def done() -> None:
    """Tell the parent, if there is one, that all is said."""
    signals.tell(_DONE)


def _watch(child: int, heard: int) -> int:
    """Pass signals on until the child has ended; the exit code."""
    for number in signals.HEARD:
        signal.signal(number, lambda number, _: os.kill(child, number))
    half_written: set[str] = set()
    orderly = False
    with os.fdopen(heard, encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            sign, path = line[:1], line[1:].rstrip("\n").replace("\\n", "\n")
            orderly = orderly or line.strip() == _DONE
            (half_written.add if sign == "+" else half_written.discard)(path)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if orderly or code == 0:
        return code if code >= 0 else 128 - code
    for path in half_written:
        signals.remove(Path(path))
    return _tell()


def _tell() -> int:
    message = "too little memory: a library gave up or crashed; raise the limit (ulimit -v)"
    with suppress(OSError):
        os.write(2, f"stylize-video: {message}\n".encode())
    if "--json" in sys.argv:
        with suppress(OSError):
            os.write(1, f'{{"error": "{message}", "exit_code": 1}}\n'.encode())
    return 1
