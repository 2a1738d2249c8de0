"""What a batch is asked for, held against what it has done: which films are to be painted, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from stylize_video.errors import OutputExistsError, StylizeVideoError, UsageError
from stylize_video.files.mark import FileMark
from stylize_video.pipeline.jobs.batch import films as batch_films
from stylize_video.pipeline.jobs.batch import settings as batch_settings
from stylize_video.pipeline.jobs.batch.films import Film
from stylize_video.pipeline.jobs.batch.manifest import Entry, Manifest
from stylize_video.pipeline.jobs.batch.options import BatchOptions
from stylize_video.pipeline.jobs.batch.processes.tasks import Seen
from stylize_video.pipeline.jobs.batch.settings import Settings, WeightSums
from stylize_video.pipeline.jobs.cluster.options import ClusterOptions
from stylize_video.pipeline.jobs.request import PaintRequest, output_suffix


@dataclass(frozen=True)
class Clips:
    """Some films, and what is asked for them alone."""

    paths: tuple[str, ...]
    settings: Settings = field(default_factory=dict)
    output: str | None = None  # what its painting is called; None: as the film is


@dataclass(frozen=True)
class Asked:
    """All that a batch is asked for."""

    folder: Path  # of the paintings
    clips: tuple[Clips, ...]  # where several name a film, the last one's settings count
    options: BatchOptions
    common: Settings = field(default_factory=dict)  # of the job file, for all films
    typed: Settings = field(default_factory=dict)  # on the command line: they count more than all others
    inherits: bool = True  # whether settings that nobody asks for are those of the batch before
    cluster: ClusterOptions = field(default_factory=ClusterOptions)


@dataclass
class Item:
    """A film that is to be painted, or is."""

    path: Path
    name: str  # of its painting, relative to the folder
    request: PaintRequest
    settings: Settings  # as they are recorded
    run: Settings  # that decide what goes on with its segments
    weights: Mapping[str, str]
    before: Entry | None  # what is recorded of it
    why: str  # it is painted; empty: it need not be, if it is the same film
    seen: Seen | None = None

    @property
    def surely_done(self) -> bool:
        """Whether that is known without reading the film."""
        known = self.before.source if self.before is not None else None
        return not self.why and known is not None and known.is_of(self.path)


@dataclass
class Survey:
    """All films of a batch."""

    items: list[Item]
    left_out: list[Path]  # no films by their names
    failed: list[tuple[Path, str]]  # what can't be painted, and why
    notes: list[str]  # what is done otherwise than one might think


def look(asked: Asked, manifest: Manifest, only: Collection[Path] | None = None) -> Survey:
    """Find all films, what each is called and with which settings it is painted.

    Args:
        asked: what is asked for.
        manifest: what is recorded; the settings that are asked for are recorded in it.
        only: the films that are looked at; None: all.

    Raises:
        UsageError: settings that make no sense, or two paintings of one name.
        InputError, WeightsError: something that films are to be painted with is missing.
    """
    survey = Survey([], [], [], [])
    found = _films(asked, survey)
    if only is not None:
        found = {key: film for key, film in found.items() if key[0] in only}
        survey.left_out, survey.failed = [], []  # which was said before
    named = _named(found, asked, manifest)
    weights = WeightSums()
    base = dict(manifest.settings) if asked.inherits else {}
    for (path, _), (clips, name) in named.items():
        before = manifest.films.get(name)
        begun = _begun_with(before) if asked.inherits and before is not None else base
        settings = {**begun, **asked.common, **clips.settings, **asked.typed}
        try:
            survey.items.append(_item(path, name, settings, before, manifest, weights))
        except OutputExistsError as error:
            survey.failed.append((path, str(error)))
        except StylizeVideoError as error:
            if begun is base or _can_be(begun, path, manifest.path_of(name), weights):
                raise  # what is asked for now is a mistake
            survey.failed.append((path, str(error)))
    survey.notes += _notes(asked, base, survey.items)
    manifest.settings = batch_settings.recorded({**base, **asked.common, **asked.typed})
    return survey


def _films(asked: Asked, survey: Survey) -> dict[tuple[Path, str | None], tuple[Film, Clips]]:
    """Each film and the name that was given to its painting -> where it is, and what is asked for it."""
    found: dict[tuple[Path, str | None], tuple[Film, Clips]] = {}
    for clips in asked.clips:
        here = batch_films.find(clips.paths, asked.folder)
        if clips.output is not None and len(here.films) > 1:
            raise UsageError(f"{clips.output}: is the name of one painting, not of {len(here.films)}")
        survey.left_out += here.left_out
        survey.failed += [(Path(path), reason) for path, reason in here.missing]
        for film in here.films:
            key = film.path, clips.output
            at = found.pop(key)[0] if key in found else film  # where it was named first
            found[key] = (at, clips)
    return found


def _named(
    found: Mapping[tuple[Path, str | None], tuple[Film, Clips]], asked: Asked, manifest: Manifest
) -> dict[tuple[Path, str | None], tuple[Clips, str]]:
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


def _begun_with(before: Entry) -> Settings:
    """What a film was painted with; if it is not finished, all that it was begun with."""
    return {**before.settings, **({} if before.is_finished else before.run)}


def _can_be(settings: Settings, path: Path, target: Path, weights: WeightSums) -> bool:
    """Whether all is there that a film is painted with by such settings."""
    try:
        weights.of(batch_settings.request(settings, path, target))
    except StylizeVideoError:
        return False
    return True


def _item(
    path: Path, name: str, settings: Settings, before: Entry | None, manifest: Manifest, weights: WeightSums
) -> Item:
    """A film as it is to be painted.

    Raises:
        UsageError: settings that make no sense.
        InputError, WeightsError: something that it is to be painted with is missing.
        OutputExistsError: something is in its way.
    """
    target = manifest.path_of(name)
    asked = batch_settings.request(settings, path, target)
    own = manifest.is_own(name)
    if target.exists() and not own and not asked.sink.overwrite:
        told = "exists, and is not what this batch has painted; add `overwrite`, or move it away"
        raise OutputExistsError(f"{target}: {told}")
    replaced = replace(asked, sink=replace(asked.sink, overwrite=asked.sink.overwrite or own))
    recorded = batch_settings.recorded(settings)
    used = weights.of(asked)
    why = _why(before, recorded, used, there=target.exists() and own)
    return Item(path, name, replaced, recorded, batch_settings.of_the_run(settings), used, before, why)


def _why(before: Entry | None, settings: Settings, weights: Mapping[str, str], *, there: bool) -> str:
    """Why a film is painted anew, whatever it shows."""
    if before is None:
        return "new"
    if not before.is_finished:
        return "not finished"
    if changed := list(batch_settings.differences(before.settings, settings)):
        return ", ".join(changed)
    if dict(before.weights) != dict(weights):
        return "painted with other weights"
    return "" if there else "its painting is gone"


def changed(item: Item, source: FileMark) -> str:
    """Why a film is painted anew that would be done if it were the same; empty: it is."""
    before = item.before
    if item.why or before is None or before.source is None:
        return item.why
    return "" if before.source.sha256 == source.sha256 else "the film has changed"


def _notes(asked: Asked, base: Settings, items: Iterable[Item]) -> Iterator[str]:
    """What is to be known of the settings."""
    inherited = {name: value for name, value in base.items() if name not in {**asked.common, **asked.typed}}
    if told := list(batch_settings.told(inherited)):
        yield f"settings as this folder was begun with: {', '.join(told)}"
    now = {**asked.common, **asked.typed}
    if changed := list(batch_settings.differences(base, now)):
        count = sum(item.before is not None and item.before.settings != item.settings for item in items)
        anew = f"; {count} {'film is' if count == 1 else 'films are'} painted anew" if count else ""
        yield f"other settings than this folder was begun with: {', '.join(changed)}{anew}"
