"""One line for an error that nobody foresaw."""

from __future__ import annotations

import errno

_NO_MEMORY = (  # as Python, the loader, torch, OpenCV and OpenVINO say it
    "memory",
    "bad_alloc",
    "alloc",
    "failed to map segment",
    "can't start new thread",
    "thread creation failed",
    "resource temporarily unavailable",  # no room for a thread's stack
)
_LIBRARIES = (OSError, RuntimeError, ImportError, SystemError)
_OPENCV_NO_MEMORY = -4  # cv2.Error.StsNoMem
_LONGEST = 300  # characters of a library's message


def describe(error: BaseException, *, loading: bool = False) -> str:
    """What went wrong, and what to do.

    Args:
        error: it.
        loading: whether it was raised before any work began, which smaller frames wouldn't help.
    """
    said = " ".join(str(error).split())
    said = said if len(said) <= _LONGEST else said[:_LONGEST] + " ..."
    if is_out_of_memory(error):
        reason = f" ({said})" if said else ""
        smaller = "" if loading else "use a smaller `max_size`, "
        return f"too little memory{reason}; {smaller}close other programs, or raise the limit (ulimit -v)"
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror} (unexpected; STYLIZE_VIDEO_DEBUG=1 shows where)"
    name = type(error).__name__
    return f"unexpected {name}{': ' if said else ''}{said}; STYLIZE_VIDEO_DEBUG=1 shows where"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory, or room for another thread, ran out; libraries have many words for that."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno in (errno.ENOMEM, errno.EAGAIN):
        return True
    if type(error).__name__ == "error":  # OpenCV's, which is not to be imported for this
        return getattr(error, "code", 0) == _OPENCV_NO_MEMORY
    said = str(error).lower().replace("illegal memory access", "")  # a fault of CUDA's, not a lack
    return isinstance(error, _LIBRARIES) and any(words in said for words in _NO_MEMORY)
