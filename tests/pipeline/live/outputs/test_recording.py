"""A recording has the pictures' true times, plays at the right speed, and is whole or not there."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stylize_video.errors import OutputExistsError, UsageError
from stylize_video.pipeline.live.outputs.output import fitted
from stylize_video.pipeline.live.outputs.recording import Recording
from tests.pipeline.live.cameras import picture

TIMES = [100.0, 100.04, 100.09, 100.11, 100.5, 101.25]  # s, as a camera's that stutters


def recorded(path: Path) -> list[Fraction]:
    with av.open(str(path)) as film:
        return [Fraction(frame.pts or 0) * (frame.time_base or 0) for frame in film.decode(video=0)]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_times_are_true(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    recording = Recording(path, (64, 48), rate=24)
    for number, time in enumerate(TIMES):
        recording.show(picture(number), time)
    recording.show(picture(9), TIMES[-1])  # not later: no further picture
    assert not path.exists()
    recording.close()
    recording.close()
    found = [float(time) for time in recorded(path)]
    assert found == pytest.approx([time - TIMES[0] for time in TIMES], abs=0.001)
    assert recording.frames == len(TIMES)
    assert {file.name for file in tmp_path.iterdir()} == {path.name}


def test_one_without_a_picture_is_none(tmp_path: Path) -> None:
    Recording(tmp_path / "a.mp4", (64, 48), rate=24).close()
    assert not list(tmp_path.iterdir())


def test_it_replaces_nothing_unasked(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    with pytest.raises(OutputExistsError):
        Recording(tmp_path / "a.mp4", (64, 48), rate=24)
    with pytest.raises(UsageError):
        Recording(tmp_path / "a.doc", (64, 48), rate=24)


def test_colours_are_those_that_were_shown(tmp_path: Path) -> None:
    plain = np.full((48, 64, 3), (200, 60, 30), np.uint8)
    recording = Recording(tmp_path / "a.mp4", (64, 48), rate=24)
    recording.show(plain, 0.0)
    recording.close()
    with av.open(str(tmp_path / "a.mp4")) as film:
        frame = next(film.decode(video=0)).to_ndarray(format="rgb24")
    assert abs(frame.astype(int) - plain).max() <= 4


@pytest.mark.parametrize("size", [(64, 48), (128, 96), (128, 48), (30, 90)])
def test_pictures_are_fitted_whole(size: tuple[int, int]) -> None:
    white = np.full((48, 64, 3), 255, np.uint8)
    found = fitted(white, size)
    assert found.shape == (size[1], size[0], 3)
    lit = (found > 250).all(2)
    across, down = lit.any(0).sum(), lit.any(1).sum()
    assert abs(across / down - 64 / 48) < 0.1
    assert across == size[0] or down == size[1]
