"""The file of a painter with a canvas: read as it was written, and refused if it is not one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from stylize_video.errors import WeightsError
from stylize_video.models.feed_forward import gallery, weights_file
from stylize_video.models.feed_forward.network import CanvasNet
from stylize_video.models.feed_forward.shape import CanvasNetConfig, multiplying
from stylize_video.models.weights.file_format import CANVAS

SHAPE = CanvasNetConfig(2, 3, 4, 5, 6, 7, 2, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A painter of two styles."""
    target = tmp_path / "canvas.safetensors"
    torch.manual_seed(0)
    weights_file.save(target, CanvasNet(SHAPE), ["a", "b"], {"step": 7})
    return target


def test_what_is_written_is_read(path: Path) -> None:
    found = weights_file.open_file(path)
    torch.manual_seed(0)
    wanted = CanvasNet(SHAPE)
    assert found.styles == ("a", "b")
    assert found.provenance == {"step": 7}
    assert found.network.config == SHAPE
    for name, value in wanted.state_dict().items():
        assert torch.equal(found.network.state_dict()[name], value.half().float())


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format", "another", "holds no painter"),
        ("shape", json.dumps({**vars(SHAPE), "eighth_blocks": 10**9}), "don't fit"),
        ("shape", json.dumps({**vars(SHAPE), "half_channels": 5}), "don't fit"),
        ("shape", "[]", "don't fit"),
        ("styles", '["a"]', "don't fit"),
    ],
)
def test_a_header_that_lies_is_refused(path: Path, key: str, value: str, message: str) -> None:
    tensors = load_file(path)
    header = {
        "format": CANVAS,
        "shape": json.dumps(vars(SHAPE)),
        "styles": '["a", "b"]',
        "provenance": "{}",
    }
    save_file(tensors, path, {**header, key: value})
    with pytest.raises(WeightsError, match=message):
        weights_file.open_file(path)


def test_ranges_are_kept_with_the_weights(tmp_path: Path) -> None:
    ranges = dict.fromkeys(multiplying(SHAPE), (-1.5, 2.0))
    target = tmp_path / "canvas.safetensors"
    weights_file.save(target, CanvasNet(SHAPE), ["a", "b"], {}, ranges)
    assert gallery.open_file(target).parameters.ranges == ranges


@pytest.mark.parametrize("bounds", [(0.0, 0.0), (1.0, 2.0), (0.0, float("nan")), (0.0, 1e30)])
def test_ranges_that_are_none_are_refused(bounds: tuple[float, float], tmp_path: Path) -> None:
    target = tmp_path / "canvas.safetensors"
    ranges = dict.fromkeys(multiplying(SHAPE), bounds)
    weights_file.save(target, CanvasNet(SHAPE), ["a", "b"], {}, ranges)
    with pytest.raises(WeightsError, match="don't fit its own header"):
        gallery.open_file(target)


def test_ranges_of_another_network_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "canvas.safetensors"
    weights_file.save(target, CanvasNet(SHAPE), ["a", "b"], {}, {"last": (0.0, 1.0)})
    with pytest.raises(WeightsError, match="don't fit its own header"):
        gallery.open_file(target)
