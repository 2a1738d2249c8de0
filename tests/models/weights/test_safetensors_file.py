"""Weights files from strangers: headers that lie, numbers that are none, networks that nobody can build."""

from __future__ import annotations

import json
import resource
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save, save_file
from torch import Tensor

from stylize_video.errors import WeightsError
from stylize_video.models import styles, weights
from stylize_video.models.feed_forward import gallery, weights_file
from stylize_video.models.feed_forward.shape import CanvasNetConfig
from stylize_video.models.perceptual import vgg
from stylize_video.models.style_spec import parse
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.shape import WctConfig
from stylize_video.models.wct.training import saving
from tests import bombs
from tests.networks import CANVAS_SHAPE as SHAPE
from tests.networks import canvas_network

GOOD = {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}
FOUR = b"\0<\0<"  # two ones


def entry(**changed: Any) -> dict[str, Any]:
    """A tensor's entry."""
    return {"a": {**GOOD, **changed}}


@pytest.fixture
def painter(tmp_path: Path) -> Path:
    """A painter's file."""
    path = tmp_path / "mine.safetensors"
    weights_file.save(path, canvas_network(), ["a"], {})
    return path


def rewritten(path: Path, tensors: dict[str, Tensor] | None = None, **header: str) -> Path:
    """The file with other tensors, or another header."""
    metadata = dict(weights.read(path).metadata)
    save_file({**load_file(path), **(tensors or {})}, path, {**metadata, **header})
    return path


def test_a_file_as_it_should_be(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(bombs.weights(entry(), FOUR, who="me"))
    found = weights.read(path)
    assert found.tensors["a"].tolist() == [1, 1]
    assert found.metadata == {"who": "me"}
    path.write_bytes(save({"b": torch.ones(2, 3), "c": torch.ones(()), "a": torch.ones(1).bfloat16()}))
    assert weights.read(path).tensors.keys() == {"a", "b", "c"}


DEEP = b"[" * 100_000
LIES = {
    "empty": b"",
    "short": b"\1\0\0",
    "a header beyond the end": (10**9).to_bytes(8, "little") + b"{}",
    "a header of 2^63": b"\xff" * 8 + b"{}",
    "a header of megabytes": (2 * 2**20).to_bytes(8, "little") + b" " * 2 * 2**20,
    "no table": (2).to_bytes(8, "little") + b"[]",
    "deep": len(DEEP).to_bytes(8, "little") + DEEP,
    "a number of digits": bombs.weights({"a": {"shape": [10**9]}}, b"").replace(b"1000000000", b"9" * 10),
    "metadata": bombs.weights(entry(), FOUR).replace(b'"__metadata__": {}', b'"__metadata__": []'),
    "metadata of numbers": bombs.weights(entry(), FOUR).replace(
        b'"__metadata__": {}', b'"__metadata__": {"a": 1}'
    ),
    "an entry that is none": bombs.weights({"a": 3}, FOUR),
    "no dtype": bombs.weights({"a": {"shape": [2], "data_offsets": [0, 4]}}, FOUR),
    "integers": bombs.weights(entry(dtype="I16"), FOUR),
    "a dtype of nobody's": bombs.weights(entry(dtype="F4"), FOUR),
    "a billion numbers": bombs.weights(entry(shape=[10**9]), FOUR),
    "a product that overflows": bombs.weights(entry(shape=[2**33, 2**31]), FOUR),
    "a side of -2": bombs.weights(entry(shape=[-2, -1]), FOUR),
    "a side of 2.0": bombs.weights(entry(shape=[2.0]), FOUR),
    "a side of true": bombs.weights(entry(shape=[True, 2]), FOUR),
    "an empty tensor": bombs.weights(entry(shape=[0, 10**9], data_offsets=[0, 0]), b""),
    "offsets the other way": bombs.weights(entry(data_offsets=[4, 0]), FOUR),
    "offsets beyond the end": bombs.weights(entry(data_offsets=[4, 8]), FOUR),
    "three offsets": bombs.weights(entry(data_offsets=[0, 2, 4]), FOUR),
    "twice the same place": bombs.weights({"a": GOOD, "b": GOOD}, FOUR),
    "overlapping": bombs.weights({"a": GOOD, "b": {**GOOD, "data_offsets": [2, 6]}}, FOUR + FOUR[:2]),
    "a gap": bombs.weights({"a": GOOD, "b": {**GOOD, "data_offsets": [6, 10]}}, FOUR * 2 + b"\0\0"),
    "bytes left over": bombs.weights(entry(), FOUR + b"\0"),
}


@pytest.mark.parametrize("data", LIES.values(), ids=LIES)
def test_a_header_that_lies(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"x\.safetensors: no safetensors file \(.+\)$") as caught:
        weights.read(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("kind", [torch.float16, torch.float32, torch.float64, torch.bfloat16])
def test_a_single_number_that_is_none(value: float, kind: torch.dtype, painter: Path) -> None:
    scale = load_file(painter)["down.norm.scale"].to(kind)
    scale[0, 3] = value
    rewritten(painter, {"down.norm.scale": scale})
    with pytest.raises(WeightsError, match=r"mine.*'down.norm.scale' holds NaN or infinite numbers"):
        gallery.load(parse(str(painter)))


def test_a_double_that_no_float_can_be(painter: Path) -> None:
    rewritten(painter, {"down.norm.scale": torch.full((1, 6), 1e300, dtype=torch.float64)})
    with pytest.raises(WeightsError, match="NaN or infinite"):
        gallery.load(parse(str(painter)))


def test_weights_whose_sums_overflow(painter: Path) -> None:
    rewritten(painter, {"down.convolution.weight": torch.full((6, 5, 3, 3), 3e38)})
    with pytest.raises(WeightsError, match="its weights are too large, NaN may come out"):
        gallery.load(parse(str(painter)))


def test_networks_of_the_transform_likewise(tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "wct.safetensors"
    saving.save(path, WctNetwork(WctConfig((4, 4, 4, 4, 4))), {}, {})
    name = "decoders.3.steps.0.weight"
    tensor = load_file(path)[name]
    for value, message in ((float("nan"), "NaN or infinite"), (3e38, "too large")):
        rewritten(path, {name: torch.full(tensor.shape, value)})
        with pytest.raises(WeightsError, match=message):
            wct_weights.open_file(path)
        rewritten_without_check(path, name, tensor)


def rewritten_without_check(path: Path, name: str, tensor: Tensor) -> None:
    """The file with one tensor, as it was."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    save_file({**load_file(path), name: tensor}, path, json.loads(data[8 : 8 + length])["__metadata__"])


def test_features_likewise() -> None:
    network = vgg.Vgg16()
    state = {name.removeprefix("convolutions."): value for name, value in network.state_dict().items()}
    network._load(state)
    with pytest.raises(WeightsError, match=r"VGG-16: 'conv1_1\.bias' holds NaN"):
        network._load({**state, "conv1_1.bias": state["conv1_1.bias"] * float("nan")})
    with pytest.raises(WeightsError, match="VGG-16: weights of another network"):
        network._load({**state, "conv1_1.bias": torch.ones(3)})


SHAPES = {
    "blocks": replace(SHAPE, eighth_blocks=10**9),
    "quarter": replace(SHAPE, quarter_channels=10**5),
    "eighth": replace(SHAPE, eighth_channels=10**5),
    "styles": replace(SHAPE, styles=10**9),
    "all": CanvasNetConfig(*[10**9] * 8),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_shape_of_billions_is_never_built(shape: CanvasNetConfig, painter: Path) -> None:
    rewritten(painter, shape=json.dumps(asdict(shape)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WeightsError, match="tensors that don't fit its own header"):
        gallery.load(parse(str(painter)))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


@pytest.mark.parametrize("channels", [[4, 4, 4, 4, 10**9], [10**5] * 5, [10**18] * 5, [4.0] * 5, [True] * 5])
def test_nor_one_of_the_transform(channels: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "wct.safetensors"
    saving.save(path, WctNetwork(WctConfig((4, 4, 4, 4, 4))), {}, {})
    rewritten(path, shape=json.dumps({"channels": channels}))
    with pytest.raises(WeightsError, match="tensors that don't fit its own header"):
        wct_weights.open_file(path)


@pytest.mark.parametrize("known", ["[" * 5000, "[5]", '[{"name": "a"}]', '["a", "b"]', "5"])
def test_styles_that_are_none(known: str, painter: Path) -> None:
    rewritten(painter, styles=known)
    with pytest.raises(WeightsError, match="tensors that don't fit its own header"):
        gallery.load(parse(str(painter)))


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no regular file"):
        weights.read(tmp_path)
    large = tmp_path / "large.safetensors"
    with large.open("wb") as file:
        file.truncate(2**31)  # sparse
    with pytest.raises(WeightsError, match="larger than 1024 MiB"):
        weights.read(large)


@pytest.mark.parametrize(
    "said",
    [
        "[]",
        '{"weights": []}',
        '{"weights": {"tiny": 3}}',
        "[" * 100_000,
        '{"weights": {"tiny": {"styles": [3]}}}',
        '{"weights": {"tiny": {"styles": [{"name": 3}]}}}',
    ],
)
def test_a_manifest_that_lies(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifest.json").write_text(said)
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    weights.manifest.cache_clear()
    try:
        with pytest.raises(WeightsError, match="install again"):
            styles.available()
        with pytest.raises(WeightsError):
            weights.load("tiny")
    finally:
        weights.manifest.cache_clear()
