"""Pictures: read upright and in RGB, resized, and written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from stylize_video.errors import InputError, OutputError, UsageError
from stylize_video.pictures.picture_names import READ, WRITTEN, check_picture_name
from stylize_video.pictures.pictures import (
    Picture,
    read_picture,
    resize_longer_side,
    to_tensor,
    write_picture,
)
from tests import drawing, media


def flat(value: int, height: int, width: int) -> Picture:
    """A picture of one grey."""
    return np.full((height, width, 3), value, np.uint8)


def noise(height: int, width: int) -> Picture:
    """A picture in which no pixel equals another."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("name", ["still.png", "still.jpg", "still.webp"])
def test_pictures_are_read_as_rgb(name: str, tmp_path: Path) -> None:
    still = media.still(tmp_path, name=name)
    found = read_picture(still.path)
    assert found.dtype == np.uint8
    off = drawing.read_chart(found) - drawing.read_chart(still.pixels)
    assert np.abs(off).max() < (1e-9 if still.exact else 3)


def test_exif_turns_a_picture_upright(tmp_path: Path) -> None:
    still = media.turned_still(tmp_path)
    found = read_picture(still.path)
    assert found.shape == still.pixels.shape
    assert np.abs(drawing.read_chart(found) - drawing.read_chart(still.pixels)).max() < 3


def test_deep_and_grey_pictures_become_8_bit_rgb(tmp_path: Path) -> None:
    deep = media.deep_still(tmp_path)
    found = read_picture(deep.path)
    assert found.dtype == np.uint8
    assert np.abs(drawing.read_chart(found) - drawing.read_chart(deep.pixels) / 257).max() <= 1
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((5, 6), 77, np.uint8))
    assert np.array_equal(read_picture(tmp_path / "grey.png"), flat(77, 5, 6))


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_an_input_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.png: not a picture"):
        read_picture(tmp_path / "bad.png")


def test_a_missing_picture_or_a_folder_is_an_input_error(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.png", tmp_path):
        with pytest.raises(InputError, match="can't be read"):
            read_picture(path)


@pytest.mark.parametrize(
    ("height", "width", "size", "wanted"),
    [(80, 100, 50, (40, 50)), (100, 80, 200, (200, 160)), (1, 400, 40, (1, 40))],
)
def test_resizing_keeps_the_shape(height: int, width: int, size: int, wanted: tuple[int, int]) -> None:
    found = resize_longer_side(flat(90, height, width), size)
    assert found.shape == (*wanted, 3)
    assert np.all(found == 90)


def test_to_tensor_keeps_the_colours() -> None:
    picture = np.zeros((2, 3, 3), np.uint8)
    picture[1, 2] = (255, 51, 0)
    found = to_tensor([picture, picture])
    assert found.shape == (2, 3, 2, 3)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found[1, :, 1, 2], torch.tensor([1.0, 0.2, 0.0]))
    assert found.sum().item() == pytest.approx(2.4)


def test_what_is_written_can_be_read() -> None:
    assert set(WRITTEN) <= READ


def test_names_are_checked_without_torch_or_opencv() -> None:
    code = (
        "import sys; from pathlib import Path; from stylize_video.pictures import picture_names;"
        "from stylize_video.files import whole_file;"
        "picture_names.check_picture_name(Path('a.PNG'));"
        "sys.exit(bool({'torch', 'cv2', 'numpy'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.webp", "a.b.jpg", "a.jpeg"])
def test_a_picture_is_read_back(name: str, tmp_path: Path) -> None:
    picture = cv2.resize(noise(5, 6), (120, 100), interpolation=cv2.INTER_CUBIC)
    write_picture(tmp_path / name, picture)
    assert os.listdir(tmp_path) == [name]
    error = np.abs(read_picture(tmp_path / name).astype(int) - picture)
    assert error.max() == 0 if "j" not in name else error.mean() < 2


@pytest.mark.parametrize("name", ["sheet.gif", "sheet", "sheet.mp4"])
def test_an_unknown_suffix_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.png, \.jpg, \.jpeg, \.webp"):
        write_picture(tmp_path / name, noise(4, 4))
    with pytest.raises(UsageError, match=name):
        check_picture_name(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_and_a_file_for_a_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"missing.sheet\.png: No such file or directory"):
        write_picture(tmp_path / "missing" / "sheet.png", noise(4, 4))
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file.sheet\.png: Not a directory"):
        write_picture(tmp_path / "file" / "sheet.png", noise(4, 4))


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "sheet.png").mkdir()
    with pytest.raises(OutputError, match=r"sheet\.png: Is a directory"):
        write_picture(tmp_path / "sheet.png", noise(4, 4))
    assert os.listdir(tmp_path) == ["sheet.png"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(OutputError, match="Permission denied"):
            write_picture(tmp_path / "sheet.png", noise(4, 4))
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize(("owner", "step"), [(os, "fsync"), (Path, "replace")])
def test_a_failed_write_leaves_the_old_file(
    owner: object, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sheet.png"
    write_picture(path, noise(4, 4))
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(OutputError, match=r"sheet\.png: No space left on device"):
        write_picture(path, noise(8, 8))
    assert os.listdir(tmp_path) == ["sheet.png"]
    assert path.read_bytes() == before


def test_a_picture_too_large_for_its_format(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"16384x1 px is too large for \.webp; take \.png"):
        write_picture(tmp_path / "sheet.webp", noise(1, 16384))
    assert os.listdir(tmp_path) == []


def test_a_damaged_picture_says_nothing_on_stderr_by_itself(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "damaged.png"
    write_picture(path, np.full((40, 50, 3), 90, np.uint8))
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF  # in the compressed pixels: libpng complains of their checksum
    path.write_bytes(data)
    with contextlib.suppress(InputError):
        read_picture(path)
    assert capfd.readouterr().err == ""
