"""What a batch is asked for, held against what it has done: which films are to be painted, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stylize_video.errors import OutputExistsError, StylizeVideoError
from stylize_video.files.mark import FileMark
from stylize_video.pipeline.jobs.batch import naming
from stylize_video.pipeline.jobs.batch.asked import settings as batch_settings
from stylize_video.pipeline.jobs.batch.asked.clips import Asked
from stylize_video.pipeline.jobs.batch.asked.settings import Settings, WeightSums
from stylize_video.pipeline.jobs.batch.manifest import Entry, Manifest
from stylize_video.pipeline.jobs.batch.processes.tasks import Seen
from stylize_video.pipeline.jobs.request import PaintRequest


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
    found = naming.find_all(asked)
    survey = Survey([], found.left_out, found.missing, [])
    films = found.films
    if only is not None:
        films = {key: film for key, film in films.items() if key[0] in only}
        survey.left_out, survey.failed = [], []  # which was said before
    weights = WeightSums()
    base = dict(manifest.settings) if asked.inherits else {}
    for (path, _), (clips, name) in naming.named(films, asked, manifest).items():
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
