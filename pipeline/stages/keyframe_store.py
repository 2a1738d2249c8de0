"""Finished keys of a film, kept in a folder until the film is done: each takes minutes to paint.

    NAME.keyframes/film.json          which film, style and settings they are of
    NAME.keyframes/key0000012.npy     the painting of frame 12: NumPy's format, float32
    NAME.keyframes/key0000012.sha256  its checksum

A key is taken if it is what was written, to the last bit; else its frame is painted anew.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from stylize_video.errors import InputError
from stylize_video.files import whole_file
from stylize_video.files.partial import output_errors
from stylize_video.models.float_pictures import FloatPicture

_IDENTITY, _CHECKSUM = "film.json", ".sha256"
_DIGITS, _LONGEST = 64, 1024  # bytes, of a checksum, and of film.json at most
_PART, _PARTS = 2**20, 32  # bytes, of large files that are looked at, and how many such parts


def folder_of(output: Path) -> Path:
    """Where the keys of an output are kept: beside it."""
    return output.with_name(output.name + ".keyframes")


def identity(source: Path, styles: Sequence[Path], settings: Mapping[str, object]) -> str:
    """What decides a film's keys, as one line; two films with the same one have the same keys.

    Args:
        source: the film.
        styles: the paintings.
        settings: everything else, such as the fields of a config.

    Raises:
        InputError: one of the files can't be read.
    """
    said = repr((digest(source), [digest(style) for style in styles], sorted(settings.items())))
    return hashlib.sha256(said.encode()).hexdigest()


def digest(path: Path) -> str:
    """What tells a file from others by what it holds; of a large one only parts are looked at, evenly spread.

    Raises:
        InputError: it can't be read.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            digest = hashlib.sha256(str(size).encode())
            for start in range(0, size, max(_PART, size // _PARTS)):
                file.seek(start)
                digest.update(file.read(_PART))
            return digest.hexdigest()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error


class KeyframeStore:
    """Keys of one film, by the number of their frame.

    Args:
        folder: where they are; made with the first key.
        identity: of the film, see `identity`.

    Raises:
        InputError: the keys there are another film's, or they can't be read.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self._folder = folder
        self._identity = identity
        if self.is_empty:  # there was no run, or one that ended before its first key
            return
        if _identity_in(folder) != identity:
            raise InputError(
                f"{folder}: has keyframes of another film, style or setting;"
                " give those that it was begun with, or begin anew by `restart`"
            )

    @property
    def is_empty(self) -> bool:
        """Whether there is no key yet, so that a run can only begin anew."""
        return not self._folder.exists() or _is_empty(self._folder)

    def get(self, number: int, shape: tuple[int, ...]) -> FloatPicture | None:
        """The painting of a frame, (H, W, 3); None if there is none, or none that can be used.

        Args:
            number: the frame's, from 0.
            shape: what it has to have.
        """
        header = _header(shape)
        data = self._checked(number, len(header) + 4 * math.prod(shape))
        if data is None or not data.startswith(header):
            return None
        painting = np.frombuffer(data, "<f4", offset=len(header)).reshape(shape)
        # A copy, which may be written to.
        return painting.astype(np.float32) if np.isfinite(painting).all() else None

    def _checked(self, number: int, size: int) -> bytes | None:
        """A key's file, if it has `size` bytes, and the checksum that was written with it."""
        file = self._file(number)
        try:
            said = _whole(file.with_suffix(_CHECKSUM), _DIGITS)
            if not file.is_file() or file.stat().st_size != size:
                return None
            data = file.read_bytes()
        except OSError:
            return None
        return data if said == hashlib.sha256(data).hexdigest().encode() else None

    def put(self, number: int, painting: FloatPicture) -> None:
        """Keep the painting of a frame, to the last bit; the file is there whole or not at all.

        Raises:
            OutputError: it can't be written.
        """
        data = _header(painting.shape) + np.ascontiguousarray(painting, "<f4").tobytes()
        with output_errors(self._folder):
            if not (self._folder / _IDENTITY).exists():
                self._folder.mkdir(exist_ok=True)
                said = json.dumps({"identity": self._identity}) + "\n"
                whole_file.write(self._folder / _IDENTITY, said.encode())
            checksum = hashlib.sha256(data).hexdigest()
            whole_file.write(self._file(number), data)
            whole_file.write(self._file(number).with_suffix(_CHECKSUM), checksum.encode())

    def remove(self) -> None:
        """Remove the keys, now that the film is done; what else is in the folder stays."""
        remove(self._folder)

    def _file(self, number: int) -> Path:
        return self._folder / f"key{number:07d}.npy"


def remove(folder: Path) -> None:
    """Remove the keys in a folder, if there are any, and the folder, unless there is something else in it."""
    keys = (path for kind in (".npy", _CHECKSUM) for path in folder.glob(f"key*{kind}*"))
    for path in (*keys, folder / _IDENTITY):
        whole_file.remove(path)
    with suppress(OSError):
        folder.rmdir()


def _header(shape: tuple[int, ...]) -> bytes:
    """What a file of NumPy's begins with."""
    header = io.BytesIO()
    fields = {"descr": "<f4", "fortran_order": False, "shape": tuple(int(side) for side in shape)}
    np.lib.format.write_array_header_1_0(header, fields)
    return header.getvalue()


def _identity_in(folder: Path) -> str | None:
    """The identity of the film whose keys are in a folder; None if it has none, or no keys."""
    try:
        said = json.loads(_whole(folder / _IDENTITY, _LONGEST))
    except (OSError, ValueError, RecursionError):
        return None
    found = said.get("identity") if isinstance(said, dict) else None
    return found if isinstance(found, str) else None


def _is_empty(folder: Path) -> bool:
    """Whether nothing is in a folder but what `whole_file` may have left of its first file."""
    try:
        return all(_IDENTITY in path.name and path.name != _IDENTITY for path in folder.iterdir())
    except OSError:  # not a folder, or closed: said when it is written to
        return False


def _whole(path: Path, limit: int) -> bytes:
    """What a small file holds; nothing if it is larger than `limit` bytes, or no file.

    Raises:
        OSError: it can't be read.
    """
    return path.read_bytes() if path.is_file() and path.stat().st_size <= limit else b""
