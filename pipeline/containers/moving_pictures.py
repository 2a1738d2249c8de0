"""Pictures that move: files of a still picture's format, and often of its name, that hold a film."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_PNG = b"\x89PNG\r\n\x1a\n"
_CHUNKS = 1000  # of a PNG before its pixels; hardly a file has ten


def is_moving_picture(path: Path) -> bool:
    """Whether a file is an animated PNG, WebP or AVIF; False too if it can't be read."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(64)
            if head.startswith(_PNG):
                return _is_animated_png(file)
            if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X":
                return bool(head[20] & 2)
            return head[4:12] == b"ftypavis"
    except (OSError, ValueError, IndexError):
        return False


def _is_animated_png(file: BinaryIO) -> bool:
    """Whether there is an "acTL" chunk of several frames before the pixels."""
    file.seek(len(_PNG))
    for _ in range(_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return False
        size, kind = struct.unpack(">I4s", head)
        if kind == b"acTL":
            return int.from_bytes(file.read(4), "big") > 1
        if kind == b"IDAT":
            return False
        file.seek(size + 4, 1)
    return False
