"""Still masks and films of masks: the right one at each time, of the right size, black 0 and white 1."""

from __future__ import annotations

import pickle
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylize_video.errors import InputError
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.stages import masks
from stylize_video.pipeline.stages.masks import FilmClock, FilmMask, StillMask, check_mask, open_mask
from tests import drawing, media
from tests.pipeline._masks import grey_film, picture

SIZE = (64, 96)
STEP = Fraction(1, 25)


def greys(mask: masks.Mask, times: list[Fraction]) -> list[float]:
    """The mean weight at each time, of 20."""
    return [round(float(mask.at(time, SIZE).mean()) * 20) for time in times]


def levels(count: int) -> list[float]:
    """0, 1/20, 2/20, ..., so that a mask's mean is its number."""
    return [number / 20 for number in range(count)]


# -- still pictures --


def test_a_still_mask_is_the_same_at_all_times(tmp_path: Path) -> None:
    values = np.zeros(SIZE, np.uint8)
    values[:, 48:] = 255
    values[:8] = 128
    with open_mask(picture(tmp_path / "mask.png", values)) as mask:
        found = mask.at(Fraction(5), SIZE)
        assert found.dtype == np.float32
        assert (found[8:, :48] == 0).all()
        assert (found[8:, 48:] == 1).all()
        assert np.abs(found[:8] - 128 / 255).max() < 0.001
        assert mask.at(Fraction(0), SIZE) is found
        assert mask.notes == []
        mask.close()
        mask.close()


def test_only_the_luminance_counts(tmp_path: Path) -> None:
    colours = np.array([[[255, 255, 255, 0], [0, 0, 0, 255], [0, 255, 0, 128]]], np.uint8)  # BGRA
    found = StillMask(picture(tmp_path / "mask.png", colours)).at(Fraction(0), (1, 3))
    assert np.abs(found - [[1, 0, 0.587]]).max() < 0.005


@pytest.mark.parametrize("size", [(32, 48), (64, 96), (100, 60), (40, 200), (300, 400)])
def test_a_mask_is_stretched_to_the_frame(size: tuple[int, int], tmp_path: Path) -> None:
    values = np.zeros(SIZE, np.uint8)
    values[:, 48:] = 255
    found = StillMask(picture(tmp_path / "mask.png", values)).at(Fraction(0), size)
    assert found.shape == size
    assert 0 <= found.min() <= found.max() <= 1
    assert (np.diff(found, axis=1) >= 0).all()
    assert abs(found.mean() - 0.5) < 0.005
    assert (found[:, : size[1] // 2 - 3] == 0).all()
    assert (found[:, size[1] // 2 + 3 :] == 1).all()


def test_shrinking_averages(tmp_path: Path) -> None:
    board = (np.indices((60, 90)).sum(0) % 2 * 255).astype(np.uint8)
    found = StillMask(picture(tmp_path / "mask.png", board)).at(Fraction(0), (6, 9))
    assert np.abs(found - 0.5).max() < 0.001


# -- films --


def test_a_film_of_masks_runs_along(tmp_path: Path) -> None:
    path = grey_film(tmp_path / "mask.mkv", levels(10))
    with open_mask(path) as mask:
        assert isinstance(mask, FilmMask)
        assert greys(mask, [n * STEP for n in range(10)]) == list(range(10))
        assert mask.notes == []


@pytest.mark.parametrize(
    "coded",
    [
        {"pixel_format": "yuv420p"},
        {"pixel_format": "yuv420p", "full_range": True},
        {"pixel_format": "yuv444p10le", "matrix": "709"},
        {"pixel_format": "gray"},
        {"pixel_format": "bgr0"},
        {"pixel_format": "gbrp10le"},
        {"codec": "libx264"},
    ],
    ids=str,
)
def test_black_is_0_and_white_is_1(coded: dict[str, Any], tmp_path: Path) -> None:
    with FilmMask(grey_film(tmp_path / "mask.mkv", [0, 0.5, 1], **coded)) as mask:
        black, grey, white = (mask.at(n * STEP, SIZE) for n in range(3))
        assert (black == 0).all()
        assert (white == 1).all()
        assert np.abs(grey - 0.5).max() < 0.01


def test_the_newest_mask_serves_until_the_next(tmp_path: Path) -> None:
    path = grey_film(tmp_path / "mask.mp4", levels(5), rate=Fraction(5), codec="libx264")
    with open_mask(path) as mask:
        assert greys(mask, [n * STEP for n in range(12)]) == [0] * 5 + [1] * 5 + [2] * 2


def test_masks_may_be_more_than_frames(tmp_path: Path) -> None:
    path = grey_film(tmp_path / "mask.mkv", levels(16), rate=Fraction(50))
    with open_mask(path) as mask:
        assert greys(mask, [n * STEP for n in range(8)]) == list(range(0, 16, 2))


def test_masks_of_variable_rate(tmp_path: Path) -> None:
    times = media.irregular(12)
    path = grey_film(tmp_path / "mask.mkv", levels(12), times)
    tolerance = Fraction(1, 1000)  # half a tick of either clock
    asked = [n * Fraction(1, 60) for n in range(40)]
    expected = [max(n for n, time in enumerate(times) if time <= at + tolerance) for at in asked]
    with open_mask(path) as mask:
        assert greys(mask, asked) == expected


@pytest.mark.parametrize(("film", "of_masks"), [("film.mkv", "mask.mp4"), ("film.mp4", "mask.mkv")])
def test_times_that_containers_round_still_meet(film: str, of_masks: str, tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    same = {"rate": rate, "codec": "libx264", "time_base": Fraction(1, 30000)}
    one = grey_film(tmp_path / film, levels(15), **same)
    other = grey_film(tmp_path / of_masks, levels(15), **same)
    with FilmSource(one) as reader, open_mask(other, FilmClock.of(one)) as mask:
        assert greys(mask, [frame.time for frame in reader.frames()]) == list(range(15))


def test_both_films_begin_together(tmp_path: Path) -> None:
    late = media.steady(8, start=Fraction(1, 2))
    film = grey_film(tmp_path / "film.mkv", levels(8), late)
    with FilmSource(film) as reader:
        times = [frame.time for frame in reader.frames()]
    assert times[0] == Fraction(1, 2)
    for mask_times in (late, media.steady(8), media.steady(8, start=Fraction(2))):
        path = grey_film(tmp_path / "mask.mkv", levels(8), mask_times)
        with open_mask(path, FilmClock.of(film)) as mask:
            assert greys(mask, times) == list(range(8))


def test_an_excerpt_uses_the_same_stretch_of_the_masks(tmp_path: Path) -> None:
    film = grey_film(tmp_path / "film.mkv", levels(12), media.steady(12, start=Fraction(1, 2)))
    path = grey_film(tmp_path / "mask.mkv", levels(12))
    with (
        FilmSource(film, start=5 * STEP, duration=4 * STEP) as reader,
        open_mask(path, FilmClock.of(film)) as mask,
    ):
        assert greys(mask, [frame.time for frame in reader.frames()]) == [5, 6, 7, 8]


@pytest.mark.parametrize("far", [Fraction(0), Fraction(100)])
@pytest.mark.parametrize("taken", [0, 1, 5, 12])
def test_a_mask_is_pickled_with_its_place(
    taken: int, far: Fraction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masks, "_FAR", far)
    monkeypatch.setattr(masks, "_RUN_UP", Fraction(1, 5))
    times = [Fraction(n, 25) for n in range(20)]
    with open_mask(grey_film(tmp_path / "mask.mkv", levels(16))) as mask:
        for time in times[:taken]:
            mask.at(time, SIZE)
        saved = pickle.dumps(mask)
        rest = [mask.at(time, SIZE) for time in times[taken:]]
        said = mask.notes
    with pickle.loads(saved) as again:
        for time, wanted in zip(times[taken:], rest, strict=True):
            assert (again.at(time, SIZE) == wanted).all()
        assert again.notes == said
        with pytest.raises(ValueError, match="asked for"):
            again.at(Fraction(0), SIZE)


def test_a_still_mask_is_pickled(tmp_path: Path) -> None:
    with open_mask(picture(tmp_path / "mask.png", np.arange(48, dtype=np.uint8).reshape(6, 8))) as mask:
        wanted = mask.at(Fraction(0), SIZE)
        again = pickle.loads(pickle.dumps(mask))
    assert (again.at(Fraction(1), SIZE) == wanted).all()


@pytest.mark.parametrize("hold", [False, True], ids=["steady", "one mask for long"])
def test_far_into_the_masks_they_are_sought(
    hold: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masks, "_FAR", Fraction(1, 2))
    monkeypatch.setattr(masks, "_RUN_UP", Fraction(1, 5))
    starts: list[Fraction] = []

    def reader(path: Path, *, start: Fraction, hidden: bool) -> FilmSource:
        starts.append(start)
        return FilmSource(path, start=start, hidden=hidden)

    monkeypatch.setattr(masks, "FilmSource", reader)
    times = media.steady(20)
    if hold:
        times = (*times[:8], *(time + 1 for time in times[8:]))
    path = grey_film(tmp_path / "mask.mkv", levels(20), times)
    place = Fraction(13, 20)
    with open_mask(path) as mask:
        assert greys(mask, [place, place + STEP]) == ([7, 7] if hold else [16, 17])
    assert starts == [0, place - Fraction(1, 5), *([0] if hold else [])]


def test_far_beyond_the_end_there_is_the_last_mask(tmp_path: Path) -> None:
    with open_mask(grey_film(tmp_path / "mask.mkv", levels(5))) as mask:
        assert greys(mask, [Fraction(100)]) == [4]
        assert len(mask.notes) == 1


def test_masks_that_end_too_early_are_told_of_once(tmp_path: Path) -> None:
    path = grey_film(tmp_path / "mask.mkv", levels(10))
    with open_mask(path) as mask:
        assert greys(mask, [n * STEP for n in range(10)])[-1] == 9
        assert mask.notes == []
        assert greys(mask, [n * STEP for n in range(10, 15)]) == [9] * 5
        assert mask.notes == [f"{path} ended at 0.4 s; its last frame serves for the rest"]


def test_before_the_first_mask_it_serves(tmp_path: Path) -> None:
    with open_mask(grey_film(tmp_path / "mask.mkv", [0.25, 1]), FilmClock(Fraction(1))) as mask:
        assert greys(mask, [Fraction(1, 2), Fraction(1)]) == [5, 5]


def test_a_film_of_one_frame_is_a_still_picture(tmp_path: Path) -> None:
    with open_mask(grey_film(tmp_path / "mask.mkv", [0.25])) as mask:
        assert greys(mask, [Fraction(0), Fraction(9)]) == [5, 5]
        assert mask.notes == []


def test_time_never_goes_back(tmp_path: Path) -> None:
    with open_mask(grey_film(tmp_path / "mask.mkv", levels(5))) as mask:
        mask.at(3 * STEP, SIZE)
        mask.at(3 * STEP, SIZE)
        with pytest.raises(ValueError, match="after"):
            mask.at(2 * STEP, SIZE)


def test_a_turned_film_of_masks_is_upright(tmp_path: Path) -> None:
    def draw(_: int, width: int, height: int) -> drawing.Rgb:
        drawn = np.zeros((height, width, 3))
        drawn[: height // 2] = 1  # the upper half, as it is seen
        return drawn

    video = media.Video(times=media.steady(3), rotation=90, draw=draw)
    path = media.film(tmp_path / "mask.mp4", video).path
    with open_mask(path) as mask:
        found = mask.at(Fraction(0), (96, 64))
        assert (found[:44] == 1).all()
        assert (found[52:] == 0).all()


def test_a_mask_that_lasts_is_made_once(tmp_path: Path) -> None:
    with open_mask(grey_film(tmp_path / "mask.mkv", levels(3), rate=Fraction(5))) as mask:
        first = mask.at(Fraction(0), SIZE)
        assert mask.at(STEP, SIZE) is first
        assert mask.at(STEP, (10, 10)).shape == (10, 10)
        assert mask.at(Fraction(1, 5), SIZE) is not first
        mask.close()
        mask.close()


# -- what is no mask --


def test_what_is_no_mask_is_refused(tmp_path: Path) -> None:
    missing = tmp_path / "missing.png"
    for refuse in (check_mask, open_mask):
        with pytest.raises(InputError, match="no such file"):
            refuse(missing)
        with pytest.raises(InputError, match="folder"):
            refuse(tmp_path)
        with pytest.raises(InputError, match="can't be used"):
            refuse(tmp_path / ("x" * 300))
    for name in ("mask.png", "mask.mp4"):
        (tmp_path / name).write_bytes(bytes(range(7, 90)))
        check_mask(tmp_path / name)
        with pytest.raises(InputError, match=name):
            open_mask(tmp_path / name)
    with pytest.raises(InputError, match="no video"):
        open_mask(media.audio_only(tmp_path))


def test_needs_no_torch() -> None:
    code = "import sys, stylize_video.pipeline.stages.masks; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
