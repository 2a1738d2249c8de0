"""What page and server say to each other over the WebSocket: frames as bytes, all else as JSON.

    page -> server    number (u32), JPEG                      a frame of the visitor's camera
                      {"type": "wish", ...}                   how it is to be painted, see gallery.py
                      {"type": "camera", "width", "height"}   the visitor's camera is this large
                      {"type": "watch", "width", "height"}    show the server's camera instead
                      {"type": "shown", "number"}             that frame of the server's camera is on screen
                      {"type": "delay", "ms"}                 from camera to screen, as the page measures it
    server -> page    `Painted`, JPEG                         a painted frame
                      {"type": "hello", ...}                  the gallery, and whether there is a camera here
                      {"type": "size", "width", "height"}     of the frames to be sent from now on
                      {"type": "dropped", "number"}           a newer frame came before that one was painted

All numbers are little-endian.
"""

from __future__ import annotations

import json
import struct
from typing import Any, NamedTuple

LARGEST_TEXT = 4096  # bytes

_NUMBER = struct.Struct("<I")
_PAINTED = struct.Struct("<I4H")
_MOST = 2**16 - 1


class RefusedError(Exception):
    """A message that no page of ours sends.

    Args:
        reason: told to the visitor, at most 120 bytes.
        code: of the WebSocket's closing (RFC 6455, section 7.4).
    """

    def __init__(self, reason: str, code: int = 1008) -> None:
        super().__init__(reason)
        self.reason, self.code = reason, code


class Painted(NamedTuple):
    """What comes before a painted frame's JPEG."""

    number: int
    waited_ms: int  # for its turn
    worked_ms: int  # decoding, painting, encoding
    age_ms: int  # a frame of the server's camera: how old the last one was when it was shown; else 0
    dropped: int  # frames of this visitor so far, modulo 65536

    def message(self, jpeg: bytes) -> bytes:
        """The whole message."""
        times = (min(_MOST, value) for value in self[1:4])
        return _PAINTED.pack(self.number, *times, self.dropped & _MOST) + jpeg


def frame(message: bytes) -> tuple[int, memoryview]:
    """A frame's number and JPEG.

    Raises:
        RefusedError: the message is too short.
    """
    if len(message) <= _NUMBER.size:
        raise RefusedError("a frame without a picture")
    return _NUMBER.unpack_from(message)[0], memoryview(message)[_NUMBER.size :]


def told(message: str) -> dict[str, Any]:
    """What the page says of anything but frames.

    Raises:
        RefusedError: it is too long, or no JSON object.
    """
    if len(message) > LARGEST_TEXT:
        raise RefusedError("a message that is too long", 1009)
    try:
        found = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise RefusedError("a message that is no JSON") from error
    if not isinstance(found, dict):
        raise RefusedError("a message that is no JSON object")
    return found


def whole(said: dict[str, Any], name: str, least: int, most: int) -> int:
    """A whole number of a message.

    Raises:
        RefusedError: it is missing, of another kind or out of its range.
    """
    value = said.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RefusedError(f"{name} has to be a number from {least} to {most}")
    return value


def number(said: dict[str, Any], name: str) -> float:
    """A number of 0 to 1 of a message.

    Raises:
        RefusedError: it is missing, of another kind or out of its range.
    """
    value = said.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise RefusedError(f"{name} has to be a number from 0 to 1")
    return float(value)
