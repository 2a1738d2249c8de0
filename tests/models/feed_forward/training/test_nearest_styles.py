"""The style of a known network that comes nearest to a painting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.feed_forward.training import nearest_styles as module
from stylize_video.models.feed_forward.training.config import CanvasTrainingConfig
from stylize_video.models.feed_forward.training.nearest_styles import nearest_styles, with_styles
from tests.networks import canvas_network, noise, thin

CONFIG = CanvasTrainingConfig(style_size=64)


class FlatPainter(nn.Module):
    """Paints all of a photograph in one colour: the first three numbers of the style."""

    def __init__(self, _: object) -> None:
        super().__init__()

    def forward(self, images: Tensor, styles: Tensor) -> Tensor:
        return styles[:, :3, None, None].expand_as(images)


def test_each_painting_gets_the_style_that_comes_nearest_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "load_features", thin)
    monkeypatch.setattr(module, "OnBlankCanvas", FlatPainter)
    parameters = CanvasParameters.of(canvas_network(styles=4))
    known = parameters.table.copy()
    known[:, :3] = [[0.9, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.7], [0.5, 0.5, 0.5]]
    colours = (known[:, :3] * 255).round().astype(np.uint8)
    paintings = [np.broadcast_to(colours[i], (64, 80, 3)).copy() for i in (2, 0, 3, 2)]
    for painting in paintings:
        painting[0, 0] = 0  # what has one colour alone is no painting
    photographs = [noise(1), noise(2)]
    for config in (CONFIG, replace(CONFIG, style_weight=0.0), replace(CONFIG, colour_weight=0.0)):
        found = nearest_styles(parameters, known, paintings, photographs, config=config)
        assert np.array_equal(found, known[[2, 0, 3, 2]])


def test_a_network_takes_other_styles_and_keeps_its_convolutions() -> None:
    network = canvas_network(styles=3)
    parameters = CanvasParameters.of(network)
    table = parameters.table[[2, 0, 2, 1]]
    found = CanvasParameters.of(with_styles(parameters, table))
    assert found.config.styles == 4
    assert np.array_equal(found.table, table)
    assert found.convolutions == parameters.convolutions
    image, canvas = torch.rand(1, 3, 32, 32), torch.randn(1, 8, 8, 8)
    with torch.no_grad():
        wanted = network(image, canvas, torch.tensor([[0.0, 0.0, 1.0]]))
        painted = with_styles(parameters, table)(image, canvas, torch.tensor([[0.0, 0.0, 1.0, 0.0]]))
    torch.testing.assert_close(painted, wanted)
