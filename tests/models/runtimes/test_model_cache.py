"""The cache of converted models: what is whole comes back, nothing else does, and it stays small."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stylize_video.models.runtimes import model_cache


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_cache, "folder", lambda: tmp_path / "cache")


def test_what_was_stored_comes_back() -> None:
    assert model_cache.load("a") is None
    model_cache.store("a", b"model")
    assert model_cache.load("a") == b"model"
    assert model_cache.load("b") is None


def test_a_damaged_entry_is_none() -> None:
    model_cache.store("a", b"model")
    path = model_cache.folder() / "a.model"
    for damaged in (path.read_bytes()[:-1], path.read_bytes() + b"x", b"short", b""):
        path.write_bytes(damaged)
        assert model_cache.load("a") is None


def test_the_oldest_entries_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_cache, "_KEPT", 3)
    for age, name in enumerate("abc"):
        model_cache.store(name, b"model")
        os.utime(model_cache.folder() / f"{name}.model", (1000 + age, 1000 + age))
    assert model_cache.load("a") == b"model"  # used again, so no longer the oldest
    model_cache.store("d", b"model")
    assert {path.stem for path in model_cache.folder().iterdir()} == {"a", "c", "d"}


def test_entries_are_no_more_than_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    for age, name in enumerate("abc"):
        model_cache.store(name, b"model")
        os.utime(model_cache.folder() / f"{name}.model", (1000 + age, 1000 + age))
    size = (model_cache.folder() / "a.model").stat().st_size
    monkeypatch.setattr(model_cache, "_MOST", 2 * size + 1)
    model_cache.store("d", b"model")
    assert {path.stem for path in model_cache.folder().iterdir()} == {"c", "d"}


def test_no_cache_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    model_cache.store("a", b"model")
    assert model_cache.load("a") is None


def test_keys_differ_as_soon_as_one_part_does() -> None:
    keys = [model_cache.key("a", b"b"), model_cache.key("ab", b""), model_cache.key("a", "c")]
    assert len({*keys}) == 3
    assert model_cache.key("a", b"b") == keys[0]
