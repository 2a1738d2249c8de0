"""Ctrl-C, or another signal to end, at a moment when it would do harm."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from stylize_video.process import signals


@contextmanager
def patient() -> Iterator[None]:
    """Let the first Ctrl-C pass unheard; hear the second at the end, and a third as ever.

    For the moment in which a file is finished. There Python runs inside a callback of FFmpeg's,
    which loses the KeyboardInterrupt, and the bytes that were to be written with it. So does SIGTERM
    or SIGHUP, where the process takes them for Ctrl-C.

    Raises:
        KeyboardInterrupt: at the end, after a second Ctrl-C.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals never arrive here
        return
    # Not those that are ignored anyway, or not Python's.
    before = {number: signal.getsignal(number) for number in signals.HEARD}
    before = {number: handler for number, handler in before.items() if callable(handler)}
    presses = 0

    def press(_: int, __: FrameType | None) -> None:
        nonlocal presses
        presses += 1
        if presses == 2:
            restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, press)
    try:
        yield
    finally:
        restore()
    if presses > 1:
        raise KeyboardInterrupt
