"""What a painting asks for, and the style of a known network that comes nearest to it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from stylize_video.errors import TrainingError
from stylize_video.models.feed_forward.transform_net import TransformNet
from stylize_video.models.perceptual import losses, style_targets
from stylize_video.models.perceptual.style_targets import check_painting, nearest_styles, style_target
from stylize_video.models.perceptual.vgg import Vgg16
from stylize_video.models.training.config import TrainingConfig
from stylize_video.pictures.pictures import resize_longer_side, to_tensor
from tests.networks import SHAPE, network, noise, thin

CONFIG = TrainingConfig(crop=64, style_size=64)


@pytest.fixture(autouse=True)
def thin_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge by a feature network that costs next to nothing."""
    monkeypatch.setattr(style_targets, "load_features", thin)


@pytest.mark.parametrize(
    ("height", "width", "size", "reason"),
    [
        (63, 80, 64, "too small; give 64 or more"),
        (80, 63, 512, "too small; give 64 or more"),
        (1, 400, 512, "too small; give 64 or more"),
        (64, 512, 64, "too narrow to be looked at in 64 px; cut it"),
        (1025, 64, 512, "too narrow to be looked at in 512 px; cut it"),
    ],
)
def test_a_painting_too_small_or_too_narrow_is_an_error(
    height: int, width: int, size: int, reason: str
) -> None:
    painting = noise(1, height, width)
    for look in (partial(check_painting, painting, size), partial(style_target, painting, size, Vgg16())):
        with pytest.raises(TrainingError) as caught:
            look()
        assert str(caught.value) == f"a painting of {width}x{height} px is {reason}"


@pytest.mark.parametrize(("height", "width", "size"), [(64, 128, 64), (1024, 64, 512)])
def test_the_narrowest_painting(height: int, width: int, size: int) -> None:
    found = style_target(noise(1, height, width), size, thin(""))
    assert all(torch.isfinite(gram).all() for gram in found.values())


def test_the_smallest_painting() -> None:
    found = style_target(noise(1, 64, 64), 64, Vgg16())
    assert {name: tuple(gram.shape) for name, gram in found.items()} == {
        "relu1_2": (1, 64, 64),
        "relu2_2": (1, 128, 128),
        "relu3_3": (1, 256, 256),
        "relu4_3": (1, 512, 512),
    }


class FlatPainter(TransformNet):
    """Paints all of a photograph in one colour, another for each style."""

    COLOURS = torch.tensor([[0.9, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.7], [0.5, 0.5, 0.5]])

    def __init__(self) -> None:
        super().__init__(replace(SHAPE, styles=4))

    def forward(self, images: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return (style @ self.COLOURS)[..., None, None].expand_as(images)


def test_a_painting_that_a_network_knows_starts_from_its_style() -> None:
    colours = (FlatPainter.COLOURS * 255).round().byte().numpy()
    paintings = [np.broadcast_to(colours[i], (64, 80, 3)).copy() for i in (2, 0, 3, 2)]
    found = nearest_styles(FlatPainter(), paintings, [noise(1), noise(2)], CONFIG)
    assert torch.equal(found, torch.eye(4)[[2, 0, 3, 2]])


def test_the_style_to_start_from_is_the_nearest_over_all_photographs() -> None:
    known, photographs, painting = network(styles=3), [noise(2), noise(3)], noise(1)
    features = style_targets.load_features("vgg16")
    target = style_target(painting, 64, features)
    distances = []
    with torch.no_grad():
        for style in torch.eye(3):
            found = 0.0
            for photograph in photographs:
                painted = known(to_tensor([resize_longer_side(photograph, 64)]), style[None])
                found += losses.style_distance(features(painted, losses.STYLE_LAYERS), target).item()
            distances.append(found)
    (row,) = nearest_styles(known, [painting], photographs, CONFIG)
    assert torch.equal(row, torch.eye(3)[int(np.argmin(distances))])


def test_a_network_of_one_style_needs_no_choice() -> None:
    found = nearest_styles(network(), [noise(1), noise(5)], [noise(2)], CONFIG)
    assert torch.equal(found, torch.ones(2, 1))
