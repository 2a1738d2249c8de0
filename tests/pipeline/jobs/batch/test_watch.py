"""When a film has stopped growing."""

from __future__ import annotations

from pathlib import Path

from stylize_video.pipeline.jobs.batch.watch import SETTLED, Settling


def test_a_film_is_given_once_it_has_stopped_growing(tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    film.write_bytes(b"1")
    settling = Settling()
    assert settling.settled([film], 0.0) == []
    assert settling.settled([film], SETTLED - 1) == []
    film.write_bytes(b"12")
    assert settling.settled([film], SETTLED) == []
    assert settling.settled([film], 2 * SETTLED - 0.5) == []
    assert settling.settled([film], 2 * SETTLED) == [film]
    assert settling.settled([film], 9 * SETTLED) == []


def test_one_that_changes_later_is_given_again(tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    film.write_bytes(b"1")
    settling = Settling()
    settling.settled([film], 0.0)
    assert settling.settled([film], SETTLED) == [film]
    film.write_bytes(b"another")
    assert settling.settled([film], 2 * SETTLED) == []
    assert settling.settled([film], 3 * SETTLED) == [film]


def test_an_empty_file_waits_and_one_that_goes_is_no_matter(tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    film.touch()
    settling = Settling()
    assert settling.settled([film, tmp_path / "gone.mp4"], 0.0) == []
    assert settling.settled([film], 100.0) == []
