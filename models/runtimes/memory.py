"""How the C library's allocator keeps memory."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -2, -3, -4  # malloc.h of glibc
_LARGE_BLOCK = 8 * 2**20  # bytes; a 4K frame has 24 MB, a 1440p one 11


def keep_freed_memory() -> None:
    """Reuse freed memory instead of handing it back to the kernel; does nothing outside glibc.

    A training step allocates and frees gigabytes in large pieces. By default glibc maps each of them
    anew, and on virtual machines the page faults took eight times as long as the mathematics.
    """
    _set({_M_MMAP_MAX: 0, _M_TRIM_THRESHOLD: 2**31 - 1, _M_TOP_PAD: 256 * 2**20})


def return_large_blocks() -> None:
    """Hand large freed blocks back to the kernel at once; does nothing outside glibc.

    By default glibc learns to keep them, scattered over the heaps of all threads: 160 MB of a 4K film's
    2.1 GB lay there unused. Of smaller frames, keeping them is faster.
    """
    _set({_M_MMAP_THRESHOLD: _LARGE_BLOCK, _M_TRIM_THRESHOLD: 256 * 2**20})


def _set(parameters: Mapping[int, int]) -> None:
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return
    for parameter, value in parameters.items():
        mallopt(parameter, value)
