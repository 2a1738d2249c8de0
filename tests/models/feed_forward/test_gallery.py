"""A painter with a canvas from its file, without torch: what it holds, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import save_file

from stylize_video.errors import UnknownStyleError, UsageError, WeightsError
from stylize_video.models import methods
from stylize_video.models.feed_forward import gallery, weights_file
from stylize_video.models.feed_forward.network import CanvasNet
from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.feed_forward.shape import CanvasNetConfig, norms, shapes
from stylize_video.models.style_spec import parse
from stylize_video.models.weights import file_format
from tests.networks import canvas_network


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two styles."""
    target = tmp_path / "canvas.safetensors"
    weights_file.save(target, canvas_network(styles=2), ["a", "b"], {})
    return target


@pytest.mark.parametrize(
    "config", [CanvasNetConfig(), CanvasNetConfig(styles=3, eighth_blocks=1, sixteenth_blocks=1)]
)
def test_the_shapes_are_those_of_the_network(config: CanvasNetConfig) -> None:
    state = CanvasNet(config).state_dict()
    assert shapes(config) == {name: tuple(value.shape) for name, value in state.items()}
    assert (
        2 * sum(norm.channels for norm in norms(config))
        == CanvasParameters.of(CanvasNet(config)).table.shape[1]
    )


def test_a_style_of_a_file_is_its_row(path: Path) -> None:
    opened = gallery.open_file(path)
    assert opened.styles == ("a", "b")
    found = gallery.load(parse(f"{path}#b"))
    np.testing.assert_array_equal(found.style, opened.parameters.table[1])
    mixed = gallery.load(parse(f"{path}#a:0.25,{path}#b:0.75"))
    np.testing.assert_allclose(mixed.style, [0.25, 0.75] @ opened.parameters.table, atol=1e-5)


def test_another_training_of_the_styles_leaves_the_convolutions(path: Path) -> None:
    network = canvas_network(styles=2)
    before = CanvasParameters.of(network)
    for value in network.style_parameters().values():
        value.data.add_(1)
    assert CanvasParameters.of(network).convolutions == before.convolutions
    other = canvas_network(1, styles=2)
    assert CanvasParameters.of(other).convolutions != before.convolutions


def test_a_style_has_to_be_named_where_there_are_several(path: Path) -> None:
    with pytest.raises(UnknownStyleError, match="holds: a, b"):
        gallery.load(parse(str(path)))
    with pytest.raises(UnknownStyleError, match="holds: a, b"):
        gallery.load(parse(f"{path}#c"))


def test_styles_of_other_convolutions_are_not_mixed(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    weights_file.save(other, canvas_network(1), ["c"], {})
    with pytest.raises(UsageError, match="can't be mixed"):
        gallery.load(parse(f"{path}#a:0.5,{other}:0.5"))


def test_a_file_and_a_bundled_style_are_painted_by_one_method(path: Path) -> None:
    assert methods.choose(parse(f"{path}#a:0.5,kandinsky:0.5")).name == "feed-forward"


def _infinite(network: CanvasNet) -> None:
    network.head.convolution.weight.data.fill_(1e14)
    for value in network.style_parameters().values():
        value.data.fill_(1e14)


@pytest.mark.parametrize(
    ("change", "shape", "message"),
    [
        (lambda _: None, {"quarter_channels": 6}, "don't fit"),
        (lambda _: None, {"eighth_blocks": 10**9}, "don't fit"),
        (lambda _: None, {"eighth_blocks": True}, "don't fit"),
        (_infinite, {}, "too large"),
    ],
)
def test_a_file_that_lies_is_refused(
    change: Callable[[CanvasNet], None], shape: dict[str, Any], message: str, tmp_path: Path
) -> None:
    network, path = canvas_network(styles=2), tmp_path / "lies.safetensors"
    change(network)
    header = {
        "format": file_format.CANVAS,
        "shape": json.dumps({**asdict(network.config), **shape}),
        "styles": json.dumps(["a", "b"]),
    }
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, path, header)
    with pytest.raises(WeightsError, match=message):
        gallery.open_file(path)
