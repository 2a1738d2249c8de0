"""Ctrl-C at a moment when it would do harm."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def patient() -> Iterator[None]:
    """Let the first Ctrl-C pass unheard; the second is heard as ever.

    For the moment in which a file is finished. There Python runs inside a callback of FFmpeg's,
    which loses the KeyboardInterrupt, and the bytes that were to be written with it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals never arrive here
        return
    before = signal.getsignal(signal.SIGINT)

    def first(_: int, __: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)

    if not callable(before):
        yield  # ignored anyway, or not Python's
        return
    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
