"""How a style is asked for: `NAME`, `FILE.safetensors[#NAME]`, a picture, or several as a mixture.

    kandinsky
    ./mine.safetensors
    ./three.safetensors#monet
    kandinsky:0.6,starry-night:0.4
    ./my-painting.jpg
    ./my-painting.jpg:0.6,kandinsky:0.4

A file whose name has a comma or a colon in it can be asked for alone, by its name.
Read once, where a style enters; needs no torch, so that a wrong one is refused at once.
"""

from __future__ import annotations

import math
from pathlib import Path

from stylize_video.errors import UnknownStyleError, UsageError
from stylize_video.files import paths
from stylize_video.models.mixture import Ingredient, Mixture, NamedStyle, Part, PictureStyle, TrainedStyle
from stylize_video.pictures.picture_names import READ

_SUFFIX = ".safetensors"


def parse(spec: str) -> Mixture:
    """Read a spec.

    Raises:
        UsageError: a weight that is none, or weights that sum to nothing.
        UnknownStyleError: an empty name.
    """
    is_file = (spec.endswith(_SUFFIX) or _is_picture(spec)) and paths.is_file(spec)
    if is_file:  # even if its name has a comma or a colon in it
        return Mixture.only(_of_file(spec))
    found = [_part(item.strip(), spec) for item in spec.split(",")]
    total = sum(part.weight for part in found)
    if total == math.inf:
        raise UsageError(f"the weights of {spec!r} sum to more than a number holds; give smaller ones")
    if not total > 0:
        raise UsageError(f"the weights of {spec!r} sum to nothing; give one above 0")
    return Mixture(tuple(Part(part.ingredient, part.weight / total) for part in found))


def _is_picture(name: str) -> bool:
    return Path(name).suffix.lower() in READ


def _of_file(name: str) -> Ingredient:
    return PictureStyle(Path(name)) if _is_picture(name) else TrainedStyle(Path(name))


def _part(item: str, spec: str) -> Part:
    name, colon, tail = item.rpartition(":")
    if not colon or "/" in tail or "\\" in tail:  # no weight; at most a Windows drive
        name, weight = item, 1.0
    else:
        weight = _weight(tail, spec)
    return Part(_ingredient(name, spec), weight)


def _ingredient(name: str, spec: str) -> Ingredient:
    file, hash_sign, of_file = name.rpartition("#")
    if hash_sign and file.endswith(_SUFFIX):
        return TrainedStyle(Path(file), of_file)
    if name.endswith(_SUFFIX) or _is_picture(name):
        return _of_file(name)
    if not name:
        raise UnknownStyleError(f"a style without a name in {spec!r}; e.g. kandinsky:0.6,starry-night:0.4")
    return NamedStyle(name)


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
