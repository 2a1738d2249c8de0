"""Tensors as whole numbers: what comes back, and files that lie about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from stylize_video.errors import WeightsError
from stylize_video.models import weights
from stylize_video.models.weights import byte_tensors
from stylize_video.models.weights.byte_tensors import HEADER, VERSION

MADE = {HEADER: VERSION}


def some(*shape: int, seed: int = 0) -> NDArray[np.float16]:
    """Weights whose outputs are of very different sizes."""
    drawn = np.random.default_rng(seed).normal(size=shape)
    return (drawn * np.logspace(-3, 1, shape[0]).reshape(-1, *[1] * (len(shape) - 1))).astype(np.float16)


@pytest.mark.parametrize("bits", byte_tensors.BITS)
@pytest.mark.parametrize("shape", [(5, 3, 3, 3), (7,), (1, 1), (3, 2)])
def test_they_come_back_as_near_as_their_bits_allow(bits: int, shape: tuple[int, ...]) -> None:
    given = {"a.weight": some(*shape), "b.scale": some(4)}
    packed = byte_tensors.packed(given, {"a.weight": bits})
    found = byte_tensors.unpacked(packed, MADE)
    assert found.keys() == given.keys()
    assert np.array_equal(found["b.scale"], given["b.scale"])
    assert found["a.weight"].dtype == np.float32
    wanted = given["a.weight"].astype(np.float32)
    largest = np.abs(wanted.reshape(len(wanted), -1)).max(1).reshape(-1, *[1] * (wanted.ndim - 1))
    assert (np.abs(found["a.weight"] - wanted) <= largest / (2**bits - 2) * 1.001).all()


@pytest.mark.parametrize("bits", byte_tensors.BITS)
def test_whole_numbers_come_back_exactly(bits: int) -> None:
    """So that a runtime which rounds as they were rounded finds the same ones."""
    once = byte_tensors.unpacked(byte_tensors.packed({"a": some(6, 40)}, {"a": bits}), MADE)
    twice = byte_tensors.unpacked(byte_tensors.packed(once, {"a": bits}), MADE)
    np.testing.assert_allclose(twice["a"], once["a"], rtol=1e-6)


@pytest.mark.parametrize(("bits", "share"), [(8, 0.5), (10, 0.625), (12, 0.75)])
def test_a_file_is_so_much_smaller_than_half_precision(bits: int, share: float, tmp_path: Path) -> None:
    given = {"a": some(64, 2000)}
    save_file(given, tmp_path / "half")
    save_file(byte_tensors.packed(given, {"a": bits}), tmp_path / "small", MADE)
    sizes = [(tmp_path / name).stat().st_size for name in ("small", "half")]
    assert sizes[0] / sizes[1] == pytest.approx(share, abs=0.01)
    read = weights.read(tmp_path / "small").arrays
    assert read.keys() == {"a"}
    assert read["a"].shape == (64, 2000)


def test_an_output_of_nothing_stays_nothing() -> None:
    given = np.zeros((2, 4), np.float32)
    assert not byte_tensors.unpacked(byte_tensors.packed({"a": given}, {"a": 10}), MADE)["a"].any()


@pytest.mark.parametrize("bits", [{"b": 8}, {"a": 9}, {"c": 8}], ids=["unknown", "bits", "no outputs"])
def test_what_cannot_be_packed_is_an_error(bits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"must be one of|no tensors|has no outputs"):
        byte_tensors.packed({"a": some(2, 2), "c": np.array(1.0)}, bits)


LIES: list[tuple[dict[str, Any], dict[str, str], str]] = [
    ({}, {}, "of version 'none'"),
    ({}, {HEADER: "2"}, "of version '2', this program reads '1'"),
    ({"a.step": None}, MADE, "no steps that fit"),
    ({"a.step": np.ones(3, np.float32)}, MADE, "no steps that fit"),
    ({"a.step": np.ones(4, np.float16)}, MADE, "no steps that fit"),
    ({"a.fine2": np.zeros(2, np.int8)}, MADE, "lower bits don't fit"),
    ({"a.fine2": np.zeros(5, np.float32)}, MADE, "lower bits don't fit"),
    ({"a.step": np.full(4, np.inf, np.float32)}, MADE, "holds NaN or infinite numbers"),
    ({"a.step": np.full(4, 3e38, np.float32)}, MADE, "holds NaN or infinite numbers"),
]


@pytest.mark.parametrize(("change", "header", "message"), LIES)
def test_a_file_that_lies_is_an_error(
    change: dict[str, Any], header: dict[str, str], message: str, tmp_path: Path
) -> None:
    packed = byte_tensors.packed({"a": some(4, 5)}, {"a": 10}) | change
    path = tmp_path / "x.safetensors"
    save_file({name: array for name, array in packed.items() if array is not None}, path, header)
    with pytest.raises(WeightsError, match=message):
        weights.read(path)


def test_more_than_memory_holds_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_tensors, "LARGEST", 3)
    with pytest.raises(ValueError, match="more than 0 million"):
        byte_tensors.unpacked(byte_tensors.packed({"a": some(2, 2)}, {"a": 8}), MADE)
