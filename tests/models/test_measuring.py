"""What is reported of a style: its distances from the painting and from the photographs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from stylize_video.models.measuring import distances
from stylize_video.models.pictures import Picture
from stylize_video.models.styles import Painter
from stylize_video.models.transform_net import TransformNet, TransformNetConfig

SHAPE = TransformNetConfig(styles=2, quarter_channels=4, eighth_channels=6, half_channels=4, blocks=1)


def noise(seed: int) -> Picture:
    """A picture of noise."""
    return np.random.default_rng(seed).integers(0, 256, (64, 96, 3), np.uint8)


def painter(style: list[float]) -> Painter:
    """A small painter, always the same one."""
    torch.manual_seed(1)
    network = TransformNet(SHAPE).eval()
    with torch.no_grad():
        for value in network.style_parameters().values():
            value.normal_()
    return Painter(network, torch.tensor(style))


def test_a_painting_that_is_measured_against_itself_is_at_no_distance() -> None:
    network: Any = lambda photo, _: photo  # noqa: E731
    copyist, painting = Painter(network, torch.ones(1)), noise(1)
    assert distances(copyist, painting, [painting], size=96) == pytest.approx((0, 0), abs=1e-9)
    style, content = distances(copyist, painting, [painting, painting // 4], size=96)
    assert style > 0.01
    assert content == 0


def test_the_mean_over_photographs() -> None:
    known, photographs = painter([1.0, 0.0]), [noise(2), noise(3) // 3]
    each = [distances(known, noise(1), [photo], size=96) for photo in photographs]
    both = distances(known, noise(1), photographs, size=96)
    assert both == pytest.approx(np.mean(each, axis=0), rel=1e-5)


def test_the_painters_own_style_is_measured() -> None:
    found = [distances(painter(style), noise(1), [noise(2)], size=96) for style in ([1.0, 0.0], [0.0, 1.0])]
    assert found[0] != found[1]
