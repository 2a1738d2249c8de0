"""Photographs: split once, shrunk, cropped reproducibly."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from stylize_video.errors import InputError, TrainingError
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.pictures.pictures import Picture


def flat(value: int, height: int = 80, width: int = 100) -> Picture:
    """A picture of one grey."""
    return np.full((height, width, 3), value, np.uint8)


def folder_of(folder: Path, values: list[int]) -> Path:
    """A folder of grey photographs, named in the order of `values`."""
    folder.mkdir(exist_ok=True)
    for index, value in enumerate(values):
        cv2.imwrite(str(folder / f"{index:02}.png"), flat(value))
    return folder


def greys(pictures: object) -> list[int]:
    """The grey of each."""
    return [int(picture[0, 0, 0]) for picture in pictures]


TEN = list(range(0, 250, 25))


@pytest.mark.parametrize(("held_out", "wanted"), [(0, 0), (1, 1), (2, 2), (3, 2), (24, 2)])
def test_every_photograph_is_either_trained_on_or_held_out(
    held_out: int, wanted: int, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, TEN)
    (tmp_path / "notes.txt").write_text("no photograph")
    photographs = PhotographSet.from_folder(folder, held_out=held_out, shorter_side=64)
    assert len(photographs.held_out) == wanted
    assert sorted(greys(photographs.training) + greys(photographs.held_out)) == TEN


@pytest.mark.parametrize(
    ("count", "wanted"), [(4, 1), (5, 1), (7, 1), (8, 2), (9, 2), (13, 3), (99, 24), (100, 24)]
)
def test_at_most_a_quarter_is_held_out(count: int, wanted: int, tmp_path: Path) -> None:
    photographs = PhotographSet.from_folder(
        folder_of(tmp_path, list(range(count))), held_out=24, shorter_side=16
    )
    assert len(photographs.held_out) == wanted
    assert len(photographs.training) == count - wanted


def test_what_is_held_out_is_spread_over_the_folder(tmp_path: Path) -> None:
    photographs = PhotographSet.from_folder(folder_of(tmp_path, list(range(40))), held_out=4, shorter_side=16)
    assert greys(photographs.held_out) == [5, 15, 25, 35]


def test_the_split_is_always_the_same(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, TEN)
    first, second = (
        PhotographSet.from_folder(folder, held_out=2, shorter_side=64).held_out for _ in range(2)
    )
    assert greys(first) == greys(second)


def test_training_photographs_are_shrunk_and_none_is_enlarged(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [10, 20, 30, 40])
    photographs = PhotographSet.from_folder(folder, held_out=1, shorter_side=40)
    assert [photo.shape for photo in photographs.training] == [(40, 50, 3)] * 3
    assert photographs.held_out[0].shape == (80, 100, 3)
    kept = PhotographSet.from_folder(folder, held_out=1, shorter_side=300)
    assert kept.training[0].shape == (80, 100, 3)


@pytest.mark.parametrize(
    ("size", "wanted"), [((400, 1024), (200, 512)), ((600, 300), (512, 256)), ((512, 500), (512, 500))]
)
def test_those_held_out_are_as_large_as_they_are_measured(
    size: tuple[int, int], wanted: tuple[int, int], tmp_path: Path
) -> None:
    folder_of(tmp_path, [10, 20, 30, 40])
    for path in tmp_path.iterdir():
        cv2.imwrite(str(path), flat(70, *size))
    photographs = PhotographSet.from_folder(tmp_path, held_out=1, shorter_side=500)
    assert [photo.shape for photo in photographs.held_out] == [(*wanted, 3)]
    assert photographs.training[0].shape[0] > wanted[0] or size == wanted


def test_hidden_files_and_those_to_leave_out_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path / "folder", TEN)
    wanted = PhotographSet.from_folder(folder, held_out=2, shorter_side=64)
    cv2.imwrite(str(folder / "00a.png"), flat(7))
    (folder / "05a.png").symlink_to(tmp_path / "painting.png")
    cv2.imwrite(str(tmp_path / "painting.png"), flat(9))
    (folder / ".hidden.png").write_bytes(b"no picture")
    (folder / "._00.png").write_bytes(b"of another system")
    monkeypatch.chdir(tmp_path)
    exclude = (Path("folder/00a.png"), tmp_path / "painting.png", Path("missing.png"))
    found = PhotographSet.from_folder(folder, held_out=2, shorter_side=64, exclude=exclude)
    assert greys(found.training) == greys(wanted.training)
    assert greys(found.held_out) == greys(wanted.held_out)
    few = [folder / f"{number:02}.png" for number in range(8)]
    with pytest.raises(TrainingError, match="2 photographs in it"):
        PhotographSet.from_folder(folder, held_out=2, shorter_side=64, exclude=[*exclude, *few])


@pytest.mark.parametrize("name", ["01.png", "02.png"])  # trained on, held out
@pytest.mark.parametrize("size", [(20, 241), (241, 20), (1, 13)])
def test_a_photograph_too_narrow_is_named(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [10, 20, 30, 40])
    cv2.imwrite(str(folder / name), flat(50, *size))
    message = rf"{name}: {size[1]}x{size[0]} px is no photograph; take it out"
    with pytest.raises(TrainingError, match=message):
        PhotographSet.from_folder(folder, held_out=1, shorter_side=40)


def test_the_narrowest_photograph(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [10, 20, 30, 40])
    cv2.imwrite(str(folder / "01.png"), flat(50, 20, 240))
    assert len(PhotographSet.from_folder(folder, held_out=1, shorter_side=40).training) == 3


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(TrainingError, match=r"can't be read \(Permission denied\)"):
        PhotographSet.from_folder(tmp_path, held_out=1, shorter_side=40)


def test_too_few_photographs_and_no_folder_are_training_errors(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="3 photographs in it; give 4 or more"):
        PhotographSet.from_folder(folder_of(tmp_path / "few", [1, 2, 3]), held_out=2, shorter_side=64)
    with pytest.raises(TrainingError, match="0 photographs"):
        PhotographSet.from_folder(folder_of(tmp_path / "none", []), held_out=2, shorter_side=64)
    for missing in ("missing", "few/00.png"):
        with pytest.raises(TrainingError, match="no such folder"):
            PhotographSet.from_folder(tmp_path / missing, held_out=1, shorter_side=64)


def test_a_photograph_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (folder_of(tmp_path, TEN) / "03.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"03\.png: not a picture"):
        PhotographSet.from_folder(tmp_path, held_out=1, shorter_side=64)


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
    assert found.max() < 0.34  # 60 / 255, brightened by 15 % and 0.06; 240 gives 0.64


def test_crops_have_another_light_each_and_no_noise() -> None:
    found = PhotographSet([flat(128)], []).crops(np.random.default_rng(0), count=32, size=16)
    levels = found.amax((1, 2, 3))
    assert torch.equal(levels, found.amin((1, 2, 3)))
    assert len(set(levels.tolist())) == 32
    assert levels.min() < 0.42
    assert levels.max() > 0.55


def test_crops_are_shifted_scaled_and_flipped() -> None:
    ramp = np.broadcast_to(np.linspace(0, 200, 200, dtype=np.uint8)[None, :, None], (100, 200, 3))
    found = PhotographSet([np.ascontiguousarray(ramp)], []).crops(np.random.default_rng(0), count=64, size=32)
    slope = (found[:, 0, :, -1] - found[:, 0, :, 0]).mean(1)
    assert 16 < (slope > 0).sum() < 48
    assert (found[:, :, 0] - found[:, :, -1]).abs().max() < 1e-6  # upright
    assert slope.abs().max() > 1.3 * slope.abs().min()
    middle = found[:, 0, 16, 16]
    assert middle.max() - middle.min() > 0.3


@pytest.mark.parametrize("size", [(16, 400), (400, 16), (17, 17)])
def test_photographs_smaller_than_a_crop_are_enlarged(size: tuple[int, int]) -> None:
    found = PhotographSet([flat(100, *size)], []).crops(np.random.default_rng(0), count=8, size=48)
    assert found.shape == (8, 3, 48, 48)
