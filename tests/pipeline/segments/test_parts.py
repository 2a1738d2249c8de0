"""The folder in which segments lie: what counts, what is painted next, and who may go on with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stylize_video.errors import OutputError, OutputExistsError
from stylize_video.files import whole_file
from stylize_video.pipeline.segments.parts import Gap, Parts
from stylize_video.pipeline.sinks.encoded import Encoded
from stylize_video.process import signals

SETTINGS = {"version": "1", "style": "a", "the input film": "abc"}
PACKETS = [Encoded(b"key", 5, 3, 40, True), Encoded(b"", 7, 5, 0, False), Encoded(b"\0other", 6, 6, 1, False)]


def opened(folder: Path, *, resume: bool = True, **more: str) -> Parts:
    return Parts(folder / "out.mp4", {**SETTINGS, **more}, resume=resume)


def finish(parts: Parts, number: int, *, last: bool = False) -> None:
    file = parts.begin(number)
    file.write([PACKETS[0]._replace(pts=number), *PACKETS[1:]])
    parts.finish(number, file, b"state %d" % number, 10 * (number + 1), last=last)


def filled(folder: Path, count: int, *, last: bool = True) -> Path:
    with opened(folder) as parts:
        for number in range(count):
            finish(parts, number, last=last and number == count - 1)
    return folder / "out.mp4.parts"


def test_what_was_finished_counts(tmp_path: Path) -> None:
    filled(tmp_path, 3, last=False)
    with opened(tmp_path) as parts:
        assert sorted(parts.records) == [0, 1, 2]
        assert parts.painted == 30
        assert parts.packets(2) == [PACKETS[0]._replace(pts=2), *PACKETS[1:]]
        assert parts.next_gap() == Gap(3, None, b"state 2", 30)


def test_a_whole_film_has_no_gap(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    with opened(tmp_path) as parts:
        assert parts.next_gap() is None
        assert parts.last_state() == b"state 2"
        parts.remove()
    assert not list(tmp_path.iterdir())


def test_nothing_finished_leaves_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as parts:
        assert parts.next_gap() == Gap(0, None, None, 0)
        file = parts.begin(0)
        file.write(PACKETS)
        file.discard()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no way to see which file is synced")
def test_all_is_on_the_disk_before_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    with opened(tmp_path) as parts:
        monkeypatch.setattr(
            os, "fsync", lambda fd: synced.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        )
        finish(parts, 0)
    assert synced == [
        "segment0000000.packets",
        "segment0000000.state.stylize-part",
        "segment0000000.json.stylize-part",
        "out.mp4.parts",
    ]


def test_from_when_it_counts_a_crash_leaves_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever removes what a crashed process has left half written never takes a finished segment along."""
    half_written: list[bool] = []

    def sync(folder: Path) -> None:  # the record is there by now
        half_written.append(folder in signals._state.half_written)

    monkeypatch.setattr(whole_file, "sync_folder", sync)
    filled(tmp_path, 1)
    assert half_written == [False]


def test_a_segment_without_a_record_does_not_count(tmp_path: Path) -> None:
    folder = filled(tmp_path, 2, last=False)
    (folder / "segment0000002.packets").write_bytes(b"half")
    (folder / "segment0000002.state").write_bytes(b"half")
    (folder / "segment0000002.json.stylize-part").write_bytes(b"{")
    with opened(tmp_path) as parts:
        assert parts.next_gap() == Gap(2, None, b"state 1", 20)


@pytest.mark.parametrize("damaged", ["packets", "json"])
def test_a_damaged_segment_is_painted_from_the_nearest_state(damaged: str, tmp_path: Path) -> None:
    folder = filled(tmp_path, 12)
    kept = sorted(int(path.stem[7:]) for path in folder.glob("*.state"))
    assert kept == [0, 8, 10, 11]
    file = folder / f"segment0000006.{damaged}"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with opened(tmp_path) as parts:
        assert parts.next_gap() == Gap(1, 6, b"state 0", 10)  # up to the seventh, and no further
        assert parts.painted == 100  # that the next one has ten is known by the one before
        for number in range(1, 7):
            finish(parts, number)
        assert parts.next_gap() is None
        assert parts.painted == 120


def test_a_damaged_state_is_none(tmp_path: Path) -> None:
    folder = filled(tmp_path, 3, last=False)
    (folder / "segment0000002.state").write_bytes(b"state 3")
    with opened(tmp_path) as parts:
        assert parts.next_gap() == Gap(2, None, b"state 1", 20)


def test_the_first_one_is_painted_from_the_film_itself(tmp_path: Path) -> None:
    folder = filled(tmp_path, 3)
    (folder / "segment0000000.packets").unlink()
    with opened(tmp_path) as parts:
        assert parts.next_gap() == Gap(0, 1, None, 0)


def test_packets_that_change_meanwhile_are_said(tmp_path: Path) -> None:
    folder = filled(tmp_path, 2)
    with opened(tmp_path) as parts:
        (folder / "segment0000001.packets").write_bytes(b"")
        with pytest.raises(OutputError, match="run again to have it painted anew"):
            parts.packets(1)


def test_other_settings_are_told_apart(tmp_path: Path) -> None:
    filled(tmp_path, 2, last=False)
    with pytest.raises(
        OutputExistsError,
        match=r"out.mp4.parts: has 20 painted frames of another run \(`style` was a, now b\); .*`restart`",
    ):
        opened(tmp_path, style="b")
    with pytest.raises(OutputExistsError, match=r"\(the input film\)"):
        opened(tmp_path, **{"the input film": "other"})
    with opened(tmp_path) as parts:
        assert parts.painted == 20


def test_where_nobody_knows_whose_segments_they_are_that_is_all_that_is_said(tmp_path: Path) -> None:
    folder = filled(tmp_path, 2, last=False)
    (folder / "film.json").write_text("{")
    with pytest.raises(OutputExistsError, match=r"20 painted frames, and film.json .* can't be read; begin"):
        opened(tmp_path)


def test_what_is_there_can_be_thrown_away(tmp_path: Path) -> None:
    folder = filled(tmp_path, 2)
    (folder / "mine.txt").write_text("precious")
    with opened(tmp_path, resume=False, style="b") as parts:
        assert not parts.records
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_two_runs_of_one_film(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(OutputError, match=r"out.mp4: another run paints it"):
        opened(tmp_path, resume=False)
    opened(tmp_path).close()


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "out.mp4.parts").write_bytes(b"")
    with pytest.raises(OutputError, match=r"out\.mp4\.parts"):
        opened(tmp_path)
