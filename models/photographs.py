"""Photographs and paintings as tensors: what the networks are trained and measured on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylize_video.errors import InputError, TrainingError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})

Picture = NDArray[np.uint8]  # (H, W, 3) RGB


def read_picture(path: Path) -> Picture:
    """Read a picture file as (H, W, 3) uint8 RGB, turned upright by its EXIF tag.

    Raises:
        InputError: the file is missing or is no picture.
    """
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if picture is None:
        raise InputError(f"{path}: not a picture that OpenCV can read")
    return np.ascontiguousarray(picture[:, :, ::-1])


def resize_longer_side(picture: Picture, size: int) -> Picture:
    """Scale so that the longer side is `size` px; area-averaged when shrinking, cubic when growing."""
    height, width = picture.shape[:2]
    scale = size / max(height, width)
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(  # type: ignore[return-value]
        picture, target, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )


def to_tensor(pictures: Sequence[Picture]) -> Tensor:
    """Pictures of one size -> (N, 3, H, W) float32 in 0..1."""
    stacked = torch.from_numpy(np.stack(pictures))
    return stacked.permute(0, 3, 1, 2).contiguous().float() / 255


@dataclass(frozen=True)
class PhotographSet:
    """A folder of photographs, split once into those trained on and those kept for measuring."""

    training: Sequence[Picture]
    held_out: Sequence[Picture]

    @classmethod
    def from_folder(cls, folder: Path, *, held_out: int, shorter_side: int) -> PhotographSet:
        """Read a folder; every k-th file in the order of names is held out.

        Training photographs larger than `shorter_side` are shrunk to it, to bound the memory.

        Raises:
            TrainingError: no folder, or too few photographs in it.
            InputError: one of them can't be read.
        """
        if not folder.is_dir():
            raise TrainingError(f"{folder}: no such folder of photographs")
        paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
        if len(paths) <= held_out:
            raise TrainingError(
                f"{folder}: {len(paths)} photographs, and {held_out} of them are kept for measuring; "
                "give more"
            )
        step = len(paths) // held_out if held_out else len(paths) + 1
        kept = set(paths[step // 2 :: step][:held_out])
        return cls(
            training=[_shrink(read_picture(p), shorter_side) for p in paths if p not in kept],
            held_out=[read_picture(p) for p in sorted(kept)],
        )

    def crops(self, rng: np.random.Generator, *, count: int, size: int) -> Tensor:
        """Random square crops, (count, 3, size, size) in 0..1: shifted, scaled, flipped, re-lit, noisy."""
        chosen = rng.integers(len(self.training), size=count)
        batch = to_tensor([_random_crop(self.training[i], rng, size) for i in chosen])
        return _relight(batch, rng)


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
    """Another exposure, contrast and sensor noise, so that the painter meets dim and noisy films."""
    n = len(batch)
    gain = torch.from_numpy(rng.uniform(0.75, 1.15, (n, 1, 1, 1)).astype(np.float32))
    offset = torch.from_numpy(rng.uniform(-0.06, 0.06, (n, 1, 1, 1)).astype(np.float32))
    noise = rng.standard_normal(batch.shape, np.float32)
    level = rng.uniform(0, 0.02, (n, 1, 1, 1)).astype(np.float32)
    return (batch * gain + offset + torch.from_numpy(noise * level)).clamp(0, 1)
