"""The end of a process that has said and written all there was: at once, without taking itself apart.

Python would unload each module and have each library free its memory, which the system does anyway: after a
film a tenth of a second is spent on that. Standard library only.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn


def end(code: int) -> NoReturn:
    """End the process with an exit code.

    As at any end, threads that are no daemons are waited for, and what was registered with `atexit` is done:
    folders that are temporary go, other processes are told.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # as multiprocessing's processes end, too
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # what is lost was told before; or it is closed
            stream.flush()
    os._exit(code)
