"""What is to be painted, and why: what is asked for, held against what is recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylize_video.errors import InputError, UsageError
from stylize_video.files.mark import FileMark
from stylize_video.pictures.pictures import write_picture
from stylize_video.pipeline.jobs.batch import survey
from stylize_video.pipeline.jobs.batch.asked import settings
from stylize_video.pipeline.jobs.batch.asked.clips import Asked, Clips
from stylize_video.pipeline.jobs.batch.asked.options import BatchOptions
from stylize_video.pipeline.jobs.batch.manifest import NAME, Manifest
from stylize_video.pipeline.jobs.batch.survey import Survey, look
from stylize_video.pipeline.jobs.batch.under_way import UnderWay
from stylize_video.pipeline.jobs.options import RunOptions


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    """A folder with films, and one for the paintings."""
    for name in ("in/a.mp4", "in/b.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "out").mkdir()
    return tmp_path


def asked(studio: Path, *, inherits: bool = True, **typed: Any) -> Asked:
    read = settings.read(typed, typed=True, base=studio)
    clips = (Clips((str(studio / "in"),)),)
    return Asked(studio / "out", clips, BatchOptions(), typed=read, inherits=inherits)


def paint(studio: Path, given: Asked) -> Survey:
    """As if all had been painted."""
    manifest = Manifest.read(studio / "out")
    found = look(given, manifest)
    for item in found.items:
        output = manifest.path_of(item.name)
        output.write_bytes(b"painted " + item.name.encode())
        manifest.films[item.name] = survey.Entry(
            input=manifest.seen_from_here(item.path),
            source=FileMark.of(item.path),
            settings=item.settings,
            weights=item.weights,
            output=FileMark.of(output),
        )
    manifest.write()
    return found


def again(studio: Path, given: Asked) -> tuple[dict[str, str], list[str]]:
    """Why each film is painted in another run, and what is said of the settings."""
    found = look(given, Manifest.read(studio / "out"))
    whys = {
        item.name: "" if item.surely_done else survey.changed(item, FileMark.of(item.path))
        for item in found.items
    }
    return whys | {path.name: "!" + reason for path, reason in found.failed}, found.notes


def test_what_is_done_is_not_done_again(studio: Path) -> None:
    assert {item.why for item in paint(studio, asked(studio, style="udnie")).items} == {"new"}
    assert again(studio, asked(studio, style="udnie")) == ({"a.mp4": "", "b.mp4": ""}, [])


def test_settings_that_nobody_asks_for_are_those_of_before_and_it_is_said(studio: Path) -> None:
    paint(studio, asked(studio, style="udnie"))
    whys, notes = again(studio, asked(studio))
    assert whys == {"a.mp4": "", "b.mp4": ""}
    assert notes == ["settings as this folder was begun with: style udnie"]
    whys, notes = again(studio, asked(studio, inherits=False))
    assert whys["a.mp4"] == "style kandinsky instead of udnie"


def test_another_setting_is_said_and_painted_anew(studio: Path) -> None:
    paint(studio, asked(studio, strength=0.5))
    whys, notes = again(studio, asked(studio, strength=1.0))  # the default, but it was asked for
    assert whys == dict.fromkeys(("a.mp4", "b.mp4"), "strength 1.0 instead of 0.5")
    assert notes == [
        "other settings than this folder was begun with: strength 1.0 instead of 0.5; "
        "2 films are painted anew"
    ]


def test_a_film_that_changed_is_painted_anew_and_one_that_was_touched_is_not(studio: Path) -> None:
    paint(studio, asked(studio))
    (studio / "in" / "a.mp4").write_bytes(b"another film")
    (studio / "in" / "b.mp4").touch()
    assert again(studio, asked(studio))[0] == {"a.mp4": "the film has changed", "b.mp4": ""}


def test_a_painting_that_is_gone_or_was_not_finished_is_painted(studio: Path) -> None:
    paint(studio, asked(studio))
    (studio / "out" / "a.mp4").unlink()
    manifest = Manifest.read(studio / "out")
    manifest.films["b.mp4"] = replace(manifest.films["b.mp4"], under_way=True)
    manifest.write()
    assert again(studio, asked(studio))[0] == {"a.mp4": "its painting is gone", "b.mp4": "not finished"}


def test_other_weights_are_a_reason(studio: Path) -> None:
    paint(studio, asked(studio))
    manifest = Manifest.read(studio / "out")
    manifest.films["a.mp4"] = replace(manifest.films["a.mp4"], weights={"eight-paintings": "0"})
    manifest.write()
    assert again(studio, asked(studio))[0] == {"a.mp4": "painted with other weights", "b.mp4": ""}


def test_what_somebody_else_has_put_there_is_never_replaced_silently(studio: Path) -> None:
    (studio / "out" / "a.mp4").write_bytes(b"mine")
    whys, _ = again(studio, asked(studio))
    assert whys["b.mp4"] == "new"
    assert "exists, and is not what this batch has painted" in whys["a.mp4"]
    assert again(studio, asked(studio, overwrite=True))[0]["a.mp4"] == "new"
    (studio / "out" / "a.mp4").unlink()
    paint(studio, asked(studio))
    (studio / "out" / "a.mp4").write_bytes(b"edited since")
    assert "exists, and is not what" in again(studio, asked(studio))[0]["a.mp4"]


def test_what_is_no_file_in_a_paintings_place_stops_no_other_film(studio: Path) -> None:
    paint(studio, asked(studio))
    (studio / "out" / "a.mp4").unlink()
    (studio / "out" / "a.mp4").mkdir()
    whys, _ = again(studio, asked(studio))
    assert "exists, and is not what this batch has painted" in whys["a.mp4"]
    assert whys["b.mp4"] == ""


def test_a_film_whose_own_style_is_gone_stops_no_other(studio: Path) -> None:
    style = studio / "style.png"
    write_picture(style, np.zeros((8, 8, 3), np.uint8))
    clips = (Clips((str(studio / "in"),)), Clips((str(studio / "in" / "a.mp4"),), {"style": str(style)}))
    paint(studio, replace(asked(studio, inherits=False), clips=clips))
    style.unlink()
    whys, _ = again(studio, asked(studio))
    assert whys == {"a.mp4": f"!{style}: no such picture", "b.mp4": ""}
    with pytest.raises(UsageError, match="no such picture"):  # what is asked for now is a mistake
        again(studio, replace(asked(studio, inherits=False), clips=clips))
    with pytest.raises(UsageError, match="no style called 'nobody'"):
        again(studio, asked(studio, style="nobody"))


def test_a_film_that_is_not_finished_is_gone_on_with_as_it_was_begun(studio: Path) -> None:
    """Else its segments would be of other settings, and be thrown away."""
    manifest = Manifest(studio / "out")
    [item, _] = look(asked(studio, segment_length=40, device="cpu"), manifest).items
    UnderWay(manifest).begin(item)
    [goes_on, other] = look(asked(studio), Manifest.read(studio / "out")).items
    assert (goes_on.why, goes_on.request.run) == ("not finished", item.request.run)
    assert other.request.run == RunOptions()
    [differs, _] = look(asked(studio, device="auto"), Manifest.read(studio / "out")).items
    assert differs.request.run == replace(item.request.run, device="auto")


def test_a_folder_that_was_moved_is_known_again(studio: Path) -> None:
    paint(studio, asked(studio))
    (studio / "in").rename(studio / "films")
    given = replace(asked(studio), clips=(Clips((str(studio / "films"),)),))
    assert again(studio, given)[0] == {"a.mp4": "", "b.mp4": ""}


def test_a_film_of_another_folder_does_not_take_a_paintings_name(studio: Path) -> None:
    paint(studio, asked(studio))
    (studio / "other").mkdir()
    (studio / "other" / "a.mp4").write_bytes(b"another")
    given = replace(asked(studio), clips=(Clips((str(studio / "other"),)),))
    assert again(studio, given)[0] == {"other/a.mp4": "new"}


def test_pictures_and_masks_are_named_from_the_root_on(studio: Path) -> None:
    found = settings.read({"style": "p.jpg:0.5,q.jpg:0.5", "mask": "m.png"}, typed=True, base=studio)
    assert found["mask"] == str(studio / "m.png")
    assert [part["picture"] for part in found["style"]] == [str(studio / "p.jpg"), str(studio / "q.jpg")]


def test_settings_come_back_from_their_record(studio: Path) -> None:
    given = settings.read({"style": "udnie:0.6,delaunay:0.4", "start": "1/3"}, typed=True, base=studio)
    recorded = settings.recorded(given)
    made = settings.request(recorded, studio / "in" / "a.mp4", studio / "out" / "a.mp4")
    assert settings.recorded(made.to_json()) == recorded
    assert "overwrite" not in recorded
    assert "device" not in recorded


def test_a_record_that_cant_be_read_is_no_empty_one(studio: Path) -> None:
    (studio / "out" / NAME).write_text("{")
    with pytest.raises(InputError, match="can't be read"):
        Manifest.read(studio / "out")


def test_a_clips_own_settings_and_name(studio: Path) -> None:
    film = str(studio / "in" / "a.mp4")
    clips = (
        Clips((str(studio / "in"),)),
        Clips((film,), {"strength": 0.5}),
        Clips((film,), {"strength": 0.25}, "soft/a.mp4"),
    )
    found = look(replace(asked(studio), clips=clips), Manifest(studio / "out"))
    assert {item.name: item.settings["strength"] for item in found.items} == {
        "a.mp4": 0.5,
        "b.mp4": 1.0,
        "soft/a.mp4": 0.25,
    }
    for name in ("../a.mp4", "/a.mp4"):
        wrong = replace(asked(studio), clips=(*clips, Clips((film,), {}, name)))
        with pytest.raises(UsageError):
            look(wrong, Manifest(studio / "out"))
