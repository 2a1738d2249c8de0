"""The style of a known network that comes nearest to a painting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from stylize_video.models.feed_forward.training import nearest_styles as module
from stylize_video.models.feed_forward.training.nearest_styles import nearest_styles
from stylize_video.models.perceptual import losses
from stylize_video.models.perceptual.style_targets import style_target
from stylize_video.models.training.config import TrainingConfig
from stylize_video.models.transform_net.transform_net import TransformNet
from stylize_video.pictures.pictures import resize_longer_side, to_tensor
from tests.networks import SHAPE, network, noise, thin

CONFIG = TrainingConfig(crop=64, style_size=64)


@pytest.fixture(autouse=True)
def thin_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge by a feature network that costs next to nothing."""
    monkeypatch.setattr(module, "load_features", thin)


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
    features = module.load_features("vgg16")
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
