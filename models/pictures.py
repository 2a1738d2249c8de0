"""Pictures: files, uint8 arrays and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylize_video.errors import InputError, OutputError
from stylize_video.models import heif_boxes, whole_file
from stylize_video.models.picture_names import check_picture_name

_QUALITY = {  # how each of `picture_names.WRITTEN` is written
    ".png": (),
    ".jpg": (cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111),
    ".jpeg": (cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 101),  # lossless
}

_NEUTRAL = 127.5  # what is put where a picture is transparent

Picture = NDArray[np.uint8]  # (H, W, 3) RGB


def read_picture(path: Path, *, hidden: bool = False) -> Picture:
    """Read a picture file as (H, W, 3) uint8 RGB, turned and mirrored upright by its EXIF tag.

    Where it is transparent there is grey, or with `hidden` the colours that lie there.

    Raises:
        InputError: the file is missing or is no picture.
    """
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error as error:
        raise InputError(f"{path}: more pixels than OpenCV reads; shrink it first") from error
    if picture is None:
        raise InputError(f"{path}: not a picture that OpenCV can read")
    if bytes(data[4:8]) == b"ftyp":  # of AVIF OpenCV doesn't heed it
        picture = heif_boxes.find_orientation(path).upright(picture)
    shown = np.asarray(picture, np.uint8) if hidden else _opaque(np.asarray(picture, np.uint8), data)
    return np.ascontiguousarray(shown[:, :, ::-1])


def _opaque(picture: Picture, data: NDArray[np.uint8]) -> Picture:
    """A decoded picture (BGR, upright) on grey where the file says that it is transparent."""
    if bytes(data[:2]) == b"\xff\xd8":  # JPEG has no alpha
        return picture
    stored: NDArray[Any] | None = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if stored is None or stored.ndim != 3 or stored.shape[2] != 4:
        return picture
    if stored.dtype == np.uint16:
        stored = (stored >> 8).astype(np.uint8)
    stored = _as_upright(stored, picture)
    if (stored[..., 3] == 255).all():
        return picture
    share = stored[..., 3:] / np.float32(255)
    flat: Picture = np.rint(_NEUTRAL + (picture - np.float32(_NEUTRAL)) * share).astype(np.uint8)
    return flat


def _as_upright(stored: NDArray[Any], picture: Picture) -> NDArray[Any]:
    """Colours and alpha turned as OpenCV has turned the colours alone; its metadata would need a parser."""
    for flipped in (stored, stored[:, ::-1]):
        for turns in range(4):
            turned = np.rot90(flipped, turns)
            if turned.shape[:2] == picture.shape[:2] and np.array_equal(turned[..., :3], picture):
                return turned
    return stored if stored.shape[:2] == picture.shape[:2] else np.rot90(stored)


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
        whole_file.write(path, data)
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
