"""Finished keys of a film, kept in a folder until the film is done: each takes minutes to paint."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from stylize_video.errors import InputError, OutputExistsError
from stylize_video.models import whole_file
from stylize_video.models.paintings import Painting
from stylize_video.pipeline.partial import output_errors

_IDENTITY = "film.json"
_PART, _PARTS = 2**20, 32  # bytes, of large files that are looked at, and how many such parts


def folder_of(output: Path) -> Path:
    """Where the keys of an output are kept: beside it."""
    return output.with_name(output.name + ".keyframes")


def identity(source: Path, styles: Sequence[Path], settings: Mapping[str, object]) -> str:
    """What decides a film's keys, as one line; two films with the same one have the same keys.

    Of large files only parts are looked at, evenly spread.

    Args:
        source: the film.
        styles: the paintings.
        settings: everything else, such as the fields of a config.

    Raises:
        InputError: one of the files can't be read.
    """
    said = repr((_digest(source), [_digest(style) for style in styles], sorted(settings.items())))
    return hashlib.sha256(said.encode()).hexdigest()


def _digest(path: Path) -> str:
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
        resume: whether keys that are there may be taken.

    Raises:
        OutputExistsError: there are keys and `resume` is not set.
        InputError: the keys there are another film's, or they can't be read.
    """

    def __init__(self, folder: Path, identity: str, *, resume: bool) -> None:
        self._folder = folder
        self._identity = identity
        if not folder.exists():
            return
        if not resume:
            raise OutputExistsError(
                f"{folder}: has keyframes of an interrupted run; add --resume to go on, or delete the folder"
            )
        if _identity_in(folder) != identity:
            raise InputError(
                f"{folder}: has keyframes of another film, style or setting;"
                " give those that it was begun with, or delete the folder"
            )

    def get(self, number: int, shape: tuple[int, ...]) -> Painting | None:
        """The painting of a frame, (H, W, 3); None if there is none, or none that can be used.

        Args:
            number: the frame's, from 0.
            shape: what it has to have.
        """
        try:
            painting = np.load(self._file(number), allow_pickle=False)
        except (OSError, ValueError, EOFError):  # damaged ones are painted again
            return None
        return painting if painting.shape == shape and painting.dtype == np.float32 else None

    def put(self, number: int, painting: Painting) -> None:
        """Keep the painting of a frame, to the last bit; the file is there whole or not at all.

        Raises:
            OutputError: it can't be written.
        """
        data = io.BytesIO()
        np.save(data, np.ascontiguousarray(painting, np.float32), allow_pickle=False)
        with output_errors(self._folder):
            if not (self._folder / _IDENTITY).exists():
                self._folder.mkdir(exist_ok=True)
                said = json.dumps({"identity": self._identity}) + "\n"
                whole_file.write(self._folder / _IDENTITY, said.encode())
            whole_file.write(self._file(number), data.getvalue())

    def remove(self) -> None:
        """Remove the keys, now that the film is done; what else is in the folder stays."""
        keys = self._folder.glob("key*.npy*")
        for path in (*keys, self._folder / _IDENTITY):
            whole_file.remove(path)
        with suppress(OSError):  # it was never made, or there is something else in it
            self._folder.rmdir()

    def _file(self, number: int) -> Path:
        return self._folder / f"key{number:07d}.npy"


def _identity_in(folder: Path) -> str | None:
    """The identity of the film whose keys are in a folder; None if it has none, or no keys."""
    try:
        said = json.loads((folder / _IDENTITY).read_bytes())
    except (OSError, ValueError):
        return None
    found = said.get("identity") if isinstance(said, dict) else None
    return found if isinstance(found, str) else None
