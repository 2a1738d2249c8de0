"""Which films a batch paints, and what each painting is called: the tree of their folders is kept."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import NamedTuple

from stylize_video.errors import UsageError
from stylize_video.files import paths as file_paths
from stylize_video.files import whole_file
from stylize_video.option import flag

# What files of a folder are taken for films; one that is named by itself may be called as it likes.
SUFFIXES = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".gif", ".ts", ".mts", ".m2ts"),
        *(".mpg", ".mpeg", ".m2v", ".vob", ".wmv", ".asf", ".flv", ".f4v", ".ogv", ".ogm"),
        *(".3gp", ".3g2", ".mxf", ".dv", ".y4m", ".mj2", ".apng"),
    }
)


class Film(NamedTuple):
    """A film, and where it is in the tree that it was found in."""

    path: Path  # absolute; links are not followed
    place: PurePath  # relative


@dataclass
class Found:
    """What lies where a batch looks."""

    films: list[Film] = field(default_factory=list)
    left_out: list[Path] = field(default_factory=list)  # no films by their names
    missing: list[tuple[str, str]] = field(default_factory=list)  # what was named, and why it is none


def find(paths: Sequence[str], output: Path) -> Found:
    """All films, each once, in the order in which they are named and by name within a folder.

    Hidden files and folders are passed over, and so is the output folder, unless it is named itself.

    Args:
        paths: films, folders and patterns.
        output: the folder for the paintings.

    Raises:
        UsageError: one of them is the output folder, or lies in it.
    """
    found = Found()
    folders = sum(file_paths.is_folder(path) for path in paths)
    for path in paths:
        _add(found, path, output, several=folders > 1)
    once: dict[Path, Film] = {}
    for film in found.films:
        once.setdefault(film.path, film)
    found.films = list(once.values())
    return found


def _add(found: Found, path: str, output: Path, *, several: bool) -> None:
    given = file_paths.absolute(path)
    try:
        _refuse_output(given, output)
        if given.is_dir():
            place = PurePath(given.name) if several else PurePath()
            for film, is_film in _walk(given, output):
                if is_film:
                    found.films.append(Film(film, place / film.relative_to(given)))
                else:
                    found.left_out.append(film)
        elif given.exists() or given.is_symlink() or not glob.has_magic(path):
            found.films.append(Film(given, PurePath(given.name)))
        else:
            _add_matching(found, path, output)
    except UsageError:
        raise
    except (OSError, ValueError) as error:  # a name too long, a NUL
        found.missing.append((path, f"can't be used ({getattr(error, 'strerror', None) or error})"))


def _add_matching(found: Found, pattern: str, output: Path) -> None:
    """The films that a pattern names: their places are relative to its part without wildcards."""
    fixed = Path(*_until_magic(Path(pattern).parts))
    named = [file_paths.absolute(name) for name in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207 - may be absolute
    matches = [name for name in named if not _is_output(name, output)]
    if named and not matches:
        _refuse_output(named[0], output)
    for match in matches:
        if match.is_dir():
            if "**" not in pattern:  # else what is in it matches by itself
                for film, is_film in _walk(match, output):
                    if is_film:
                        found.films.append(Film(film, film.relative_to(file_paths.absolute(fixed))))
        elif "**" not in pattern or match.suffix.lower() in SUFFIXES:
            found.films.append(Film(match, match.relative_to(file_paths.absolute(fixed))))
    if not matches:
        found.missing.append((pattern, "no file is called so"))


def _until_magic(parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        if glob.has_magic(part):
            return
        yield part


def _walk(folder: Path, output: Path) -> Iterator[tuple[Path, bool]]:
    """The files in a folder and below, by name, and whether they are called like films.

    Links to folders are followed, but no folder is entered twice: so links in a circle have an end.
    """
    entered: set[tuple[int, int]] = {_identity(output)} if output.is_dir() else set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            identity, entries = _identity(here), sorted(here.iterdir())
        except OSError:  # closed, or gone
            continue
        if identity in entered:
            continue
        entered.add(identity)
        seen = [entry for entry in entries if not entry.name.startswith(".")]
        waiting += reversed([entry for entry in seen if entry.is_dir()])
        for entry in seen:
            if entry.is_file() and whole_file.PARTIAL not in entry.name:
                yield entry, entry.suffix.lower() in SUFFIXES


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino


def _refuse_output(path: Path, output: Path) -> None:
    if _is_output(path, output):
        how = "is" if path.is_dir() else "lies in"
        raise UsageError(
            f"{path}: {how} the folder for the painted films; name another with {flag('output')}"
        )


def _is_output(path: Path, output: Path) -> bool:
    """Whether a path is the output folder, or a file in it."""
    if not output.is_dir() or not path.exists():
        return False
    if path.is_dir():
        return path.samefile(output)
    return any(parent.samefile(output) for parent in path.resolve().parents)


def names(
    films: Sequence[Film], known: Mapping[Path, str], taken: Collection[str], suffixes: Mapping[Path, str]
) -> dict[Path, str]:
    """What each painting is called, relative to the output folder, with "/" between folders.

    A film keeps the name that it had. Of those that would have the same, each is called by more of its path.

    Args:
        films: all.
        known: the names of those that were painted before.
        taken: names that belong to other films.
        suffixes: of the paintings.
    """
    found = {film.path: known[film.path] for film in films if film.path in known}
    new = {film: 0 for film in films if film.path not in known}  # with how many more folders each is called
    used = {_folded(name) for name in (*taken, *found.values())}
    while True:
        called = {film: _called(film, suffixes[film.path], more) for film, more in new.items()}
        count = Counter(map(_folded, called.values()))
        clashing = [
            film
            for film, name in called.items()
            if (count[_folded(name)] > 1 or _folded(name) in used) and new[film] < _most(film)
        ]
        if not clashing:
            return {**found, **{film.path: name for film, name in called.items()}}
        for film in clashing:
            new[film] += 1


def _called(film: Film, suffix: str, more: int) -> str:
    own = film.place.parts
    parents = film.path.parts[1 : len(film.path.parts) - len(own)]
    parts = (*parents[len(parents) - more :], *own) if more else own
    name = "/".join(parts)
    return name if film.path.suffix.lower() == suffix else f"{name}{suffix}"


def _most(film: Film) -> int:
    return len(film.path.parts) - 1 - len(film.place.parts)


def _folded(name: str) -> str:
    """Equal of two names that are one on some file system."""
    return name.casefold()
