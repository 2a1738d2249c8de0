"""The noise of a seed is the same whether it was drawn or kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylize_video.models import canvas_noise
from stylize_video.models.runtimes import model_cache

SIDES = (16, 8)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_cache, "folder", lambda: tmp_path / "cache")


def drawn(seed: int) -> Any:
    """As by a process of its own."""
    canvas_noise.octaves.cache_clear()
    return canvas_noise.octaves(seed, SIDES, 2)


def entry() -> Path:
    [path] = model_cache.folder().glob("*.model")
    return path


def test_what_was_kept_is_what_was_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    first = drawn(3)
    monkeypatch.setattr(canvas_noise, "_octave", None)  # not to be called again
    again = drawn(3)
    assert [octave.shape for octave in again] == [(16, 16, 2), (8, 8, 2)]
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one, other)
        assert not one.flags.writeable
        assert not other.flags.writeable


def test_a_seed_has_its_own() -> None:
    assert not any(np.array_equal(*pair) for pair in zip(drawn(3), drawn(4), strict=True))
    assert len(list(model_cache.folder().iterdir())) == 2


@pytest.mark.parametrize("data", [b"short", b"\0" * 4096])
def test_what_is_something_else_is_drawn_anew(data: bytes) -> None:
    first = drawn(3)
    model_cache.store(entry().stem, data)
    assert all(np.array_equal(*pair) for pair in zip(first, drawn(3), strict=True))
    assert entry().stat().st_size > 4 * 2 * (16**2 + 8**2)
