"""Photographs: read upright and in RGB, split once, cropped reproducibly."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from stylize_video.errors import InputError, TrainingError
from stylize_video.models.photographs import (
    PhotographSet,
    Picture,
    read_picture,
    resize_longer_side,
    to_tensor,
)
from tests import drawing, media


def flat(value: int, height: int = 80, width: int = 100) -> Picture:
    """A picture of one grey."""
    return np.full((height, width, 3), value, np.uint8)


def folder_of(tmp_path: Path, values: list[int]) -> Path:
    """A folder of grey photographs, named in the order of `values`."""
    for index, value in enumerate(values):
        cv2.imwrite(str(tmp_path / f"{index:02}.png"), flat(value))
    return tmp_path


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


@pytest.mark.parametrize("held_out", [0, 1, 3, 9])
def test_every_photograph_is_either_trained_on_or_held_out(held_out: int, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, list(range(0, 250, 25)))
    (tmp_path / "notes.txt").write_text("no photograph")
    photographs = PhotographSet.from_folder(folder, held_out=held_out, shorter_side=64)
    training = {int(picture[0, 0, 0]) for picture in photographs.training}
    measured = {int(picture[0, 0, 0]) for picture in photographs.held_out}
    assert len(measured) == held_out
    assert not training & measured
    assert training | measured == set(range(0, 250, 25))


def test_the_split_is_always_the_same(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, list(range(0, 250, 25)))
    first, second = (
        PhotographSet.from_folder(folder, held_out=3, shorter_side=64).held_out for _ in range(2)
    )
    assert [p[0, 0, 0] for p in first] == [p[0, 0, 0] for p in second]


def test_only_training_photographs_are_shrunk(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [10, 20])
    photographs = PhotographSet.from_folder(folder, held_out=1, shorter_side=40)
    assert photographs.training[0].shape == (40, 50, 3)
    assert photographs.held_out[0].shape == (80, 100, 3)


def test_too_few_photographs_and_no_folder_are_training_errors(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [10, 20])
    with pytest.raises(TrainingError, match="2 photographs"):
        PhotographSet.from_folder(folder, held_out=2, shorter_side=64)
    with pytest.raises(TrainingError, match="no such folder"):
        PhotographSet.from_folder(tmp_path / "missing", held_out=1, shorter_side=64)


def test_crops_have_the_size_and_the_range_asked_for() -> None:
    photographs = PhotographSet([flat(250), flat(4, 70, 200)], [])
    found = photographs.crops(np.random.default_rng(0), count=5, size=48)
    assert found.shape == (5, 3, 48, 48)
    assert found.dtype == torch.float32
    assert found.min() >= 0
    assert found.max() <= 1


def test_crops_follow_their_generator() -> None:
    photographs = PhotographSet([np.random.default_rng(1).integers(0, 256, (80, 99, 3), np.uint8)], [])
    first, again, other = (
        photographs.crops(np.random.default_rng(seed), count=2, size=32) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_crops_never_show_what_is_held_out() -> None:
    photographs = PhotographSet([flat(60)] * 3, [flat(240)] * 3)
    found = photographs.crops(np.random.default_rng(0), count=64, size=16)
    assert found.max() < 0.6  # 60 / 255, brightened by 15 % and 0.06, and its noise; 240 gives 0.64
