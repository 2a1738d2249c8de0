"""What a picture may be painted in the style of: ingredients, and their mixture. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from stylize_video.errors import UsageError

_ROUNDING = 1e-6  # by which the sum of weights may be off 1


@dataclass(frozen=True)
class NamedStyle:
    """A style known by its name: a bundled one, or one that the transform's networks know."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class TrainedStyle:
    """A style of a user's own weights file."""

    file: Path
    name: str = ""  # empty: the only one in its file

    def __str__(self) -> str:
        return f"{self.file}#{self.name}" if self.name else str(self.file)


@dataclass(frozen=True)
class PictureStyle:
    """A picture of a painting, that no network has been trained on."""

    file: Path

    def __str__(self) -> str:
        return str(self.file)


@dataclass(frozen=True)
class PaintedFrames:
    """A folder of frames that the user painted."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)


Ingredient = NamedStyle | TrainedStyle | PictureStyle | PaintedFrames


class Part(NamedTuple):
    """An ingredient, and how much of the mixture it is."""

    ingredient: Ingredient
    weight: float  # 0..1


@dataclass(frozen=True)
class Mixture:
    """One style or several, whose weights sum to one."""

    parts: tuple[Part, ...]

    @classmethod
    def only(cls, ingredient: Ingredient) -> Mixture:
        """One style alone."""
        return cls((Part(ingredient, 1.0),))

    @property
    def ingredients(self) -> tuple[Ingredient, ...]:
        """Without their weights."""
        return tuple(part.ingredient for part in self.parts)

    @property
    def weights(self) -> tuple[float, ...]:
        """Of the ingredients, in their order."""
        return tuple(part.weight for part in self.parts)

    @property
    def files(self) -> tuple[Path, ...]:
        """The weights files and pictures it needs, each once."""
        found = (i.file for i in self.ingredients if isinstance(i, TrainedStyle | PictureStyle))
        return tuple(dict.fromkeys(found))

    @property
    def stem(self) -> str:
        """What an output painted so is called after: `kandinsky`, or `kandinsky-60+starry-night-40`."""
        names = [_stem(ingredient) for ingredient in self.ingredients]
        if len(names) == 1:
            return names[0]
        return "+".join(f"{n}-{100 * weight:.0f}" for n, weight in zip(names, self.weights, strict=True))

    def __str__(self) -> str:
        if len(self.parts) == 1:
            return str(self.ingredients[0])
        return ",".join(f"{part.ingredient}:{part.weight:g}" for part in self.parts)


def _stem(ingredient: Ingredient) -> str:
    match ingredient:
        case NamedStyle(name):
            return name
        case TrainedStyle(file, name):
            return name or file.stem
        case PictureStyle(file):
            return file.stem
        case PaintedFrames(folder):
            return folder.absolute().name or "painted-frames"


def to_json(mixture: Mixture) -> list[dict[str, Any]]:
    """One object an ingredient: `{"name": "udnie", "weight": 0.4}`, with a "file" or a "picture"."""
    return [_described(part.ingredient) | {"weight": part.weight} for part in mixture.parts]


def _described(ingredient: Ingredient) -> dict[str, Any]:
    match ingredient:
        case NamedStyle(name):
            return {"name": name}
        case TrainedStyle(file, name):
            return {"file": str(file), "name": name}
        case PictureStyle(file):
            return {"picture": str(file)}
        case PaintedFrames(folder):
            return {"folder": str(folder)}


def from_json(given: Any) -> Mixture:
    """The opposite of `to_json`.

    Raises:
        UsageError: anything else than what that gives.
    """
    try:
        parts = tuple(Part(_ingredient(dict(part)), float(part["weight"])) for part in given)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{given!r} is no style; give its name, or a list of ingredients") from error
    if not all(0 <= part.weight <= 1 for part in parts):
        raise UsageError(f"{given!r} is no mixture; give each ingredient a weight from 0 to 1")
    if abs(sum(part.weight for part in parts) - 1) > _ROUNDING:
        raise UsageError(f"{given!r} is no mixture; give weights that sum to 1")
    return Mixture(parts)


def _ingredient(said: dict[str, Any]) -> Ingredient:
    for key, kind in (("picture", PictureStyle), ("folder", PaintedFrames)):
        if key in said:
            return kind(Path(said[key]))
    if "file" in said:
        return TrainedStyle(Path(said["file"]), str(said.get("name", "")))
    return NamedStyle(str(said["name"]))


def pictures(ingredients: Iterable[Ingredient]) -> list[Path]:
    """The files of those that are pictures."""
    return [i.file for i in ingredients if isinstance(i, PictureStyle)]
