"""A segment's packets in a file: exact times, and nothing that a container would change.

8 bytes                     the kind of file
for each packet 28 bytes    pts, dts and duration, and how many bytes there are (negative: no key frame)
                its bytes
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from stylize_video.errors import OutputError
from stylize_video.files.partial import output_errors
from stylize_video.pipeline.sinks.encoded import Encoded

_KIND = b"svpacks1"
_HEAD = struct.Struct("<qqqi")


class Checked(NamedTuple):
    """What a file has to hold."""

    size: int  # bytes
    sha256: str


class PacketsFile:
    """Written packet by packet.

    Args:
        path: what is there is replaced.

    Raises:
        OutputError: it can't be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digest = hashlib.sha256()
        self._size = 0
        with output_errors(path):
            self._file = path.open("wb")
            self._put(_KIND)

    def write(self, packets: Iterable[Encoded]) -> None:
        """Put packets behind those that are there.

        Raises:
            OutputError: they can't be written.
        """
        with output_errors(self._path):
            for packet in packets:
                size = len(packet.data) if packet.is_keyframe else -len(packet.data)
                self._put(_HEAD.pack(packet.pts, packet.dts, packet.duration, size))
                self._put(packet.data)

    def packets(self) -> Sequence[Encoded]:
        """All that was put in so far.

        Raises:
            OutputError: it can't be brought to the file, or read back.
        """
        with output_errors(self._path):
            self._file.flush()
        found = read(self._path, Checked(self._size, self._digest.hexdigest()))
        if found is None:
            raise OutputError(f"{self._path}: can't be read back")
        return found

    def finish(self) -> Checked:
        """Bring all to the disk; what the file has to hold.

        Raises:
            OutputError: that fails.
        """
        with output_errors(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        return Checked(self._size, self._digest.hexdigest())

    def discard(self) -> None:
        """Remove the file. Safe to call after `finish`, too, and again."""
        with suppress(OSError):  # a full disk fails once more on closing
            self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)


def read(path: Path, checked: Checked) -> Sequence[Encoded] | None:
    """All packets of a file; None if it is not what was written.

    Args:
        path: the file.
        checked: what it has to hold.
    """
    data = whole(path, checked)
    if data is None or not data.startswith(_KIND):
        return None
    packets, at = [], len(_KIND)
    while at < len(data):
        pts, dts, duration, size = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        packets.append(Encoded(bytes(data[at : at + abs(size)]), pts, dts, duration, size > 0))
        at += abs(size)
    return packets


def checked(data: bytes) -> Checked:
    """What a file has to hold that holds some bytes."""
    return Checked(len(data), hashlib.sha256(data).hexdigest())


def whole(path: Path, checked: Checked) -> bytes | None:
    """What a file holds, if that is what was written."""
    try:
        if not path.is_file() or path.stat().st_size != checked.size:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == checked.sha256 else None


def is_whole(path: Path, checked: Checked) -> bool:
    """Whether a file is what was written; it is read piece by piece."""
    try:
        if not path.is_file() or path.stat().st_size != checked.size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == checked.sha256
    except OSError:
        return False
