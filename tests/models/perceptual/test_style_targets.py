"""What a painting asks for."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from stylize_video.errors import TrainingError
from stylize_video.models.perceptual.style_targets import check_painting, style_target
from stylize_video.models.perceptual.vgg import Vgg16
from tests.networks import noise, thin


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


def test_a_painting_of_one_colour_is_an_error() -> None:
    painting = np.full((80, 80, 3), (200, 120, 90), np.uint8)
    painting[::2] += 2  # what a codec makes of it
    with pytest.raises(TrainingError, match="one colour has no brushwork to learn"):
        check_painting(painting, 64)
    painting[:40] += 1
    check_painting(painting, 64)


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
