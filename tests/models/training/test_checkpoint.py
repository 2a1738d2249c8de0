"""A training's state in a file: what comes back, and what is said of a file that is none."""

from __future__ import annotations

import hashlib
import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from stylize_video.errors import TrainingError
from stylize_video.models.training import checkpoint

IDENTITY: dict[str, Any] = {"config": {"seed": 0, "crop": 64}, "shape": [1, 2]}
STATE = {**IDENTITY, "step": 3, "network": {"a": torch.arange(4.0)}}


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    checkpoint.write(path, {"step": 1})
    checkpoint.write(path, STATE)  # in its place
    found = checkpoint.read(path, IDENTITY)
    assert found.keys() == STATE.keys()
    assert found["step"] == 3
    assert torch.equal(found["network"]["a"], torch.arange(4.0))
    assert [entry.name for entry in tmp_path.iterdir()] == ["checkpoint"]


@pytest.mark.parametrize(
    "other", [{**IDENTITY, "shape": [2, 1]}, {**IDENTITY, "config": {"seed": 1}}, {**IDENTITY, "inputs": "x"}]
)
def test_one_of_another_run_is_an_error(other: dict[str, Any], tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "checkpoint", STATE)
    with pytest.raises(TrainingError, match="other settings, paintings, photographs or start; delete it"):
        checkpoint.read(tmp_path / "checkpoint", other)


@pytest.mark.parametrize("place", [0, 31, 32, 200, -1])
def test_a_byte_that_is_another_is_damage(place: int, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    checkpoint.write(path, STATE)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(TrainingError, match="checkpoint: damaged checkpoint; delete it to start afresh"):
        checkpoint.read(path, IDENTITY)


def test_a_file_that_is_missing_or_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="checkpoint: no such checkpoint"):
        checkpoint.read(tmp_path / "checkpoint", {})
    with pytest.raises(TrainingError, match="can't be read"):
        checkpoint.read(tmp_path, {})


def test_one_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"checkpoint: can't write the checkpoint \(No such file"):
        checkpoint.write(tmp_path / "missing" / "checkpoint", STATE)


def signed(path: Path, data: bytes) -> Path:
    """A file with the checksum that it should have."""
    path.write_bytes(hashlib.sha256(data).digest() + data)
    return path


def saved(state: object) -> bytes:
    """What torch makes of it."""
    data = io.BytesIO()
    torch.save(state, data)
    return data.getvalue()


def packed(data: bytes) -> bytes:
    """A torch file with its entries deflated, and gigabytes of zeros for one."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as to,
    ):
        for entry in source.infolist():
            to.writestr(entry.filename, bytes(10**7) if "data/" in entry.filename else source.read(entry))
    return result.getvalue()


STRANGERS = {
    "nothing": b"",
    "no zip": b"no zip",
    "a pickle": pickle.dumps(STATE["step"]),
    "a zip": packed(saved({})),
    "a bomb": packed(saved(STATE)),
    "a list": saved([1, 2]),
    "a class": saved(Path("x")),
    "NaN": saved({**STATE, "network": {"a": torch.tensor([1, float("nan")])}}),
    "deep NaN": saved({**STATE, "optimizer": {"state": {0: [{"b": torch.tensor(float("inf"))}]}}}),
    "a view of a terabyte": saved({**STATE, "network": {"a": torch.zeros(1).expand(2**38)}}),
}


@pytest.mark.parametrize("data", STRANGERS.values(), ids=STRANGERS)
def test_one_that_somebody_else_wrote(data: bytes, tmp_path: Path) -> None:
    path = signed(tmp_path / "checkpoint", data)
    with pytest.raises(TrainingError, match="checkpoint: damaged checkpoint; delete it to start afresh"):
        checkpoint.read(path, IDENTITY)


@pytest.mark.parametrize(
    "average", [{}, {"a": torch.ones(3)}, {"a": torch.ones(2), "b": torch.ones(1)}, {"a": 3}, None]
)
def test_one_that_does_not_fit(average: Any) -> None:
    with (
        pytest.raises(TrainingError, match="x: checkpoint that doesn't fit this run; delete it"),
        checkpoint.fitting(Path("x")),
    ):
        checkpoint.like({"a": torch.ones(2)}, average)


def test_one_that_fits() -> None:
    found = checkpoint.like({"a": torch.ones(2)}, {"a": torch.tensor([3.0, 4.0], dtype=torch.float64)})
    assert found["a"].tolist() == [3, 4]
    assert found["a"].dtype == torch.float32
