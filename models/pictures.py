"""Pictures: files, uint8 arrays and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylize_video.errors import InputError, OutputError
from stylize_video.models import paths, whole_file
from stylize_video.models.picture_names import check_picture_name

_QUALITY = {  # how each of `picture_names.WRITTEN` is written
    ".png": (),
    ".jpg": (cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111),
    ".jpeg": (cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 101),  # lossless
}

Picture = NDArray[np.uint8]  # (H, W, 3) RGB


def read_picture(path: Path) -> Picture:
    """Read a picture file as (H, W, 3) uint8 RGB, turned upright by its EXIF tag.

    Raises:
        InputError: the file is missing or is no picture.
    """
    try:
        data = np.frombuffer(paths.read(path), np.uint8)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error as error:
        raise InputError(f"{path}: more pixels than OpenCV reads; shrink it first") from error
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


def shrink_longer_side(picture: Picture, size: int) -> Picture:
    """`resize_longer_side`, unless the picture is that small already."""
    return picture if max(picture.shape[:2]) <= size else resize_longer_side(picture, size)


def to_tensor(pictures: Sequence[Picture]) -> Tensor:
    """Pictures of one size -> (N, 3, H, W) float32 in 0..1."""
    stacked = torch.from_numpy(np.stack(pictures))
    return stacked.permute(0, 3, 1, 2).contiguous().float() / 255


def write_picture(path: Path, picture: Picture) -> None:
    """Write (H, W, 3) uint8 RGB in the format of the suffix; an existing file is replaced when it is whole.

    Raises:
        UnknownFormatError: the suffix is none of `picture_names.WRITTEN`.
        OutputError: the picture is too large for the format, or the file can't be written.
    """
    check_picture_name(path)
    data = _encode(path, picture)
    try:
        whole_file.write(whole_file.destination(path), data)
    except OSError as error:
        raise OutputError(f"can't write {path}: {error.strerror}") from error


def _encode(path: Path, picture: Picture) -> bytes:
    suffix = path.suffix.lower()
    try:
        done, data = cv2.imencode(suffix, np.ascontiguousarray(picture[:, :, ::-1]), _QUALITY[suffix])
    except cv2.error:
        done = False
    if not done:
        height, width = picture.shape[:2]
        raise OutputError(f"can't write {path}: {width}x{height} px is too large for {suffix}; take .png")
    return bytes(data)
