"""Pictures: files, uint8 arrays and tensors."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.errors import InputError, OutputError
from stylize_video.files import paths, whole_file
from stylize_video.pictures import heif_boxes, picture_size
from stylize_video.pictures.picture_names import check_picture_name

if TYPE_CHECKING:
    from torch import Tensor

_QUALITY = {  # how each of `picture_names.WRITTEN` is written
    ".png": (),
    ".jpg": (cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111),
    ".jpeg": (cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, 101),  # lossless
}

_STDERR = 2
_silence = threading.Lock()
_NEUTRAL = 127.5  # what is put where a picture is transparent

READ_PIXELS = 2**25  # an 8K frame (7680x4320); of larger pictures nobody needs more
Picture = NDArray[np.uint8]  # (H, W, 3) RGB


def read_picture(path: Path, *, whole: bool = False, hidden: bool = False) -> Picture:
    """Read a picture file as (H, W, 3) uint8 RGB, turned and mirrored upright by its EXIF tag.

    Where it is transparent there is grey, or with `hidden` the colours that lie there.

    Args:
        path: the file.
        whole: keep its size; else pictures of more than `READ_PIXELS` are reduced to fewer.
        hidden: keep what lies under transparent places.

    Raises:
        InputError: the file is missing, is no picture, or too large a one.
    """
    data = _bytes_of(path)
    size = _declared(path, data)
    reduced = not whole and size.pixels > READ_PIXELS
    flags = _reducing(size) if reduced else cv2.IMREAD_COLOR
    try:
        picture = _decoded(data, flags)
    except (cv2.error, MemoryError) as error:
        raise InputError(f"{path}: more pixels than OpenCV reads; shrink it first") from error
    if picture is None:
        raise InputError(f"{path}: not a picture that OpenCV can read")
    pixels: Picture = np.asarray(picture, np.uint8)
    if data[4:8] == b"ftyp":  # of AVIF OpenCV doesn't heed it
        pixels = heif_boxes.find_orientation(path).upright(pixels)
    if not hidden and not reduced:
        pixels = _opaque(pixels, data)
    return np.ascontiguousarray((_within(pixels, READ_PIXELS) if reduced else pixels)[:, :, ::-1])


def _decoded(data: bytes, flags: int) -> NDArray[Any] | None:
    with _silenced():
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags)


@contextmanager
def _silenced() -> Iterator[None]:
    """Without what libpng and libjpeg print of a damaged picture, beside our own line.

    One thread at a time: a second one would keep the null device for stderr, and put it back last.
    """
    with _silence:
        try:
            kept = os.dup(_STDERR)
        except OSError:  # there is none
            yield
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, _STDERR)
            os.close(nowhere)
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)


def check_sides(path: Path, width: int, height: int) -> tuple[int, int] | None:
    """What a picture's header says of its size, if that is another, whichever way up the picture is.

    Raises:
        InputError: as `read_picture`.
    """
    found = _declared(path, _bytes_of(path))
    same = sorted((found.width, found.height)) == sorted((width, height))
    return None if same else (found.width, found.height)


def _bytes_of(path: Path) -> bytes:
    try:
        return paths.read(path)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error


def _declared(path: Path, data: bytes) -> picture_size.Declared:
    try:
        found = picture_size.declared(data)
    except ValueError as error:
        raise InputError(f"{path}: not a picture that OpenCV can read ({error})") from error
    if found is None:
        raise InputError(f"{path}: not a picture that OpenCV can read")
    picture_size.check(found, path)
    return found


def _reducing(size: picture_size.Declared) -> int:
    """What has OpenCV decode a JPEG at a half, a quarter or an eighth; it decodes all else whole."""
    if not size.reducible:
        return cv2.IMREAD_COLOR
    steps = (cv2.IMREAD_REDUCED_COLOR_2, cv2.IMREAD_REDUCED_COLOR_4, cv2.IMREAD_REDUCED_COLOR_8)
    fitting = [flag for n, flag in enumerate(steps, 1) if size.pixels >> 2 * n <= READ_PIXELS]
    return fitting[0] if fitting else steps[-1]


def _within(picture: Picture, pixels: int) -> Picture:
    """Shrunk to so many pixels at most."""
    height, width = picture.shape[:2]
    scale = (pixels / (height * width)) ** 0.5
    return picture if scale >= 1 else resize_longer_side(picture, int(max(height, width) * scale))


def _opaque(picture: Picture, data: bytes) -> Picture:
    """A decoded picture (BGR, upright) on grey where the file says that it is transparent."""
    if data[:2] == b"\xff\xd8":  # JPEG has no alpha
        return picture
    stored = _decoded(data, cv2.IMREAD_UNCHANGED)
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
    import torch

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
