"""Finished keys: kept to the last bit, told apart from another film's, and gone when the film is done."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from stylize_video.errors import InputError, OutputError, OutputExistsError
from stylize_video.pipeline import keyframe_store
from stylize_video.pipeline.keyframe_store import KeyframeStore

SHAPE = 8, 9, 3


def painting(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, SHAPE).astype(np.float32)


def test_the_folder_is_beside_the_output() -> None:
    assert keyframe_store.folder_of(Path("films/out.mp4")) == Path("films/out.mp4.keyframes")


def test_what_is_put_is_got_to_the_last_bit(tmp_path: Path) -> None:
    KeyframeStore(tmp_path / "keys", "a", resume=False).put(12, painting())
    found = KeyframeStore(tmp_path / "keys", "a", resume=True)
    kept = found.get(12, SHAPE)
    assert kept is not None
    assert kept.dtype == np.float32
    assert (kept == painting()).all()
    assert found.get(13, SHAPE) is None
    assert found.get(12, (8, 8, 3)) is None


def test_nothing_is_made_before_the_first_key(tmp_path: Path) -> None:
    store = KeyframeStore(tmp_path / "keys", "a", resume=False)
    assert store.get(0, SHAPE) is None
    store.remove()
    assert list(tmp_path.iterdir()) == []


def test_to_resume_what_never_began_is_to_begin(tmp_path: Path) -> None:
    store = KeyframeStore(tmp_path / "keys", "a", resume=True)
    store.put(0, painting())
    assert store.get(0, SHAPE) is not None


def test_keys_are_not_taken_unasked(tmp_path: Path) -> None:
    KeyframeStore(tmp_path / "keys", "a", resume=False).put(0, painting())
    with pytest.raises(OutputExistsError, match=r"keys: has keyframes .* add --resume to go on, or delete"):
        KeyframeStore(tmp_path / "keys", "a", resume=False)


def test_keys_of_another_film_are_refused(tmp_path: Path) -> None:
    KeyframeStore(tmp_path / "keys", "a", resume=False).put(0, painting())
    with pytest.raises(InputError, match=r"keys: has keyframes of another film, style or setting; give"):
        KeyframeStore(tmp_path / "keys", "b", resume=True)


@pytest.mark.parametrize("said", [b"", b"[]", b"{", b'{"identity": 3}', b"\xff"])
def test_a_folder_of_something_else_is_refused(said: bytes, tmp_path: Path) -> None:
    (tmp_path / "film.json").write_bytes(said)
    with pytest.raises(InputError, match="keyframes of another film"):
        KeyframeStore(tmp_path, "a", resume=True)


def test_removed_with_what_a_killed_run_left(tmp_path: Path) -> None:
    store = KeyframeStore(tmp_path / "keys", "a", resume=False)
    for number in range(3):
        store.put(number, painting(number))
    (tmp_path / "keys" / "key0000003.npy.part").write_bytes(b"half")
    store.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    store = KeyframeStore(tmp_path / "keys", "a", resume=False)
    store.put(0, painting())
    (tmp_path / "keys" / "notes.txt").write_text("mine")
    store.remove()
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"nonsense", None])
def test_a_damaged_key_is_painted_again(data: bytes | None, tmp_path: Path) -> None:
    store = KeyframeStore(tmp_path / "keys", "a", resume=False)
    store.put(0, painting())
    file = tmp_path / "keys" / "key0000000.npy"
    file.write_bytes(file.read_bytes()[:-5] if data is None else data)
    assert store.get(0, SHAPE) is None


def test_no_objects_are_unpickled(tmp_path: Path) -> None:
    store = KeyframeStore(tmp_path / "keys", "a", resume=False)
    store.put(0, painting())
    np.save(tmp_path / "keys" / "key0000000.npy", np.array([{}], object), allow_pickle=True)
    assert store.get(0, SHAPE) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="no permission to write there"):
        KeyframeStore(tmp_path / "keys", "a", resume=False).put(0, painting())
    tmp_path.chmod(0o700)


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "nothing").write_bytes(b"")
    store = KeyframeStore(tmp_path / "nothing" / "keys", "a", resume=False)
    with pytest.raises(OutputError, match="its parent is no folder"):
        store.put(0, painting())


# -- identity --


def test_the_identity_is_of_contents_and_settings(tmp_path: Path) -> None:
    film, style, copy = (tmp_path / name for name in ("film.mp4", "style.jpg", "copy.mp4"))
    for path, data in ((film, b"film"), (style, b"style"), (copy, b"film")):
        path.write_bytes(data)
    said = keyframe_store.identity(film, [style], {"beta": 2.0, "alpha": 1})
    assert said == keyframe_store.identity(copy, [style], {"alpha": 1, "beta": 2.0})
    assert said != keyframe_store.identity(style, [film], {"alpha": 1, "beta": 2.0})
    assert said != keyframe_store.identity(film, [style, style], {"alpha": 1, "beta": 2.0})
    assert said != keyframe_store.identity(film, [style], {"alpha": 1, "beta": 2.5})


def test_a_large_film_is_told_by_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyframe_store, "_PART", 10)
    film, data = tmp_path / "film.mp4", bytearray(32 * 100)
    said = set()
    for place in (None, 5, 31 * 100 + 5, -1):
        changed = bytearray(data)
        if place is not None:
            changed[place] = 1
        film.write_bytes(changed)
        said.add(keyframe_store.identity(film, [], {}))
    film.write_bytes(data + b"\0")
    said.add(keyframe_store.identity(film, [], {}))
    assert len(said) == 4  # the very last byte is not looked at


def test_a_film_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.mp4: can't be read \(No such file"):
        keyframe_store.identity(tmp_path / "gone.mp4", [], {})
