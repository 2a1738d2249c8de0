"""The record of a batch, beside its paintings: what each was painted from, and how.

A file of JSON in the output folder, written anew, whole or not at all, whenever a film is done.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from stylize_video.errors import InputError
from stylize_video.files import whole_file
from stylize_video.files.mark import FileMark
from stylize_video.files.partial import output_errors

NAME = "stylize-video.json"
LOCK = ".stylize-video.lock"
_FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """A painting."""

    input: str  # the film's path, seen from the output folder
    source: FileMark | None  # of the film
    settings: Mapping[str, Any]  # all that decide how it looks, as JSON
    weights: Mapping[str, str]  # SHA-256 of each network and picture it was painted with
    run: Mapping[str, Any] = field(default_factory=dict)  # settings that decide which segments fit
    under_way: bool = False  # it is being painted, or was when the program was killed
    output: FileMark | None = None
    frames: int = 0
    seconds: float = 0.0  # that painting took
    notes: tuple[str, ...] = ()
    verified: str | None = None
    painted: str = ""  # when, as ISO 8601 has it
    version: str = ""  # of this program
    figures: Mapping[str, Any] = field(default_factory=dict)  # of its score, if it was measured

    @property
    def is_finished(self) -> bool:
        """Whether there was a painting when this was recorded."""
        return not self.under_way and self.output is not None

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """What JSON has; what is unknown is passed over."""
        known = {each.name: given[each.name] for each in fields(cls) if each.name in given}
        for name in ("source", "output"):
            if known.get(name) is not None:
                known[name] = FileMark.from_json(known[name])
        return cls(**{**known, "notes": tuple(known.get("notes", ()))})


@dataclass
class Manifest:
    """All of it. `films` is by the paintings' names, relative to the folder."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)  # that the batch was begun with last
    films: dict[str, Entry] = field(default_factory=dict)
    _lines: dict[str, tuple[Entry, str]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """That of a folder; an empty one if it has none.

        Raises:
            InputError: it is there, but can't be read.
        """
        path = folder / NAME
        try:
            told = json.loads(path.read_text("utf-8"))
            if told["format"] != _FORMAT:
                raise ValueError(f"of format {told['format']}")
            films = {str(name): Entry.from_json(entry) for name, entry in told["films"].items()}
            return cls(folder, dict(told["settings"]), films)
        except FileNotFoundError:
            return cls(folder)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(
                f"{path}: the record of what is painted can't be read ({reason}); move it away to begin anew"
            ) from error

    def write(self) -> None:
        """Write it.

        Raises:
            OutputError: it can't be written; the one before stays.
        """
        films = ",\n".join(self._line(name, entry) for name, entry in sorted(self.films.items()))
        told = f'"format": {_FORMAT},\n"settings": {json.dumps(self.settings)},\n"films": {{\n{films}\n}}'
        path = self.folder / NAME
        with output_errors(path):
            whole_file.write(path, f"{{\n{told}\n}}\n".encode())

    def _line(self, name: str, entry: Entry) -> str:
        """An entry as JSON, made once: of ten thousand, one changes at a time."""
        known, line = self._lines.get(name, (None, ""))
        if known is not entry:
            line = f"{json.dumps(name)}: {json.dumps(asdict(entry))}"
            self._lines[name] = entry, line
        return line

    def path_of(self, name: str) -> Path:
        """Where a painting is."""
        return self.folder / name

    def input_of(self, entry: Entry) -> Path:
        """Where its film was."""
        return Path(os.path.abspath(self.folder / entry.input))  # noqa: PTH100 - resolve() follows links

    def seen_from_here(self, path: Path) -> str:
        """A film's path as an entry has it."""
        try:
            return os.path.relpath(path, self.folder)
        except ValueError:  # another drive of Windows
            return str(path)

    def is_own(self, name: str) -> bool:
        """Whether the file of that name is surely a painting of this batch, which may be replaced."""
        entry = self.films.get(name)
        path = self.path_of(name)
        if entry is None or not path.is_file():
            return False
        if entry.under_way:
            return True
        try:
            return entry.output is not None and FileMark.of(path, entry.output).sha256 == entry.output.sha256
        except InputError:
            return False
