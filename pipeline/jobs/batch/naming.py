"""All films of a batch, and what each painting is called: as it was before, else by the film's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from stylize_video.errors import UsageError
from stylize_video.pipeline.jobs.batch import films as batch_films
from stylize_video.pipeline.jobs.batch.asked.clips import Asked, Clips
from stylize_video.pipeline.jobs.batch.films import Film
from stylize_video.pipeline.jobs.batch.manifest import Manifest
from stylize_video.pipeline.jobs.request import output_suffix

Key = tuple[Path, str | None]  # a film, and the name that was given to its painting


@dataclass
class AllFilms:
    """What was found."""

    films: dict[Key, tuple[Film, Clips]] = field(default_factory=dict)  # where each is, what is asked for it
    left_out: list[Path] = field(default_factory=list)  # no films by their names
    missing: list[tuple[Path, str]] = field(default_factory=list)  # what was named, and why it is none


def find_all(asked: Asked) -> AllFilms:
    """Find all films; one that several clips name is asked for as the last of them says.

    Raises:
        UsageError: a name for one painting, and several films; or the output folder as a film.
    """
    found = AllFilms()
    for clips in asked.clips:
        here = batch_films.find(clips.paths, asked.folder)
        if clips.output is not None and len(here.films) > 1:
            raise UsageError(f"{clips.output}: is the name of one painting, not of {len(here.films)}")
        found.left_out += here.left_out
        found.missing += [(Path(path), reason) for path, reason in here.missing]
        for film in here.films:
            key = film.path, clips.output
            at = found.films.pop(key)[0] if key in found.films else film  # where it was named first
            found.films[key] = (at, clips)
    return found


def named(
    found: Mapping[Key, tuple[Film, Clips]], asked: Asked, manifest: Manifest
) -> dict[Key, tuple[Clips, str]]:
    """What is asked for each film -> the same, and what its painting is called within the output folder.

    Raises:
        UsageError: two paintings of one name, or one outside of the folder.
    """
    own = {key: key[1] for key in found if key[1] is not None}
    for name in own.values():
        _check_name(name)
    films = [film for (_, name), (film, _) in found.items() if name is None]
    suffixes = {film.path: asked.options.suffix or output_suffix(film.path).lower() for film in films}
    known = _known(films, suffixes, manifest, set(own.values()))
    taken = {*own.values(), *manifest.films} - set(known.values())
    names = batch_films.names(films, known, taken, suffixes)
    called = {key: (clips, own.get(key) or names[key[0]]) for key, (_, clips) in found.items()}
    if len({name.casefold() for _, name in called.values()}) < len(called):
        raise UsageError("two paintings would have the same name; give each clip an output of its own")
    return called


def _check_name(name: str) -> None:
    parts = PurePath(name).parts
    if PurePath(name).is_absolute() or ".." in parts or not parts:
        raise UsageError(f"output {name!r} of a clip is no name within the output folder")


def _known(
    films: Sequence[Film], suffixes: Mapping[Path, str], manifest: Manifest, own: set[str]
) -> dict[Path, str]:
    """The names of films that were painted before, also where they have been moved since."""
    recorded = {manifest.input_of(entry): name for name, entry in manifest.films.items() if name not in own}
    here = {film.path for film in films}
    found = {}
    for film in films:
        usual = batch_films.names([film], {}, (), suffixes)[film.path]
        if film.path in recorded and PurePath(recorded[film.path]).suffix.lower() == suffixes[film.path]:
            found[film.path] = recorded[film.path]
        elif usual in manifest.films and usual not in own:
            there = manifest.input_of(manifest.films[usual])
            if there not in here and not there.exists():
                found[film.path] = usual
    return found
