"""What people read, on streams that may be closed, full, or of a coding that lacks a letter."""

from __future__ import annotations

import errno
import io
import os
import sys
import unicodedata
from contextlib import suppress
from typing import Any, TextIO, cast

_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})  # C0, DEL and C1; bytes of no coding; breaks of lines
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def shown(text: str) -> str:
    """Text from outside, as a file's name or a tag, for a terminal: what would command it is written out.

    Those are controls ("\\x1b", line breaks) and what turns the direction of writing ("\\u202e").
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written_out(c) if _commands(c) else c for c in text)


def _commands(character: str) -> bool:
    return character in _DIRECTIONS or unicodedata.category(character) in _CONTROL


def _written_out(character: str) -> str:
    byte = ord(character) - 0xDC00  # of a name in no known coding
    if 0x80 <= byte <= 0xFF:
        return f"\\x{byte:02x}"
    return character.encode("unicode_escape").decode("ascii")


class Stream:
    """A text stream that never fails: what can't be written is lost, and `error` says why."""

    is_the_answer = True  # whether the command has failed if this can't be written; not where a file was made

    def __init__(self, stream: TextIO, descriptor: int, error: OSError | None = None) -> None:
        self._stream = stream
        self._descriptor = descriptor
        self._closed_before = error  # it was closed when the process began
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Write as far as that is possible; the text's length."""
        self.error = self.error or self._closed_before
        try:
            self._stream.write(text)
        except (OSError, ValueError) as error:
            self._fail(error)
        return len(text)

    def flush(self) -> None:
        """Flush as far as that is possible."""
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._fail(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _fail(self, error: OSError | ValueError) -> None:
        if self.error is None:
            self.error = error if isinstance(error, OSError) else OSError(errno.EIO, str(error))
            # What waits in the buffer goes nowhere, or Python would try again at its end and complain.
            with suppress(OSError):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, self._descriptor)
                os.close(null)


def secure_streams() -> tuple[Stream, Stream]:
    """Put `Stream`s in the place of stdout and stderr; both of them.

    A stream that is closed is opened as the null device: else the next file, maybe the film, would have its
    number, and get what some library writes to stderr.
    """
    closed = [_reserve(descriptor) for descriptor in range(3)]
    sys.stdout, sys.stderr = (
        cast(TextIO, _secured(stream, descriptor, closed[descriptor]))
        for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2))
    )
    return cast(Stream, sys.stdout), cast(Stream, sys.stderr)


def answer_is_a_file() -> None:
    """Say that the command has done what it was to do, whether or not stdout can be written."""
    if isinstance(sys.stdout, Stream):
        sys.stdout.is_the_answer = False


def _reserve(descriptor: int) -> OSError | None:
    """Open the null device in the place of a closed stream; why that was needed."""
    try:
        os.fstat(descriptor)
    except OSError as error:
        os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
        return error
    return None


def _secured(stream: TextIO | None, descriptor: int, error: OSError | None) -> Stream:
    if stream is None:
        stream = open(descriptor, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return Stream(stream, descriptor, error)
