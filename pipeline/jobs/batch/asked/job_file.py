"""A batch written down: a file in TOML with the options by their names, and clips with settings of their own.

output = "painted"              # files and folders are named from the job file's folder on
paths = ["shots", "more/*.mov"]
style = "kandinsky"

[[clip]]
path = "shots/03.mp4"
strength = 0.6
"""

from __future__ import annotations

import datetime
import difflib
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize_video import option as options
from stylize_video.errors import InputError, UsageError
from stylize_video.files import paths as file_paths
from stylize_video.files.paths import absolute
from stylize_video.option import Declared
from stylize_video.pipeline.jobs.batch.asked import settings as batch_settings
from stylize_video.pipeline.jobs.batch.asked.clips import Clips
from stylize_video.pipeline.jobs.batch.asked.options import BatchOptions
from stylize_video.pipeline.jobs.batch.asked.settings import Settings

_CLIP = "clip"
_OWN = ("path", "paths", "output")  # of a clip, beside settings
_NOT_HERE = ("job_file",)


@dataclass(frozen=True)
class JobFile:
    """What one says."""

    options: Mapping[str, Any]  # fields of `BatchOptions` and their values
    common: Settings  # of all films
    clips: tuple[Clips, ...]


def read(path: Path) -> JobFile:
    """Read one.

    Raises:
        InputError: it can't be read, or is no TOML.
        UsageError: an option that there isn't, or a value that it can't have; the message says where.
    """
    told = _parsed(path)
    base = absolute(path).parent
    clips = told.pop(_CLIP, [])
    if not isinstance(clips, list) or not all(isinstance(clip, dict) for clip in clips):
        raise UsageError(f"{path}: clips are written as [[{_CLIP}]], each with its path")
    known = {each.name: each for each in options.declared(BatchOptions) if each.name not in _NOT_HERE}
    _check(told, {*known, *batch_settings.known(), _CLIP}, str(path))
    with _said_of(str(path)):
        own = {known[name].field.name: _read(known[name], told[name]) for name in known if name in told}
    for name in ("paths", "folder", "watch", "report"):
        if name in own:
            own[name] = _from(base, own[name])
    common = {name: value for name, value in told.items() if name not in known}
    made = [_clips(clip, base, f"{path}, clip {number}") for number, clip in enumerate(clips, 1)]
    return JobFile(own, _settings(common, base, str(path)), tuple(made))


def _parsed(path: Path) -> dict[str, Any]:
    try:
        told = tomllib.loads(file_paths.read(path).decode())
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: no job file that can be read ({reason})") from error
    return {name: _plain(value) for name, value in told.items()}


def _plain(value: Any) -> Any:
    """TOML's times of day are times in a film here."""
    if isinstance(value, datetime.time):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _clips(clip: Mapping[str, Any], base: Path, where: str) -> Clips:
    _check(clip, {*_OWN, *batch_settings.known()}, where)
    named = clip.get("paths", [clip["path"]] if "path" in clip else [])
    if not (isinstance(named, list) and named and all(isinstance(name, str) for name in named)):
        raise UsageError(f"{where}: a path is missing, such as path = 'shots/03.mp4'")
    output = clip.get("output")
    if output is not None and not isinstance(output, str):
        raise UsageError(f"{where}: output {output!r} is no name")
    own = {name: value for name, value in clip.items() if name not in _OWN}
    return Clips(_from(base, tuple(named)), _settings(own, base, where), output)


def _settings(given: Mapping[str, Any], base: Path, where: str) -> Settings:
    with _said_of(where):
        return batch_settings.read(given, typed=False, base=base)


def _read(option: Declared, given: Any) -> Any:
    value = option.from_json(given)
    option.check(value)
    return value


@contextmanager
def _said_of(where: str) -> Iterator[None]:
    """Say with a mistake where it is."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error


def _check(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"{where}: no option called {name!r}{hint}")


def _from(base: Path, value: Any) -> Any:
    """Files named from a folder on."""
    if isinstance(value, tuple):
        return tuple(str(base / name) for name in value)
    return None if value is None else base / value
