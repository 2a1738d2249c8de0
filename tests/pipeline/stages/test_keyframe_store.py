"""Finished keys: kept to the last bit, told apart from another film's, and gone when the film is done."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import numpy as np
import pytest

from stylize_video.errors import InputError, OutputError
from stylize_video.pipeline.stages import keyframe_store
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore

SHAPE = 8, 9, 3


def painting(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, SHAPE).astype(np.float32)


def test_the_folder_is_beside_the_output() -> None:
    assert keyframe_store.folder_of(Path("films/out.mp4")) == Path("films/out.mp4.keyframes")


def test_what_is_put_is_got_to_the_last_bit(tmp_path: Path) -> None:
    KeyframeStore(tmp_path / "keys", "a").put(12, painting())
    found = KeyframeStore(tmp_path / "keys", "a")
    kept = found.get(12, SHAPE)
    assert kept is not None
    assert kept.dtype == np.float32
    assert (kept == painting()).all()
    assert found.get(13, SHAPE) is None
    assert found.get(12, (8, 8, 3)) is None


def test_nothing_is_made_before_the_first_key(tmp_path: Path) -> None:
    store = KeyframeStore(tmp_path / "keys", "a")
    assert store.get(0, SHAPE) is None
    store.remove()
    assert list(tmp_path.iterdir()) == []


def test_to_resume_what_never_began_is_to_begin(tmp_path: Path) -> None:
    store = KeyframeStore(tmp_path / "keys", "a")
    store.put(0, painting())
    assert store.get(0, SHAPE) is not None


def test_keys_of_another_film_are_refused(tmp_path: Path) -> None:
    KeyframeStore(tmp_path / "keys", "a").put(0, painting())
    with pytest.raises(InputError, match=r"keys: has keyframes of another film, style or setting; give"):
        KeyframeStore(tmp_path / "keys", "b")


@pytest.mark.parametrize("said", [b"", b"[]", b"{", b'{"identity": 3}', b"\xff"])
def test_a_folder_of_something_else_is_refused(said: bytes, tmp_path: Path) -> None:
    (tmp_path / "film.json").write_bytes(said)
    with pytest.raises(InputError, match="keyframes of another film"):
        KeyframeStore(tmp_path, "a")


def test_removed_with_what_a_killed_run_left(tmp_path: Path) -> None:
    store = KeyframeStore(tmp_path / "keys", "a")
    for number in range(3):
        store.put(number, painting(number))
    (tmp_path / "keys" / "key0000003.npy.part").write_bytes(b"half")
    store.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    store = KeyframeStore(tmp_path / "keys", "a")
    store.put(0, painting())
    (tmp_path / "keys" / "notes.txt").write_text("mine")
    store.remove()
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["notes.txt"]


def saved(array: np.ndarray) -> bytes:
    """A file of NumPy's."""
    data = io.BytesIO()
    np.save(data, array, allow_pickle=True)
    return data.getvalue()


def packed() -> bytes:
    """A zip of arrays, which `np.load` opens gladly."""
    data = io.BytesIO()
    np.savez_compressed(data, painting())
    return data.getvalue()


GOOD = saved(painting())
DAMAGED = {
    "empty": b"",
    "a magic number": b"\x93NUMPY",
    "no array": b"nonsense",
    "cut off": GOOD[:-5],
    "too long": GOOD + b"\0",
    "a zip": packed(),
    "a shape that lies": GOOD.replace(b"(8, 9, 3)", b"(8,99,3) "),
    "a shape of terabytes": GOOD.replace(b"(8, 9, 3)", b"(9e9,9,3)"),
    "a broken header": GOOD.replace(b"'descr'", b"{descr}"),
    "a header that is deep": GOOD.replace(b"{'descr': '<f4'", b"((((((((((((((("),
    "all NaN": saved(np.full(SHAPE, np.nan, np.float32)),
    "one infinity": saved(np.where(np.arange(3) == 1, np.inf, painting()).astype(np.float32)),
    "doubles": saved(painting().astype(np.float64)),
    "big-endian": saved(painting().astype(">f4")),
    "Fortran's order": saved(np.asfortranarray(painting())),
    "objects": saved(np.array([{}], object)),
}


@pytest.mark.parametrize("resigned", [False, True], ids=["as it is", "with a checksum of its own"])
@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_key_is_painted_again(data: bytes, resigned: bool, tmp_path: Path) -> None:
    store = KeyframeStore(tmp_path, "a")
    store.put(0, painting())
    (tmp_path / "key0000000.npy").write_bytes(data)
    if resigned:
        (tmp_path / "key0000000.sha256").write_text(hashlib.sha256(data).hexdigest())
    assert store.get(0, SHAPE) is None
    store.put(0, painting())
    kept = store.get(0, SHAPE)
    assert kept is not None
    assert (kept == painting()).all()
    store.remove()
    assert not tmp_path.exists()


def test_a_key_with_a_bit_that_is_another_is_painted_again(tmp_path: Path) -> None:
    store = KeyframeStore(tmp_path, "a")
    store.put(0, painting())
    data = bytearray(GOOD)
    data[-4] ^= 1  # a number that is as good as any
    (tmp_path / "key0000000.npy").write_bytes(data)
    assert store.get(0, SHAPE) is None


@pytest.mark.parametrize("checksum", [None, b"", b"\xff" * 64, b"0" * 2**20])
def test_a_key_without_its_checksum_is_painted_again(checksum: bytes | None, tmp_path: Path) -> None:
    store = KeyframeStore(tmp_path, "a")
    store.put(0, painting())
    if checksum is None:
        (tmp_path / "key0000000.sha256").unlink()
    else:
        (tmp_path / "key0000000.sha256").write_bytes(checksum)
    assert store.get(0, SHAPE) is None


def test_a_key_is_a_file_of_numpys(tmp_path: Path) -> None:
    KeyframeStore(tmp_path, "a").put(0, painting())
    assert (np.load(tmp_path / "key0000000.npy") == painting()).all()


@pytest.mark.parametrize("left", [None, "film.json.part"])
def test_an_empty_folder_is_begun(left: str | None, tmp_path: Path) -> None:
    if left is not None:
        (tmp_path / left).write_bytes(b"{")
    store = KeyframeStore(tmp_path, "a")
    store.put(0, painting())
    assert KeyframeStore(tmp_path, "a").get(0, SHAPE) is not None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="no permission to write there"):
        KeyframeStore(tmp_path / "keys", "a").put(0, painting())
    tmp_path.chmod(0o700)


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "nothing").write_bytes(b"")
    store = KeyframeStore(tmp_path / "nothing" / "keys", "a")
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
