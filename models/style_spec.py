"""How a style is asked for: `NAME`, `FILE.safetensors[#NAME]`, a picture, or several as a mixture.

    kandinsky
    ./mine.safetensors
    ./three.safetensors#monet
    kandinsky:0.6,starry-night:0.4
    ./my-painting.jpg
    ./my-painting.jpg:0.6,kandinsky:0.4

A file whose name has a comma or a colon in it can be asked for alone, by its name.
Needs no torch, so that a wrong one is refused at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stylize_video.errors import UnknownStyleError, UsageError
from stylize_video.files import paths
from stylize_video.pictures.picture_names import READ

_SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Ingredient:
    """One style of a mixture."""

    name: str  # of the style; empty: the only one in its file
    file: str  # a weights file of the user's own, or a picture; empty: a bundled style
    weight: float

    @property
    def is_picture(self) -> bool:
        """Whether the style is a picture, that no network has been trained on."""
        return _is_picture(self.file)

    def __str__(self) -> str:
        return f"{self.file}#{self.name}" if self.file and self.name else self.file or self.name


def parse(spec: str) -> tuple[Ingredient, ...]:
    """Read a spec; the weights of the result sum to one.

    Raises:
        UsageError: a weight that is none, or weights that sum to nothing.
        UnknownStyleError: an empty name.
    """
    is_file = (spec.endswith(_SUFFIX) or _is_picture(spec)) and paths.is_file(spec)
    if is_file:  # even if its name has a comma or a colon in it
        return (Ingredient("", spec, 1.0),)
    found = [_ingredient(item.strip(), spec) for item in spec.split(",")]
    total = sum(ingredient.weight for ingredient in found)
    if total == math.inf:
        raise UsageError(f"the weights of {spec!r} sum to more than a number holds; give smaller ones")
    if not total > 0:
        raise UsageError(f"the weights of {spec!r} sum to nothing; give one above 0")
    return tuple(Ingredient(i.name, i.file, i.weight / total) for i in found)


def file_stem(spec: str) -> str:
    """What an output painted so is called after: `kandinsky`, or `kandinsky-60+starry-night-40`."""
    mixture = parse(spec)
    names = [i.name or Path(i.file).stem for i in mixture]
    if len(mixture) == 1:
        return names[0]
    return "+".join(f"{n}-{100 * i.weight:.0f}" for n, i in zip(names, mixture, strict=True))


def files(mixture: Sequence[Ingredient]) -> list[str]:
    """The weights files and pictures a mixture needs, each once."""
    return list(dict.fromkeys(i.file for i in mixture if i.file))


def _is_picture(name: str) -> bool:
    return Path(name).suffix.lower() in READ


def _ingredient(item: str, spec: str) -> Ingredient:
    name, colon, tail = item.rpartition(":")
    if not colon or "/" in tail or "\\" in tail:  # no weight; at most a Windows drive
        name, weight = item, 1.0
    else:
        weight = _weight(tail, spec)
    file, hash_sign, of_file = name.rpartition("#")
    if hash_sign and file.endswith(_SUFFIX):
        return Ingredient(of_file, file, weight)
    if name.endswith(_SUFFIX) or _is_picture(name):
        return Ingredient("", name, weight)
    if not name:
        raise UnknownStyleError(f"a style without a name in {spec!r}; e.g. kandinsky:0.6,starry-night:0.4")
    return Ingredient(name, "", weight)


def _weight(text: str, spec: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        raise UsageError(
            f"{text!r} in {spec!r} is no weight; give 0 or more, e.g. kandinsky:0.6,starry-night:0.4"
        )
    return weight
