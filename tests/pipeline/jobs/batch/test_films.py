"""Which films a batch finds, and what their paintings are called."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from stylize_video.errors import UsageError
from stylize_video.pipeline.jobs.batch import films
from stylize_video.pipeline.jobs.batch.films import Film, find


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"film")


def places(found: films.Found) -> list[str]:
    return [film.place.as_posix() for film in found.films]


def called(given: list[Film], **more: object) -> list[str]:
    suffixes = {film.path: film.path.suffix.lower() for film in given}
    arguments = {"known": {}, "taken": (), "suffixes": suffixes} | more
    return list(films.names(given, **arguments).values())  # type: ignore[arg-type]


def test_a_folder_is_looked_through_by_name_and_what_is_no_film_is_told(tmp_path: Path) -> None:
    make(tmp_path / "in", "b.mp4", "a/z.MOV", "notes.txt", ".hidden.mp4", ".git/x.mp4")
    found = find([str(tmp_path / "in")], tmp_path / "out")
    assert places(found) == ["b.mp4", "a/z.MOV"]
    assert [path.name for path in found.left_out] == ["notes.txt"]


def test_of_several_folders_each_keeps_its_name(tmp_path: Path) -> None:
    make(tmp_path, "one/a.mp4", "two/a.mp4")
    found = find([str(tmp_path / "one"), str(tmp_path / "two")], tmp_path / "out")
    assert places(found) == ["one/a.mp4", "two/a.mp4"]


def test_a_film_that_is_named_twice_is_found_once(tmp_path: Path) -> None:
    make(tmp_path, "in/a.mp4", "in/b.mp4")
    found = find([str(tmp_path / "in"), str(tmp_path / "in" / "sub" / ".." / "a.mp4")], tmp_path / "out")
    assert places(found) == ["a.mp4", "b.mp4"]


def test_links_in_a_circle_have_an_end(tmp_path: Path) -> None:
    make(tmp_path, "in/a.mp4", "in/sub/b.mp4")
    (tmp_path / "in" / "sub" / "up").symlink_to(tmp_path / "in")
    assert places(find([str(tmp_path / "in")], tmp_path / "out")) == ["a.mp4", "sub/b.mp4"]


def test_a_pattern_keeps_what_it_leaves_open(tmp_path: Path) -> None:
    make(tmp_path, "shots/s1/x.mp4", "shots/s2/x.mp4", "shots/s2/x.txt")
    assert places(find([str(tmp_path / "shots" / "*" / "*.mp4")], tmp_path / "out")) == [
        "s1/x.mp4",
        "s2/x.mp4",
    ]
    assert places(find([str(tmp_path / "**")], tmp_path / "out")) == ["shots/s1/x.mp4", "shots/s2/x.mp4"]


def test_a_name_with_the_signs_of_a_pattern_is_a_name_if_there_is_such_a_file(tmp_path: Path) -> None:
    make(tmp_path, "a[1].mp4")
    assert places(find([str(tmp_path / "a[1].mp4")], tmp_path / "out")) == ["a[1].mp4"]


def test_what_matches_nothing_is_told_and_stops_nobody(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4")
    found = find([str(tmp_path / "a.mp4"), str(tmp_path / "*.mov"), "x" * 5000], tmp_path / "out")
    assert places(found) == ["a.mp4"]
    assert [reason.split(" (")[0] for _, reason in found.missing] == ["no file is called so", "can't be used"]


def test_the_output_folder_is_no_input(tmp_path: Path) -> None:
    make(tmp_path, "in/a.mp4", "in/out/a.mp4")
    out = tmp_path / "in" / "out"
    assert places(find([str(tmp_path / "in")], out)) == ["a.mp4"]
    for path in (out, out / "a.mp4"):
        with pytest.raises(UsageError, match="folder for the painted films"):
            find([str(path)], out)


def test_a_pattern_passes_over_what_is_painted_already(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "out/a.mp4", "out/sub/b.mp4")
    for pattern in ("**/*.mp4", "**", "*"):
        assert places(find([str(tmp_path / pattern)], tmp_path / "out")) == ["a.mp4"]
    with pytest.raises(UsageError, match="folder for the painted films"):
        find([str(tmp_path / "out" / "*.mp4")], tmp_path / "out")


def film(path: str, place: str) -> Film:
    return Film(Path(path), PurePath(place))


def test_the_same_name_in_different_folders_never_collides() -> None:
    given = [film("/d/s1/x.mp4", "x.mp4"), film("/d/s2/x.mp4", "x.mp4"), film("/d/s2/y.mp4", "y.mp4")]
    assert called(given) == ["s1/x.mp4", "s2/x.mp4", "y.mp4"]
    assert called([film("/s/a.mp4", "a.mp4"), film("/s/A.MP4", "A.MP4")]) == ["s/a.mp4", "s/A.MP4"]


def test_two_containers_of_one_name_stay_two_whatever_the_extension() -> None:
    given = [film("/s/a.mp4", "a.mp4"), film("/s/a.mov", "a.mov")]
    assert called(given) == ["a.mp4", "a.mov"]
    mkv = {each.path: ".mkv" for each in given}
    assert called(given, suffixes=mkv) == ["a.mp4.mkv", "a.mov.mkv"]


def test_a_film_keeps_its_name_and_others_make_way() -> None:
    given = [film("/d/s1/x.mp4", "x.mp4"), film("/d/s2/x.mp4", "x.mp4")]
    assert called(given, known={Path("/d/s2/x.mp4"): "x.mp4"}) == ["x.mp4", "s1/x.mp4"]
    assert called(given[:1], taken=["x.mp4"]) == ["s1/x.mp4"]
