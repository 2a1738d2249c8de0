"""The bundled weights and their manifest: what is damaged is said so, and nothing else is loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from stylize_video.errors import WeightsError
from stylize_video.models import weights

BUNDLED = json.loads((weights.FOLDER / "manifest.json").read_text("utf-8"))["weights"]
DATA = save({"a": torch.arange(3.0)}, metadata={"shape": "round"})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of weights with one file, `tiny`, in place of the bundled ones."""
    (tmp_path / "tiny.safetensors").write_bytes(DATA)
    write_manifest(tmp_path, {"file": "tiny.safetensors", "sha256": hashlib.sha256(DATA).hexdigest()})
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    weights.manifest.cache_clear()
    yield tmp_path
    weights.manifest.cache_clear()


def write_manifest(folder: Path, entry: dict[str, Any]) -> None:
    (folder / "manifest.json").write_text(json.dumps({"weights": {"tiny": entry}}), "utf-8")


def test_tensors_and_metadata_are_read(folder: Path) -> None:
    assert folder.exists()
    found = weights.load("tiny")
    assert torch.equal(found.tensors["a"], torch.arange(3.0))
    assert found.metadata == {"shape": "round"}


def test_a_wrong_checksum_is_an_error(folder: Path) -> None:
    path = folder / "tiny.safetensors"
    path.write_bytes(DATA[:-1] + b"\xff")
    with pytest.raises(WeightsError, match=r"tiny\.safetensors.*checksum"):
        weights.load("tiny")


def test_a_missing_file_is_an_error(folder: Path) -> None:
    (folder / "tiny.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"tiny\.safetensors: weights missing"):
        weights.load("tiny")


def test_an_unknown_name_is_an_error(folder: Path) -> None:
    assert folder.exists()
    with pytest.raises(WeightsError, match="'huge'"):
        weights.load("huge")


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '"text"'])
def test_a_manifest_that_is_none_is_an_error(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text, "utf-8")
    with pytest.raises(WeightsError, match="manifest"):
        weights.load("tiny")


def test_a_missing_manifest_is_an_error(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(WeightsError, match="manifest"):
        weights.manifest()


@pytest.mark.parametrize("data", [b"", b"text", DATA[:20], b"\xff" * 64])
def test_what_is_no_safetensors_file_is_an_error(folder: Path, data: bytes) -> None:
    path = folder / "other.safetensors"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"other\.safetensors: no safetensors"):
        weights.read(path)


def test_a_file_from_anywhere_is_read_without_a_checksum(folder: Path) -> None:
    path = folder / "mine.safetensors"
    path.write_bytes(save({"b": torch.ones(2)}))
    found = weights.read(path)
    assert torch.equal(found.tensors["b"], torch.ones(2))
    assert found.metadata == {}
    with pytest.raises(WeightsError, match="can't be read"):
        weights.read(folder / "missing.safetensors")


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_file_is_whole_and_says_where_it_comes_from(name: str) -> None:
    assert weights.load(name).tensors
    assert {"file", "sha256", "kind", "source", "licence"} <= set(weights.manifest()[name])


def test_every_weights_file_is_in_the_manifest() -> None:
    files = {path.name for path in weights.FOLDER.glob("*.safetensors")}
    assert files == {entry["file"] for entry in BUNDLED.values()}
