"""What is reported of a style: its distances from the painting and from the photographs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from stylize_video.models.feed_forward.blank_canvas import StyledNetwork
from stylize_video.models.perceptual.measuring import distances, distances_of_each
from tests.networks import noise
from tests.networks import styled_network as painter


def test_a_painting_that_is_measured_against_itself_is_at_no_distance() -> None:
    network: Any = lambda photo, _: photo  # noqa: E731
    copyist, painting = StyledNetwork(network, torch.ones(1)), noise(1)
    assert distances(copyist, painting, [painting], size=96) == pytest.approx((0, 0), abs=1e-9)
    style, content = distances(copyist, painting, [painting, painting // 4], size=96)
    assert style > 0.01
    assert content == 0


def test_the_mean_over_photographs() -> None:
    known, photographs = painter([1.0, 0.0]), [noise(2), noise(3) // 3]
    each = [distances(known, noise(1), [photo], size=96) for photo in photographs]
    both = distances(known, noise(1), photographs, size=96)
    assert both == pytest.approx(np.mean(each, axis=0), rel=1e-5)
    assert distances_of_each(known, noise(1), photographs, size=96) == each
    assert each[0] != each[1]


def test_the_painters_own_style_is_measured() -> None:
    found = [distances(painter(style), noise(1), [noise(2)], size=96) for style in ([1.0, 0.0], [0.0, 1.0])]
    assert found[0] != found[1]
