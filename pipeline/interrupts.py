"""Ctrl-C at a moment when it would do harm."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def patient() -> Iterator[None]:
    """Let the first Ctrl-C pass unheard; hear the second at the end, and a third as ever.

    For the moment in which a file is finished. There Python runs inside a callback of FFmpeg's,
    which loses the KeyboardInterrupt, and the bytes that were to be written with it.

    Raises:
        KeyboardInterrupt: at the end, after a second Ctrl-C.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals never arrive here
        return
    before = signal.getsignal(signal.SIGINT)

    presses = 0

    def press(_: int, __: FrameType | None) -> None:
        nonlocal presses
        presses += 1
        if presses == 2:
            signal.signal(signal.SIGINT, before)

    if not callable(before):
        yield  # ignored anyway, or not Python's
        return
    signal.signal(signal.SIGINT, press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if presses > 1:
        raise KeyboardInterrupt
