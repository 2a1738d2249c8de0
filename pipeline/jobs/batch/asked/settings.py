"""Which settings a film of a batch is painted with: those asked for now, else those it was begun with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from stylize_video.errors import UsageError, WeightsError
from stylize_video.files import paths
from stylize_video.files.mark import FileMark
from stylize_video.files.paths import absolute
from stylize_video.models import weights
from stylize_video.option import Declared
from stylize_video.pipeline.jobs import early_checks
from stylize_video.pipeline.jobs.options import RunOptions
from stylize_video.pipeline.jobs.request import PaintRequest, declared

# What says nothing of how a film looks: these are never recorded.
_OF_THE_RUN = frozenset({"input", "output", "overwrite", "verify", "resume", "restart"}) | {
    each.name for each in dataclasses.fields(RunOptions)
}

# What decides a film's bits though not how it looks: what goes on with segments has to be given the same.
_OF_SEGMENTS = ("device", "batch_size", "segment_length")

Settings = dict[str, Any]  # by the options' names, as JSON has them


def known() -> dict[str, Declared]:
    """The options that films can be painted with: all but what a batch decides by itself."""
    return {each.name: each for each in declared() if each.name not in ("input", "output")}


def read(given: Mapping[str, Any], *, typed: bool, base: Path) -> Settings:
    """What was asked for -> settings; files are named from the root on.

    Args:
        given: by the options' names.
        typed: whether it was typed, else it is as JSON or TOML have it.
        base: the folder that files are named from.

    Raises:
        UsageError: no such option, a value that it can't have, or one out of its range.
    """
    options = known()
    found = {}
    for name, value in given.items():
        if name not in options:
            raise UsageError(f"no option called {name!r} here")
        option = options[name]
        read = from_root(option.read(value) if typed else option.from_json(value), base)
        option.check(read)
        found[name] = option.to_json(read)
    return found


def from_root(value: Any, base: Path) -> Any:
    """The same value with all paths in it named from the root on."""
    if isinstance(value, Path):
        return absolute(base / value)
    if isinstance(value, tuple):
        made = [from_root(item, base) for item in value]
        return type(value)(*made) if hasattr(value, "_fields") else tuple(made)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {each.name: from_root(getattr(value, each.name), base) for each in dataclasses.fields(value)}
        return dataclasses.replace(value, **parts)
    return value


def defaults() -> Settings:
    """Of who asks for nothing."""
    return {name: option.to_json(option.default) for name, option in known().items()}


def recorded(settings: Settings) -> Settings:
    """Those that decide how a film looks, all of them."""
    return {name: value for name, value in {**defaults(), **settings}.items() if name not in _OF_THE_RUN}


def of_the_run(settings: Settings) -> Settings:
    """Those among them that decide what can go on with the segments of a film."""
    return {name: settings[name] for name in _OF_SEGMENTS if name in settings}


def request(settings: Settings, film: Path, target: Path) -> PaintRequest:
    """What is asked of a film.

    Raises:
        UsageError: settings that don't go together, a style that there isn't.
        InputError: a picture or a mask is missing.
    """
    made = PaintRequest.from_json(settings | {"input": str(film), "output": str(target)})
    early_checks.check_look(made)
    return made


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What differs, as people say it: `strength 0.5 instead of 1.0`."""
    for name, option in known().items():
        if name in now and name in before and now[name] != before[name]:
            was = _told(option, before[name])
            yield f"{name.replace('_', ' ')} {_told(option, now[name])} instead of {was}"


def told(settings: Mapping[str, Any]) -> Iterator[str]:
    """Those that are not as by default: `style udnie`."""
    usual = defaults()
    for name, option in known().items():
        if name in settings and settings[name] != usual[name]:
            yield f"{name.replace('_', ' ')} {_told(option, settings[name])}"


def _told(option: Declared, value: Any) -> str:
    read = option.from_json(value)
    if isinstance(read, Fraction):
        return f"{float(read):g} s"
    found = option.written(read)
    if found is None:
        return "as usual"
    if isinstance(found, bool):
        return "on" if found else "off"
    return ", ".join(map(str, found)) if isinstance(found, list) else str(found)


class WeightSums:
    """SHA-256 of what paints, by its name; files are read once."""

    def __init__(self) -> None:
        self._files: dict[Path, str] = {}

    def of(self, asked: PaintRequest) -> dict[str, str]:
        """Of all networks, pictures and masks that a request takes.

        Raises:
            InputError: a file can't be read.
            UsageError, WeightsError: a style that can't be painted.
        """
        plans = asked.plans()
        bundled = {name: self._bundled(name) for plan in plans for name in plan.networks}
        files = (file for plan in plans for file in plan.files)
        used = (file for file in (*files, *asked.look.masks) if paths.is_file(file))
        return bundled | {str(file): self._file(file) for file in used}

    @staticmethod
    def _bundled(name: str) -> str:
        try:
            return str(weights.manifest()[name]["sha256"])
        except KeyError as error:
            raise WeightsError(f"no weights called {name!r} are bundled; install again") from error

    def _file(self, file: Path) -> str:
        if file not in self._files:
            self._files[file] = FileMark.of(file).sha256
        return self._files[file]
