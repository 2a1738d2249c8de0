"""Photographs in tiles are put together, cropped, turned and mirrored as they say."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import numpy as np
import pytest

from stylize_video.errors import InputError
from stylize_video.pictures.heif_boxes import find_grid
from stylize_video.pictures.pictures import read_picture
from stylize_video.pipeline.sources.film import FilmSource
from tests.pipeline import _heif
from tests.pipeline._heif import box


def scene(width: int, height: int) -> np.ndarray:
    """No two corners alike, and smooth, so that coding loses little."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack(
        [40 + 170 * x / width, 40 + 170 * y / height, 60 + 100 * (x * y) / (width * height)], -1
    ).astype(np.uint8)


def read(path: Path) -> np.ndarray:
    with FilmSource(path) as reader:
        (frame,) = reader.frames()
        assert reader.report.notes == []
    return np.asarray(frame.pixels)


@pytest.mark.parametrize("in_meta", [False, True])
@pytest.mark.parametrize("size", [(128, 128), (192, 128), (150, 90)], ids=str)
def test_the_whole_photograph(size: tuple[int, int], in_meta: bool, tmp_path: Path) -> None:
    picture = scene(*size)
    rows, columns = -(-size[1] // 64), -(-size[0] // 64)
    path = _heif.tiled(tmp_path / "grid.avif", picture, rows, columns, 64, in_meta=in_meta)
    found = read(path)
    assert found.shape == picture.shape
    assert np.abs(found.astype(int) - picture).mean() < 4


# What "irot" (quarter turns anticlockwise), then "imir" (0: top and bottom, 1: left and right) make of it
TURNS = [(box(b"irot", b"\1"),), (box(b"imir", b"\0"),), (box(b"imir", b"\1"),)]
TURNS.append((box(b"irot", b"\3"), box(b"imir", b"\0")))
SEEN = [np.rot90, np.flipud, np.fliplr, lambda stored: np.flipud(np.rot90(stored, 3))]


@pytest.mark.parametrize(("properties", "seen"), list(zip(TURNS, SEEN, strict=True)))
def test_turned_and_mirrored(properties: tuple[bytes, ...], seen, tmp_path: Path) -> None:
    picture = scene(128, 64)
    path = _heif.tiled(tmp_path / "grid.avif", picture, 1, 2, 64, properties)
    found = read(path)
    assert found.shape == seen(picture).shape
    assert np.abs(found.astype(int) - seen(picture)).mean() < 4
    as_style = read_picture(path)
    assert as_style.shape == found.shape
    assert np.abs(as_style.astype(int) - found).mean() < 4


def test_extents_that_take_no_space_take_no_time(tmp_path: Path) -> None:
    """65535 items of 65535 extents each, in 400 kB."""
    places = b"\0\0" + struct.pack(">H", 0xFFFF) + struct.pack(">HHH", 9, 0, 0xFFFF) * 0xFFFF
    boxes = (
        _heif.full(b"pitm", 0, 0, struct.pack(">H", 1)),
        _heif.full(b"iref", 0, 0, box(b"dimg", struct.pack(">HHH", 1, 1, 2))),
        _heif.full(b"iloc", 0, 0, places),
    )
    path = tmp_path / "endless.avif"
    path.write_bytes(box(b"ftyp", b"avif", bytes(4)) + _heif.full(b"meta", 0, 0, *boxes))
    began = time.process_time()
    assert find_grid(path) is None
    assert time.process_time() - began < 5


def test_what_is_wrong_is_no_grid_or_says_so(tmp_path: Path) -> None:
    good = _heif.tiled(tmp_path / "grid.avif", scene(128, 64), 1, 2, 64).read_bytes()
    broken = tmp_path / "broken.avif"
    for length in range(8, good.index(b"mdat"), 7):
        broken.write_bytes(good[:length])
        find_grid(broken)  # raises nothing
    # The grid's own width, in its 8 bytes at the head of "mdat": more than the tiles have
    at = good.index(b"mdat") + 8
    broken.write_bytes(good[:at] + b"\xff\xff" + good[at + 2 :])
    with pytest.raises(InputError, match="don't cover the 65535x64 px"):
        FilmSource(broken)
