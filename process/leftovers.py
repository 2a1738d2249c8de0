"""Folders that belong to a process while it runs, called by its number: a killed one's are removed."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from stylize_video.process import signals


def prefix_of(kind: str) -> str:
    """What the name of such a folder of this process begins with."""
    return f"{kind}{os.getpid()}-"


def sweep(folder: Path, kind: str) -> None:
    """Remove from a folder what processes that are gone have left there.

    Args:
        folder: which need not be there.
        kind: what the names begin with, before the number.
    """
    if os.name == "nt":  # there, to ask whether a process is there would be to interrupt it
        return
    for left in folder.glob(f"{kind}*"):
        number = left.name.removeprefix(kind).partition("-")[0]
        with suppress(ValueError, OverflowError, PermissionError):
            try:
                os.kill(int(number), 0)
            except ProcessLookupError:
                signals.remove(left)
