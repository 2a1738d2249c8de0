"""A folder of photographs: what the networks are trained and measured on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from stylize_video.errors import TrainingError
from stylize_video.models.perceptual.sizes import MEASURED_SIZE
from stylize_video.models.training import drawn_scenes
from stylize_video.pictures.picture_names import READ
from stylize_video.pictures.pictures import (
    Picture,
    read_picture,
    resize_longer_side,
    shrink_longer_side,
    to_tensor,
)

_FEWEST = 4  # photographs: three to learn on, one to measure on
_NARROWEST = 12  # times as long as wide; at 256 px, VGG needs 16 across


@dataclass(frozen=True)
class PhotographSet:
    """A folder of photographs, split once into those trained on and those kept for measuring."""

    training: Sequence[Picture]
    held_out: Sequence[Picture]

    @classmethod
    def from_folder(
        cls, folder: Path, *, held_out: int, shorter_side: int, exclude: Collection[Path] = ()
    ) -> PhotographSet:
        """Read a folder; every k-th file in the order of names is held out, a quarter of them at most.

        Training photographs larger than `shorter_side` are shrunk to it, and those held out to
        `MEASURED_SIZE`, to bound the memory. Hidden files and those to `exclude` don't count.

        Raises:
            TrainingError: no folder, or too few photographs in it.
            InputError: one of them can't be read.
        """
        if not folder.is_dir():
            raise TrainingError(f"{folder}: no such folder of photographs")
        paths = _pictures_in(folder, {path.resolve() for path in exclude})
        if len(paths) < _FEWEST:
            raise TrainingError(f"{folder}: {len(paths)} photographs in it; give {_FEWEST} or more")
        held_out = min(held_out, len(paths) // 4)
        step = len(paths) // held_out if held_out else len(paths) + 1
        kept = set(paths[step // 2 :: step][:held_out])
        return cls(
            training=[_shrink(_photograph(p), shorter_side) for p in paths if p not in kept],
            held_out=[shrink_longer_side(_photograph(p), MEASURED_SIZE) for p in sorted(kept)],
        )

    @classmethod
    def drawn(cls, count: int, *, held_out: int) -> PhotographSet:
        """Scenes in place of photographs, of which `held_out` are kept for measuring; always the same."""
        scenes = [drawn_scenes.draw(number) for number in range(count)]
        return cls(training=scenes[held_out:], held_out=scenes[:held_out])

    def crops(self, rng: np.random.Generator, *, count: int, size: int) -> Tensor:
        """Random square crops, (count, 3, size, size) in 0..1: shifted, scaled, flipped and re-lit."""
        chosen = rng.integers(len(self.training), size=count)
        batch = to_tensor([_random_crop(self.training[i], rng, size) for i in chosen])
        return _relight(batch, rng)


def _pictures_in(folder: Path, excluded: Collection[Path]) -> list[Path]:
    try:
        paths = [p for p in folder.iterdir() if p.suffix.lower() in READ and p.name[0] != "."]
    except OSError as error:
        raise TrainingError(f"{folder}: can't be read ({error.strerror})") from error
    return sorted(path for path in paths if path.resolve() not in excluded)


def _photograph(path: Path) -> Picture:
    picture = read_picture(path)
    if max(picture.shape[:2]) > _NARROWEST * min(picture.shape[:2]):
        height, width = picture.shape[:2]
        raise TrainingError(f"{path}: {width}x{height} px is no photograph; take it out of the folder")
    return picture


def _shrink(picture: Picture, shorter_side: int) -> Picture:
    if min(picture.shape[:2]) <= shorter_side:
        return picture
    longer = round(max(picture.shape[:2]) * shorter_side / min(picture.shape[:2]))
    return resize_longer_side(picture, longer)


def _random_crop(picture: Picture, rng: np.random.Generator, size: int) -> Picture:
    shorter = min(picture.shape[:2])
    side = round(shorter * rng.uniform(0.6, 1.0))
    top = rng.integers(picture.shape[0] - side + 1)
    left = rng.integers(picture.shape[1] - side + 1)
    crop = picture[top : top + side, left : left + side]
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    shrink = side > size
    return cv2.resize(  # type: ignore[return-value]
        np.ascontiguousarray(crop),
        (size, size),
        interpolation=cv2.INTER_AREA if shrink else cv2.INTER_CUBIC,
    )


def _relight(batch: Tensor, rng: np.random.Generator) -> Tensor:
    """Another exposure and contrast, so that the painter meets dim films."""
    n = len(batch)
    gain = torch.from_numpy(rng.uniform(0.75, 1.15, (n, 1, 1, 1)).astype(np.float32))
    offset = torch.from_numpy(rng.uniform(-0.06, 0.06, (n, 1, 1, 1)).astype(np.float32))
    return (batch * gain + offset).clamp(0, 1)
