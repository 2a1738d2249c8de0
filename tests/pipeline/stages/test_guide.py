"""Painted frames of a user's, carried through a film; folders that make no sense."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stylize_video.errors import InputError
from stylize_video.models.motion import flow
from stylize_video.pictures.pictures import write_picture
from stylize_video.pipeline.stages import guide
from stylize_video.pipeline.stages.guide import Guide, Guided
from tests.known_motion import Crossing
from tests.pipeline._keyframes import Picture, batches, pictures, recoloured
from tests.pipeline._stages import through

SCENE = Crossing(height=72, width=120, radius=14, start=(30, 34), speed=(3, 1), pan=(-2, 0))


@cache
def film(count: int = 12, seed: int = 0) -> tuple[Picture, ...]:
    return tuple(Crossing(**{**SCENE.__dict__, "seed": seed}).frames(count))


def painted(original: Picture) -> Picture:
    return np.rint(recoloured(original) * 255).astype(np.uint8)


def folder(path: Path, numbers: tuple[int, ...], *, first: int = 1) -> Path:
    """Paintings of frames numbered from 0, named from `first` on."""
    path.mkdir(exist_ok=True)
    for number in numbers:
        write_picture(path / f"frame{number + first:04d}.png", painted(film()[number]))
    return path


def guided(path: Path, originals: tuple[Picture, ...], **given: object) -> tuple[list[Picture], list[str]]:
    stage = Guided(Guide.open(path), estimator=flow.optical_flow)
    return pictures(through(stage, batches(originals, **given))), stage.notes  # type: ignore[arg-type]


def distance(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def assert_carried(found: list[Picture], numbers: range) -> None:
    """Like their own paintings, and not like the film."""
    for number in numbers:
        assert distance(found[number], painted(film()[number])) < 20
        assert distance(found[number], film()[number]) > 30


@pytest.mark.parametrize("numbers", [(0,), (11,), (5,), (0, 11), (2, 5, 9)])
def test_carried_to_the_ends_and_between(numbers: tuple[int, ...], tmp_path: Path) -> None:
    found, notes = guided(folder(tmp_path, numbers), film())
    for number in numbers:
        assert (found[number] == painted(film()[number])).all()
    assert_carried(found, range(12))
    assert notes == []


def test_a_folder_may_count_from_0(tmp_path: Path) -> None:
    found, _ = guided(folder(tmp_path, (0, 7), first=0), film())
    for number in (0, 7):
        assert (found[number] == painted(film()[number])).all()
    assert Guide.open(tmp_path).first == 0


@pytest.mark.parametrize("size", [1, 5])
def test_nothing_is_carried_over_a_cut_and_that_is_said(size: int, tmp_path: Path) -> None:
    originals = film() + film(4, seed=9)
    found, notes = guided(folder(tmp_path, (3,)), originals, cuts=(12,), size=size)
    assert_carried(found, range(12))
    assert all((a == b).all() for a, b in zip(found[12:], originals[12:], strict=True))
    assert notes == [
        f"{tmp_path}: frames 13 to 16 are left as they are, for no frame of their shot is painted,"
        " or none within 100 frames after them"
    ]


def test_each_shot_has_its_own_paintings(tmp_path: Path) -> None:
    originals = film(5) + film(6, seed=9)
    path = folder(tmp_path, (2,))
    other = np.full_like(painted(originals[8]), 90)
    write_picture(path / "frame0009.png", other)
    found, notes = guided(path, originals, cuts=(5,))
    assert notes == []
    assert_carried(found, range(5))
    assert distance(found[6], other) < 25
    assert distance(found[10], other) < 25


def test_no_more_is_held_than_has_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guide, "_FARTHEST", 3)
    stage = Guided(Guide.open(folder(tmp_path, (0, 9))), estimator=flow.optical_flow)
    taken, held, found = 0, [], []

    def counted():  # type: ignore[no-untyped-def]
        nonlocal taken
        for batch in batches(film()):
            taken += 1
            yield batch

    for number, batch in enumerate(through(stage, counted())):
        held.append(taken - number)
        found += pictures(iter([batch]))
    assert max(held) <= 5
    assert held[:6] == [1] * 6  # the next painting is too far away to wait for
    assert_carried(found, range(12))


def test_what_comes_too_long_before_a_painting_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guide, "_FARTHEST", 3)
    found, notes = guided(folder(tmp_path, (8,)), film())
    assert all((a == b).all() for a, b in zip(found[:5], film()[:5], strict=True))
    assert_carried(found, range(5, 12))
    assert notes[0].startswith(f"{tmp_path}: frames 1 to 5 are left as they are")


# -- what makes no sense --


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: no folder of painted frames \(No such file"):
        Guide.open(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["notes.txt", "painting.png", ".frame0001.png", "0001-old.png"])
def test_no_painted_frames(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(
        InputError, match=r"no painted frames in it; name them frame0001\.png, frame0120\.png"
    ):
        Guide.open(tmp_path)


def test_two_of_one_frame(tmp_path: Path) -> None:
    for name in ("a7.png", "frame0007.jpg"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=r"several pictures of frame 7 \(a7.png, frame0007.jpg\); leave one"):
        Guide.open(tmp_path)


def test_another_size(tmp_path: Path) -> None:
    write_picture(folder(tmp_path, (0,)) / "frame0009.png", film()[0][:50, :90])
    with pytest.raises(InputError, match=r"frame0009.png: is 90x50 px, but the film 120x72; give painted"):
        guided(tmp_path, film())


def test_no_picture(tmp_path: Path) -> None:
    (tmp_path / "frame0001.png").write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"frame0001.png: not a picture"):
        guided(tmp_path, film())


@pytest.mark.parametrize("first", [0, 1])
def test_a_number_beyond_the_film(first: int, tmp_path: Path) -> None:
    path = folder(tmp_path, (0, 11), first=first)
    wanted = rf"frame00{11 + first}.png: is of frame {11 + first}, but the film's last is {8 + first}; rename"
    with pytest.raises(InputError, match=wanted):
        guided(path, film()[:9])
    with pytest.raises(InputError, match=wanted):
        Guide.open(path).check_count(9)
    Guide.open(path).check_count(12)


def test_a_film_of_nothing_and_of_one_frame(tmp_path: Path) -> None:
    path = folder(tmp_path, (0,))
    assert guided(path, ()) == ([], [])
    found, _ = guided(path, film()[:1])
    assert (found[0] == painted(film()[0])).all()


def test_black_frames_stay_black(tmp_path: Path) -> None:
    black = np.zeros_like(film()[0])
    found, _ = guided(folder(tmp_path, (0,)), (*film()[:3], black, *film()[4:6]))
    assert not found[3].any()
