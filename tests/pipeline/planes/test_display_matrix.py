"""Eight ways a picture may lie (EXIF 2.32, tag 274), in photographs and in films."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from stylize_video.pictures.orientation import Orientation
from stylize_video.pictures.pictures import read_picture
from stylize_video.pipeline.planes import display_matrix
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sources.film import FilmSource

# "The 0th row is at the visual top, the 0th column at the left-hand side", and so on: how each is stored.
STORED: dict[int, Callable[[Any], Any]] = {
    1: lambda seen: seen,
    2: lambda seen: seen[:, ::-1],  # row 0 top, column 0 right
    3: lambda seen: seen[::-1, ::-1],  # bottom, right
    4: lambda seen: seen[::-1],  # bottom, left
    5: lambda seen: seen.transpose(1, 0, 2),  # left, top
    6: lambda seen: seen[:, ::-1].transpose(1, 0, 2),  # right, top
    7: lambda seen: seen[::-1, ::-1].transpose(1, 0, 2),  # right, bottom
    8: lambda seen: seen[::-1].transpose(1, 0, 2),  # left, bottom
}
# A stored point (x, y) is seen at (ax + cy, bx + dy), up to a shift (ISO/IEC 14496-12, 6.2.2): a, b, c, d.
MATRICES = {
    1: (1, 0, 0, 1), 2: (-1, 0, 0, 1), 3: (-1, 0, 0, -1), 4: (1, 0, 0, -1),
    5: (0, 1, 1, 0), 6: (0, 1, -1, 0), 7: (0, -1, -1, 0), 8: (0, -1, 1, 0),
}  # fmt: skip
ALL = sorted(STORED)


def scene(width: int = 96, height: int = 64) -> np.ndarray:
    """Four corners in four colours."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = (200, 40, 40)
    picture[: height // 2, width // 2 :] = (40, 200, 40)
    picture[height // 2 :, : width // 2] = (40, 40, 200)
    picture[height // 2 :, width // 2 :] = (200, 200, 40)
    return picture


def tiff(orientation: int) -> bytes:
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def jpeg(path: Path, orientation: int) -> Path:
    quality = [cv2.IMWRITE_JPEG_QUALITY, 100, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    stored = np.ascontiguousarray(STORED[orientation](scene())[..., ::-1])
    data = cv2.imencode(".jpg", stored, quality)[1].tobytes()
    exif = b"Exif\0\0" + tiff(orientation)
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    return path


def png(path: Path, orientation: int, *, alpha: bool = False) -> Path:
    """With an "eXIf" chunk, which comes before the pixels."""
    stored = STORED[orientation](scene())
    if alpha:
        stored = np.concatenate([stored, STORED[orientation](opacity())], -1)
    order = [2, 1, 0, 3] if alpha else [2, 1, 0]
    data = cv2.imencode(".png", np.ascontiguousarray(stored[..., order]))[1].tobytes()
    content = b"eXIf" + tiff(orientation)
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    path.write_bytes(data[:33] + chunk + data[33:])
    return path


def opacity() -> np.ndarray:
    """Transparent in the upper left corner."""
    share = np.full((64, 96, 1), 255, np.uint8)
    share[:32, :48] = 0
    return share


def film(
    path: Path, orientation: int, size: tuple[int, int] = (96, 64), pixel_format: str = "yuv420p"
) -> Path:
    stored = np.ascontiguousarray(STORED[orientation](scene(*size)))
    a, b, c, d = (number << 16 for number in MATRICES[orientation])
    with av.open(path, "w") as output:
        stream = output.add_stream("libx264" if pixel_format == "yuv420p" and not size[0] % 2 else "ffv1", 25)
        stream.width, stream.height, stream.pix_fmt = stored.shape[1], stored.shape[0], pixel_format
        stream.set_display_matrix((a, b, 0, c, d, 0, 0, 0, 1 << 30))
        for number in range(2):
            frame = av.VideoFrame.from_ndarray(stored, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def upright(found: np.ndarray, seen: np.ndarray) -> bool:
    return found.shape == seen.shape and np.median(np.abs(found.astype(int) - seen)) < 8


def read(path: Path) -> np.ndarray:
    with FilmSource(path) as reader:
        return np.asarray(next(reader.frames()).pixels)


@pytest.mark.parametrize("orientation", ALL)
def test_photographs(orientation: int, tmp_path: Path) -> None:
    for path in (jpeg(tmp_path / "a.jpg", orientation), png(tmp_path / "a.png", orientation)):
        assert upright(read(path), scene()), path
        assert upright(read_picture(path), scene()), path  # a style, a mask


@pytest.mark.parametrize("orientation", ALL)
def test_transparency_is_turned_with_the_picture(orientation: int, tmp_path: Path) -> None:
    path = png(tmp_path / "a.png", orientation, alpha=True)
    expected = np.where(opacity() == 0, 127.5, scene())
    for found in (read(path), read_picture(path)):
        assert upright(found, expected)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("orientation", ALL)
def test_films_and_what_is_written(orientation: int, suffix: str, tmp_path: Path) -> None:
    path, output = film(tmp_path / f"a.{suffix}", orientation), tmp_path / "out.mp4"
    with (
        FilmSource(path, keep_source=True) as reader,
        FilmSink(output, EncoderOptions(), others=reader.others).open(reader.signal) as writer,
    ):
        for frame in reader.frames():
            assert upright(frame.pixels, scene())
            writer.write(frame.source)
        writer.finish()
    assert upright(read(output), scene())
    with av.open(output) as written:  # mirrored in its pixels, for players turn but don't mirror
        assert display_matrix.orientation(None) == Orientation()
        turned = next(written.decode(video=0)).rotation % 360
        assert turned == (0 if orientation in (2, 4, 5, 7) else {1: 0, 3: 180, 6: 270, 8: 90}[orientation])


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le"])
@pytest.mark.parametrize("orientation", [2, 4, 7])
def test_odd_sizes_are_mirrored_too(orientation: int, pixel_format: str, tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", orientation, (97, 65), pixel_format)
    with FilmSource(path) as reader:
        assert reader.signal.pixel_format == pixel_format
        frame = next(reader.frames())
    pixels = frame.pixels if frame.pixels.dtype == np.uint8 else frame.pixels >> 8
    assert upright(pixels, scene(97, 65))


def test_other_angles_are_left_as_they_are() -> None:
    assert display_matrix.orientation((46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)) == Orientation()
    assert display_matrix.orientation((0, 0, 0, 0, 0, 0, 0, 0, 0)) == Orientation()
    assert display_matrix.orientation((0, 131072, 0, -131072, 3, 0, 0, 0, 1 << 30)) == Orientation(
        3
    )  # twice as large
