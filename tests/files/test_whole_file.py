"""Files written whole or not at all, and what is said beforehand of those that can't be."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from stylize_video.errors import OutputError, OutputExistsError
from stylize_video.files import whole_file
from stylize_video.pictures.pictures import read_picture, write_picture
from tests.commands import names


def test_what_is_written_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, done = tmp_path / "file", []
    path.write_bytes(b"old")
    sync, rename = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda number: done.append(path.read_bytes()) or sync(number))
    monkeypatch.setattr(Path, "replace", lambda *both: done.append("renamed") or rename(*both))
    whole_file.write(path, b"new")
    assert done == [b"old", "renamed"]
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == {"file"}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize(("owner", "step"), [(os, "fsync"), (Path, "replace")])
def test_a_write_that_fails_or_is_interrupted_leaves_the_old_file(
    owner: object, step: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(type(error)):
        whole_file.write(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == {"file"}


def test_a_file_of_the_users_that_is_called_like_ours_is_left_alone(tmp_path: Path) -> None:
    """And a link of that name is not followed. What is called NAME.part is anybody's."""
    path, precious = tmp_path / "file", tmp_path / "precious"
    precious.write_bytes(b"precious")
    (tmp_path / "file.stylize-part").symlink_to(precious)
    (tmp_path / "file.stylize-part2").write_bytes(b"mine")
    (tmp_path / "file.part").write_bytes(b"mine")
    whole_file.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert precious.read_bytes() == b"precious"
    assert (tmp_path / "file.stylize-part2").read_bytes() == b"mine"
    assert (tmp_path / "file.part").read_bytes() == b"mine"
    assert len(names(tmp_path)) == 5


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o777])
def test_what_is_replaced_hands_on_its_permissions(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, 12, 34)
    before = path.stat()
    whole_file.write(path, b"new")
    after = path.stat()
    assert path.read_bytes() == b"new"
    assert after.st_mode == before.st_mode
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


def test_a_link_that_the_user_names_is_written_through(tmp_path: Path) -> None:
    """By `styles --sheet`, `texture`, `train` and `score --html`; a link in a circle is replaced."""
    (tmp_path / "target.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to("target.png")
    write_picture(tmp_path / "link.png", np.zeros((2, 2, 3), np.uint8))
    assert (tmp_path / "link.png").is_symlink()
    assert read_picture(tmp_path / "target.png").shape == (2, 2, 3)
    circle = tmp_path / "circle"
    circle.symlink_to("circle")
    whole_file.write(whole_file.destination(circle), b"new")
    assert circle.read_bytes() == b"new"


def test_a_target_that_is_no_file(tmp_path: Path) -> None:
    """Or --overwrite would put a film in the place of a device."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="pipe: is no regular file"):
        whole_file.check_target(tmp_path / "pipe", overwrite=True)


def test_removing_takes_what_a_killed_write_left_and_nothing_else(tmp_path: Path) -> None:
    for name in ("file", "file.stylize-part", "file.part", "other"):
        (tmp_path / name).touch()
    whole_file.remove(tmp_path / "file")
    whole_file.remove(tmp_path / "file")
    whole_file.remove(tmp_path / "other" / "file")
    assert names(tmp_path) == {"file.part", "other"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder", "is a folder; name a file in it with `output`"),
        ("missing/file", "no such folder"),
        ("old/file", "no folder"),
        ("x" * 300, "can't be written (File name too long)"),
    ],
)
def test_targets_that_cannot_be_written(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "old").touch()
    with pytest.raises(OutputError) as caught:
        whole_file.check_target(tmp_path / name, overwrite=True)
    assert str(caught.value).startswith(f"{tmp_path / name}: {message}")


def test_a_target_that_exists(tmp_path: Path) -> None:
    path = tmp_path / "file"
    whole_file.check_target(path, overwrite=False)
    assert names(tmp_path) == set()
    path.write_bytes(b"precious")
    whole_file.check_target(path, overwrite=True)
    with pytest.raises(OutputExistsError, match="file: exists; add `overwrite` or name another with"):
        whole_file.check_target(path, overwrite=False)
    assert path.read_bytes() == b"precious"


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (tmp_path, os.W_OK))
    with pytest.raises(OutputError, match="file: no permission to write in"):
        whole_file.check_target(tmp_path / "file", overwrite=True)
