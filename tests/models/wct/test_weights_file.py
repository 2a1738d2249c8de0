"""Files of the whitening and colouring transform: networks and paintings come back, and damage is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from stylize_video.errors import WeightsError
from stylize_video.models import weights
from stylize_video.models.wct import shape
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.network import Convolution, WctNetwork
from stylize_video.models.wct.shape import WctConfig
from stylize_video.models.wct.training import saving
from stylize_video.pictures.pictures import Picture, resize_longer_side
from tests.networks import noise

SHAPE = WctConfig((4, 4, 6, 6, 6))
LEVELS = (1, 2, 3, 4, 5)


@pytest.fixture
def network() -> WctNetwork:
    """As it is stored: rounded to half precision."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return saving.as_stored(WctNetwork(SHAPE))


@pytest.fixture
def saved(network: WctNetwork, tmp_path: Path) -> Path:
    """A file with two paintings."""
    known = {name: wct_weights.statistics(network, noise(seed), 96) for seed, name in enumerate("ba")}
    saving.save(tmp_path / "mine.safetensors", network, known, {"photographs": 3})
    return tmp_path / "mine.safetensors"


def test_networks_and_paintings_come_back(network: WctNetwork, saved: Path) -> None:
    found = wct_weights.open_file(saved)
    assert found.origin == str(saved)
    assert found.network.config == SHAPE
    assert not found.network.training
    assert not any(value.requires_grad for value in found.network.parameters())
    wanted = network.state_dict()
    assert found.network.state_dict().keys() == wanted.keys()
    assert all(torch.equal(value, wanted[name]) for name, value in found.network.state_dict().items())
    assert list(found.paintings) == ["b", "a"]
    for seed, known in enumerate(found.paintings.values()):
        again = wct_weights.statistics(network, noise(seed), 96)
        assert tuple(known) == LEVELS
        for level in LEVELS:
            for one, other in zip(known[level], again[level], strict=True):
                torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-12 + 1e-3 * float(abs(other).max()))
    assert json.loads(weights.read(saved).metadata["provenance"]) == {"photographs": 3}


def test_ranges_come_back(network: WctNetwork, tmp_path: Path) -> None:
    known: dict[str, Any] = dict.fromkeys(network.multiplying(), (0.0, 2.5))
    known["decoders.2.steps.0"] = ((-1.0, -0.5, 0.0, -2.0), (1.0, 2.0, 3.0, 4.0))
    saving.save(tmp_path / "mine.safetensors", network, {}, {}, known)
    assert wct_weights.open_file(tmp_path / "mine.safetensors").parameters.ranges == known


@pytest.mark.parametrize(
    "damaged",
    [(0.0, 0.0), (0.1, 1.0), (0.0, float("nan")), (0.0, (1.0, 1.0)), (0.0, "x"), None, (0.0, {}), ((), ())],
)
def test_ranges_that_are_none(network: WctNetwork, tmp_path: Path, damaged: Any) -> None:
    known = dict.fromkeys(network.multiplying(), (0.0, 2.5)) | {"decoders.2.steps.0": damaged}
    if damaged is None:
        del known["decoders.2.steps.0"]
    saving.save(tmp_path / "mine.safetensors", network, {}, {}, known)
    with pytest.raises(WeightsError, match="train again"):
        wct_weights.open_file(tmp_path / "mine.safetensors")


def test_a_file_without_paintings(network: WctNetwork, tmp_path: Path) -> None:
    saving.save(tmp_path / "mine.safetensors", network, {}, {})
    assert wct_weights.open_file(tmp_path / "mine.safetensors").paintings == {}


def test_a_file_of_the_version_before_is_read(network: WctNetwork, saved: Path) -> None:
    tensors, header = load_file(saved), dict(weights.read(saved).metadata)
    known = wct_weights.statistics(network, noise(0), 96)
    old = {name: value for name, value in tensors.items() if "factor" not in name}
    for level, moments in known.items():
        old |= {
            f"statistics.{n}.{level}.covariance": torch.from_numpy(np.float32(moments.covariance))
            for n in (0, 1)
        }
    save_file(old, saved, {**header, "format": "stylize-video wct 1"})
    found = wct_weights.open_file(saved).paintings["b"]
    for level in LEVELS:
        assert np.array_equal(found[level].covariance, np.float32(known[level].covariance))


def test_a_small_file_paints_as_the_large_one(tmp_path: Path) -> None:
    whole = wct_weights.open_bundled()
    for name, small in (("large", False), ("small", True)):
        path = tmp_path / f"{name}.safetensors"
        saving.save(path, whole.network, whole.paintings, {}, small=small)
    large, small_ = (tmp_path / f"{name}.safetensors" for name in ("large", "small"))
    assert small_.stat().st_size < 0.68 * large.stat().st_size
    one, other = (wct_weights.open_file(path).network.state_dict() for path in (large, small_))
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=0, atol=float(value.abs().max()) / 1000)
    assert any(not torch.equal(other[name], value) for name, value in one.items())


@pytest.mark.parametrize("channels", [1, 2, 5, 6])
def test_a_covariance_comes_back_from_its_factor(channels: int) -> None:
    samples = np.random.default_rng(0).normal(size=(channels, 9))
    samples[0] = 0  # a channel that is constant
    covariance = (samples @ samples.T)[None]
    factor = saving.factor_of(covariance)
    assert factor.size == channels * (channels + 1) // 2
    assert np.allclose(wct_weights.covariance_of(factor, channels), covariance)


def test_a_file_that_cannot_be_written(network: WctNetwork, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="can't be written"):
        saving.save(tmp_path / "missing" / "mine.safetensors", network, {}, {})


# -- files that can't be used --


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda _: b"", lambda _: b"no weights"])
def test_a_damaged_file_is_an_error(damage: Callable[[bytes], bytes], saved: Path) -> None:
    saved.write_bytes(damage(saved.read_bytes()))
    with pytest.raises(WeightsError, match=r"mine\.safetensors: no safetensors file"):
        wct_weights.open_file(saved)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="can't be read"):
        wct_weights.open_file(tmp_path / "mine.safetensors")


@pytest.mark.parametrize("header", [None, {}, {"format": "stylize-video transform-net 2"}])
def test_another_format_is_an_error(header: dict[str, str] | None, tmp_path: Path) -> None:
    save_file({"a": torch.ones(1)}, tmp_path / "other.safetensors", header)
    with pytest.raises(WeightsError, match="this version reads 'stylize-video wct 2'; train again"):
        wct_weights.open_file(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    "change",
    [
        {"shape": '{"channels": [4, 4, 6, 6, 8]}'},
        {"shape": '{"channels": [4]}'},
        {"shape": "[]"},
        {"shape": "no JSON"},
        {"paintings": '["a", "b", "c"]'},
        {"paintings": "1"},
    ],
)
def test_tensors_that_do_not_fit_the_header_are_an_error(change: dict[str, str], saved: Path) -> None:
    tensors, header = load_file(saved), dict(weights.read(saved).metadata)
    save_file(tensors, saved, {**header, **change})
    with pytest.raises(WeightsError, match="tensors that don't fit its own header; train again"):
        wct_weights.open_file(saved)


def test_a_file_without_its_header_or_a_tensor_is_an_error(saved: Path) -> None:
    tensors, header = load_file(saved), dict(weights.read(saved).metadata)
    for missing in ("encoder.convolutions.1_1.weight", "statistics.1.5.mean"):
        save_file({name: value for name, value in tensors.items() if name != missing}, saved, header)
        with pytest.raises(WeightsError, match="don't fit"):
            wct_weights.open_file(saved)
    save_file(tensors, saved, {"format": wct_weights.FORMAT})
    with pytest.raises(WeightsError, match="don't fit"):
        wct_weights.open_file(saved)


@pytest.mark.parametrize("factor", [1e3, 1e25])
def test_numbers_that_overflow_are_an_error(factor: float, saved: Path) -> None:
    tensors, header = load_file(saved), dict(weights.read(saved).metadata)
    large = {name: value.float() * factor for name, value in tensors.items() if ".3_" in name}
    save_file(tensors | large, saved, header)
    if factor == 1e3:  # however large its numbers may become, by bounds
        assert wct_weights.open_file(saved).parameters.surely_finite
        return
    with pytest.raises(WeightsError, match="too large, NaN comes out"):
        wct_weights.open_file(saved)


def test_a_shape_is_that_of_its_network(network: WctNetwork) -> None:
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert dict(shape.shapes(SHAPE)) == wanted
    assert list(shape.shapes(SHAPE)) == list(wanted)
    named = [name for name, module in network.named_modules() if isinstance(module, Convolution)]
    assert list(shape.convolutions(SHAPE)) == named
    assert shape.names(SHAPE, encoding=2, decoding=1) == [
        *(f"encoder.convolutions.{name}" for name in ("1_1", "1_2", "2_1")),
        "decoders.1.steps.0",
    ]
    assert [c.name for c in shape.encoder(SHAPE, 3)] == network.encoder.names(3)


# -- statistics --


@pytest.mark.parametrize(
    "painting",
    [noise(1), noise(1, 1, 1), noise(1, 3, 200), noise(1, 200, 3), np.zeros((9, 9, 3), np.uint8)],
    ids=["noise", "a pixel", "wide", "high", "black"],
)
@pytest.mark.parametrize("size", [16, 96])
def test_statistics_of_any_picture_are_finite(network: WctNetwork, painting: Picture, size: int) -> None:
    found = wct_weights.statistics(network, painting, size)
    assert tuple(found) == LEVELS
    for level, (mean, covariance) in found.items():
        channels = SHAPE.channels[level - 1]
        assert mean.shape == (1, channels)
        assert covariance.shape == (1, channels, channels)
        assert np.isfinite(mean).all()
        assert np.isfinite(covariance).all()
        assert np.allclose(covariance, covariance.swapaxes(1, 2))


def test_statistics_of_a_picture_that_has_the_size_already(network: WctNetwork) -> None:
    """A training keeps paintings that small."""
    painting = noise(1, 150, 201)
    one, other = (
        wct_weights.statistics(network, p, 96) for p in (painting, resize_longer_side(painting, 96))
    )
    assert all(
        np.array_equal(a, b) for level in LEVELS for a, b in zip(one[level], other[level], strict=True)
    )
