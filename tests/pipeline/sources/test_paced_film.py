"""A film in place of a camera: its frames come when they are due, and no sooner."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from stylize_video.errors import InputError
from stylize_video.pipeline.sources import paced_film
from stylize_video.pipeline.sources.paced_film import PacedFilm
from tests.pipeline import _clips
from tests.pipeline._clips import Clip

PTS = [0, 40, 120, 160, 400]  # ms, of a film that stutters


@pytest.fixture
def film(tmp_path: Path) -> PacedFilm:
    clip = Clip(frames=len(PTS), pts=PTS, time_base=_clips.MS)
    return PacedFilm(_clips.make(tmp_path / "a.mkv", clip), max_size=48)


def test_frames_come_at_their_own_pace_and_again(film: PacedFilm) -> None:
    for _ in range(2):
        film.open()
        frames = [frame for frame in iter(film.read, None) if time.monotonic() >= frame.time]
        assert len(frames) == len(PTS)
        assert frames[0].picture.shape == (32, 48, 3)
        assert (frames[-1].time - frames[0].time) * 1000 >= PTS[-1] - 1000 * paced_film._LATE
    film.close()
    assert film.read() is None


def test_one_that_is_decoded_too_slowly_falls_never_behind(
    film: PacedFilm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paced_film, "_LATE", 0.02)
    film.open()
    film.read()
    for _ in PTS[1:]:
        time.sleep(0.3)
        began = time.monotonic()
        frame = film.read()
        assert frame is not None
        assert frame.time >= began
    film.close()


def test_what_is_no_film_is_a_clear_line(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("no film")
    with pytest.raises(InputError, match=r"a\.mp4"):
        PacedFilm(tmp_path / "a.mp4").open()
