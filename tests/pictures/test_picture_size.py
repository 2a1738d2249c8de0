"""Sizes from headers, held against what OpenCV decodes; and pictures that promise gigabytes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from stylize_video.errors import InputError
from stylize_video.pictures import picture_size, pictures
from stylize_video.pictures.picture_size import LARGEST, LARGEST_JPEG, Declared
from tests import bombs

SUFFIXES = (
    ".jpg",
    ".png",
    ".webp",
    ".bmp",
    ".tif",
    ".gif",
    ".avif",
    ".jp2",
    ".ppm",
    ".pam",
    ".hdr",
    ".ras",
)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("side", [(48, 32), (31, 257), (1, 1)])
def test_the_header_says_what_is_decoded(suffix: str, side: tuple[int, int]) -> None:
    width, height = side
    if suffix in (".jp2", ".avif"):  # whose encoders take no single pixel
        width, height = max(40, width), max(40, height)
    data = bombs.encoded(suffix, width, height)
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    found = picture_size.declared(data)
    assert found is not None
    assert (found.width, found.height) == (width, height) == decoded.shape[1::-1]


@pytest.mark.parametrize(
    ("suffix", "flags"),
    [
        (".webp", (cv2.IMWRITE_WEBP_QUALITY, 101)),
        (".jpg", (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
        (".jpg", (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)),
    ],
)
def test_other_kinds_of_the_same_format(suffix: str, flags: tuple[int, int]) -> None:
    data = cv2.imencode(suffix, np.zeros((32, 48, 3), np.uint8), flags)[1].tobytes()
    found = picture_size.declared(data)
    assert found is not None
    assert (found.width, found.height) == (48, 32)
    assert found.reducible == (flags[0] == cv2.IMWRITE_JPEG_RST_INTERVAL)


def test_deep_pictures_weigh_more() -> None:
    deep = cv2.imencode(".png", np.zeros((32, 48, 4), np.uint16))[1].tobytes()
    assert picture_size.declared(deep) == Declared(48, 32, 2)
    deep = cv2.imencode(".tif", np.zeros((32, 48, 3), np.uint16))[1].tobytes()
    assert picture_size.declared(deep) == Declared(48, 32, 1.5)


def test_what_is_no_picture() -> None:
    for data in (b"", b"no picture", b"\0\0\0\x18ftypisom" + b"ispe" * 20):
        assert picture_size.declared(data) is None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_header_that_breaks_off(suffix: str) -> None:
    data = bombs.encoded(suffix)
    for length in range(3, 120):
        try:
            found = picture_size.declared(data[:length])
        except ValueError:
            continue
        assert found is None or (found.width, found.height) == (48, 32) or suffix in (".ppm", ".pam", ".hdr")


@pytest.mark.parametrize(("name", "data"), bombs.PICTURES.items(), ids=bombs.PICTURES)
def test_a_bomb_is_refused(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"bomb.{name}"
    path.write_bytes(data)
    with pytest.raises(
        InputError, match=r"bomb.*: says that it is (30000x30000|65520x65520) px; at most \d+ meg"
    ):
        pictures.read_picture(path)


def test_where_the_limits_are() -> None:
    for good in (Declared(15360, 8640), Declared(12000, 9000, 1.2), Declared(16320, 12240, reducible=True)):
        picture_size.check(good, "x")
    for bad in (
        Declared(LARGEST + 1, 1),
        Declared(15360, 8640, 2),
        Declared(LARGEST_JPEG + 1, 1, reducible=True),
    ):
        with pytest.raises(InputError, match="shrink it first"):
            picture_size.check(bad, "x")


# -- large and honest --


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of more than 5000 px are reduced."""
    monkeypatch.setattr(pictures, "READ_PIXELS", 5000)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize(("width", "height"), [(120, 90), (400, 300), (1000, 40), (2000, 1500)])
@pytest.mark.usefixtures("small_limit")
def test_a_large_picture_is_reduced(suffix: str, width: int, height: int, tmp_path: Path) -> None:
    ramp = np.linspace(20, 230, width)[None, :, None] * np.ones((height, 1, 3))
    cv2.imwrite(str(tmp_path / f"large{suffix}"), ramp.astype(np.uint8))
    found = pictures.read_picture(tmp_path / f"large{suffix}")
    assert 1000 < found.shape[0] * found.shape[1] <= 5000
    assert found.shape[1] / found.shape[0] == pytest.approx(width / height, rel=0.1)
    seen = np.linspace(20, 230, found.shape[1])[None, :, None]
    assert np.abs(found - seen).max() < 8
    whole = pictures.read_picture(tmp_path / f"large{suffix}", whole=True)
    assert whole.shape == (height, width, 3)


@pytest.mark.usefixtures("small_limit")
def test_a_large_photograph_is_upright(tmp_path: Path) -> None:
    ramp = (np.linspace(20, 230, 160)[None, :, None] * np.ones((100, 1, 3))).astype(np.uint8)
    data = cv2.imencode(".jpg", ramp)[1].tobytes()
    turned = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # a quarter clockwise
    (tmp_path / "turned.jpg").write_bytes(
        data[:2] + b"\xff\xe1" + (len(turned) + 2).to_bytes(2, "big") + turned + data[2:]
    )
    found = pictures.read_picture(tmp_path / "turned.jpg")
    assert found.shape == (80, 50, 3)
    assert found[0].mean() < 40
    assert found[-1].mean() > 200


def test_sides_by_the_header(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(bombs.encoded(".png"))
    assert pictures.check_sides(path, 48, 32) is None
    assert pictures.check_sides(path, 32, 48) is None  # EXIF may turn it
    assert pictures.check_sides(path, 48, 33) == (48, 32)
