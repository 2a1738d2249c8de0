"""The styles there are: what is bundled, by the weights' manifest, and what a name means. Needs no torch."""

from __future__ import annotations

import difflib
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from stylize_video.errors import UnknownStyleError, UsageError, WeightsError
from stylize_video.files import paths
from stylize_video.models import weights
from stylize_video.models.mixture import Mixture, NamedStyle, PaintedFrames, PictureStyle, TrainedStyle
from stylize_video.option import flag

DEFAULT = "kandinsky"  # whose network new styles start from

FULL, DRAFT = QUALITIES = "full", "draft"  # of the plain networks that bundled styles are painted by
ALIAS_FREE = "alias-free-net"  # what the manifest calls those that treat pictures as continuous signals
SETS = (*QUALITIES, ALIAS_FREE)  # of bundled networks: each has a style's name once

_TEXTS = ("name", "painting", "painter", "year", "licence", "weights")  # fields of a `Style`


@dataclass(frozen=True)
class Style:
    """A painting that some network learned to paint in the manner of."""

    name: str
    painting: str
    painter: str
    year: str
    licence: str
    style_distance: float | None  # see models/perceptual/losses.py; over held-out photographs at 512 px
    content_distance: float | None
    bare_canvas: float | None = None  # 0..1, of the same photographs, see models/perceptual/brushwork.py
    warping_error: float | None = (
        None  # of films painted as by default, see models/motion/flow.py; None, here as above: not measured
    )
    relative_warping_error: float | None = None  # by the square of what is painted, docs/score.md
    weights: str = ""  # the manifest's name of the file; empty for a file of the user's own

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Style:
        """Build from a manifest or header entry; keys that are not fields are ignored.

        Raises:
            KeyError, TypeError, ValueError: one is missing, or of another type than the field.
        """
        found = {f.name: entry[f.name] for f in fields(cls) if f.name in entry}
        for name, value in found.items():
            if name in _TEXTS:
                if not isinstance(value, str):
                    raise TypeError(f"{name} = {value!r} must be text")
            elif value is not None and not math.isfinite(value):
                raise ValueError(f"{name} = {value} must be finite")
        return cls(**found)


def available(networks: str = FULL) -> dict[str, Style]:
    """The bundled styles by name, with the figures of the networks of a set, one of `SETS`.

    A manifest's entry that is the draft of another says so, by "draft_of", and an alias-free one by its kind.

    Raises:
        WeightsError: the manifest is missing or damaged.
    """
    found: dict[str, Style] = {}
    for name, entry in weights.manifest().items():
        if set_of(entry) != networks:
            continue
        try:
            known = [Style.from_json({**style, "weights": name}) for style in entry.get("styles", [])]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise WeightsError(
                f"the manifest's styles of {name!r} can't be read ({error}); install again"
            ) from error
        for style in known:
            if style.name in found:
                raise WeightsError(f"two bundled styles called {style.name!r} in the manifest; install again")
            found[style.name] = style
    return found


def set_of(entry: Mapping[str, Any]) -> str:
    """The set that the networks of a manifest's entry belong to."""
    if "draft_of" in entry:
        return DRAFT
    return ALIAS_FREE if entry.get("kind") == ALIAS_FREE else FULL


def check(style: Mixture, *, names: bool = True, networks: str = FULL) -> None:
    """See whether each ingredient of a style is bundled or an existing file, without loading it.

    Args:
        style: what is to be painted in.
        names: whether its names are those of bundled styles; else files alone are looked for.
        networks: the set of those that paint bundled styles.

    Raises:
        UnknownStyleError: no such style or file; the message names the nearest style.
        UsageError: a bundled style has no network in that set.
    """
    for ingredient in style.ingredients:
        match ingredient:
            case NamedStyle(name):
                if names:
                    _check_name(name, networks)
            case TrainedStyle(file) | PictureStyle(file):
                if not paths.is_file(file):
                    kind = "picture" if isinstance(ingredient, PictureStyle) else "weights file"
                    raise UnknownStyleError(f"{file}: {paths.no_such(file, kind)}")
            case PaintedFrames(folder):
                raise UnknownStyleError(f"{folder}: painted frames are no style")


def _check_name(name: str, networks: str) -> None:
    names = available()
    if name not in names:
        near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}"
        raise UnknownStyleError(f"no style called {name!r}; {hint}")
    if name in available(networks):
        return
    if networks == DRAFT:
        raise UsageError(f"{name}: no network of quality {DRAFT} is bundled; leave {flag('quality')} out")
    raise UsageError(
        f"{name}: no {networks} is bundled for it; leave {flag('method')} out, or give a weights file"
    )


def check_trained(style: Mixture, networks: str = FULL) -> list[NamedStyle | TrainedStyle]:
    """The ingredients, if networks have been trained on all of them.

    Raises:
        UsageError: one is missing, or no style that a network can be trained on.
    """
    check(style, networks=networks)
    found = []
    for ingredient in style.ingredients:
        if not isinstance(ingredient, NamedStyle | TrainedStyle):
            raise UsageError(f"{ingredient}: a picture is no trained network; train one")
        found.append(ingredient)
    return found


def file_of(ingredient: NamedStyle | TrainedStyle, networks: str = FULL) -> str:
    """Which file it is in: its path, or the manifest's name of a bundled one of a set."""
    if isinstance(ingredient, TrainedStyle):
        return str(ingredient.file)
    return available(networks)[ingredient.name].weights


def bundled_network(networks: str = FULL) -> str:
    """The manifest's name of the network that new styles start from: the default style's in a set.

    Raises:
        UsageError: there is no such set.
        WeightsError: the manifest lacks it.
    """
    found = available(networks)
    if not found and networks != FULL:
        raise UsageError(f"no {networks} is bundled; give another network with {flag('from')}")
    if DEFAULT not in found:
        raise WeightsError(f"the manifest has no style called {DEFAULT!r}; install again")
    return found[DEFAULT].weights


def checksums(style: Mixture, networks: str = FULL) -> dict[str, str]:
    """SHA-256 of each weights file that a style needs, by its name.

    Raises:
        UsageError: there is no such style.
        WeightsError: one of them can't be read.
    """
    found = {}
    for ingredient in check_trained(style, networks):
        origin = file_of(ingredient, networks)
        if isinstance(ingredient, TrainedStyle):
            found[origin] = _checksum(ingredient.file)
        else:
            found[origin] = weights.manifest()[origin]["sha256"]
    return found


def _checksum(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(f"{path}: can't be read ({error.strerror})") from error
