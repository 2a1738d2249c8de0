"""A training's state in a file: what comes back, and what is said of a file that is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from stylize_video.errors import TrainingError
from stylize_video.models import checkpoint

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
