"""How large a film or a picture may be that is to be painted; looked at before FFmpeg takes memory for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from stylize_video.errors import InputError
from stylize_video.pictures import boxes, picture_size
from stylize_video.pictures.picture_names import READ
from stylize_video.pipeline.signal import Signal

LARGEST = picture_size.LARGEST  # px of a frame: a 16K still, four times an 8K film

# A pixel of a still takes some hundred bytes while it is painted, of a film two or three times that. So what
# is larger than usual has to be worth it: a file of kilobytes that says so has nothing in it.
_FREE = 2**23  # px of a film's frame that any file may have; a 4K frame has 8.3 million
_FREE_STILL = 3 * 2**22  # px of a still likewise; telephones' have 12.2 million, which takes up to 2 GB
_WORTH = 2**20  # bytes of a file that may have more

_HEAD = 2**20  # bytes of a picture in which its size is said
_TABLE = 2**28  # bytes of an mp4's table of contents that are looked through
_SAMPLES_A_BYTE = 32  # that a table may promise; speech in old QuickTime files has some twenty

# Passed to FFmpeg, which then refuses frames beyond it by itself, in the middle of a film too.
CODEC_OPTIONS = {"max_pixels": str(LARGEST)}


def check_file(path: Path) -> None:
    """See whether a file's header promises more than there can be.

    Raises:
        InputError: it does, or the file can't be read.
    """
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            _check_picture(path, file.read(_HEAD))
            if _promised(file) > path.stat().st_size * _SAMPLES_A_BYTE:
                raise InputError(f"{path}: no film that can be read; its table promises more than it holds")
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error


def check_size(path: Path, width: int, height: int) -> None:
    """See whether frames of which none could be decoded were too large for it.

    Raises:
        InputError: they were.
    """
    picture_size.check(picture_size.Declared(width, height), path)


def check_worth(path: Path, signal: Signal) -> None:
    """See whether a film may be painted, or measured, in the size that its frames have by now.

    Raises:
        InputError: they are too large for such a small file.
    """
    size = path.stat().st_size
    still = signal.frame_count == 1 or (signal.frame_count is None and path.suffix.lower() in READ)
    free = _FREE_STILL if still else _FREE
    if signal.width * signal.height > free and size < _WORTH:
        raise InputError(
            f"{path}: its {size / 1024:.0f} KiB say that its frames are {signal.width}x{signal.height} px,"
            " so nearly nothing is in them; to paint that would take gigabytes of memory: add `max_size` 3840"
        )


def _check_picture(path: Path, head: bytes) -> None:
    try:
        found = picture_size.declared(head)
    except ValueError:  # of which FFmpeg may still make something
        return
    if found is not None:
        picture_size.check(found._replace(reducible=False), path)


def _promised(file: BinaryIO) -> int:
    """The most samples that a table of an mp4 or mov promises without a byte for each; 0 of other files.

    FFmpeg makes an entry of 24 bytes for each of them.
    """
    return max((count for table in _tables(file) for count in _counts(table)), default=0)


def _counts(table: bytes) -> Iterator[int]:
    for found in re.finditer(b"stsz.{4}(.{4})(.{4})", table, re.DOTALL):
        if found[1] != b"\0\0\0\0":  # all of one size, so that none is listed
            yield int.from_bytes(found[2], "big")
    for found in re.finditer(b"trun.(.{3})(.{4})", table, re.DOTALL):
        if not found[1][1] & 0x0F:  # no field of each sample
            yield int.from_bytes(found[2], "big")


def _tables(file: BinaryIO) -> Iterator[bytes]:
    """The boxes of an mp4 or mov that have tables of samples."""
    for box in boxes.outermost(file):
        if not re.fullmatch(rb"[\w ]{4}|\xa9\w{3}", box.kind):
            return  # no such film, or something behind its last box
        if box.kind in (b"moov", b"moof"):
            file.seek(box.begin)
            yield file.read(min(box.size, _TABLE))
