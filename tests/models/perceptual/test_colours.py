"""The distance of colours: what a Gram matrix doesn't see."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylize_video.models.perceptual.colours import colour_distance, colour_quantiles, palettes


def painting(seed: int = 0, *, side: int = 128, block: int = 16) -> np.ndarray:
    """(side, side, 3) of uniform blocks in random colours."""
    cells = np.random.default_rng(seed).integers(0, 256, (side // block, side // block, 3), np.uint8)
    return np.kron(cells, np.ones((block, block, 1), np.uint8))


def image(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255


def test_the_same_colours_elsewhere_are_no_distance() -> None:
    here = painting()
    there = np.ascontiguousarray(here[::-1, ::-1])
    assert colour_distance(image(there), palettes([here], 128)) < 1e-6


def test_a_picture_of_the_mean_colour_is_as_far_as_the_variance() -> None:
    here = painting()
    grey = image(here).mean((2, 3), keepdim=True).expand(1, 3, 128, 128)
    assert float(colour_distance(grey, palettes([here], 128))) == pytest.approx(1, abs=0.02)


def test_half_the_contrast_is_a_quarter_of_that() -> None:
    here = painting()
    mean = image(here).mean((2, 3), keepdim=True)
    assert float(colour_distance((image(here) + mean) / 2, palettes([here], 128))) == pytest.approx(
        0.25, abs=0.01
    )


def test_each_picture_is_held_against_its_own_painting() -> None:
    both = [painting(1), painting(2)]
    images = torch.cat([image(p) for p in both])
    assert colour_distance(images, palettes(both, 128)) < 1e-6
    assert colour_distance(images.flip(0), palettes(both, 128)) > 0.01


def test_half_precision_does_not_round_the_colours() -> None:
    wanted = colour_quantiles(image(painting()))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(colour_quantiles(image(painting())), wanted)


def test_another_size_has_as_many_quantiles() -> None:
    assert (
        colour_quantiles(torch.rand(1, 3, 64, 96)).shape == colour_quantiles(torch.rand(1, 3, 32, 32)).shape
    )


def test_colours_can_be_learned() -> None:
    wanted = palettes([painting()], 128)
    learned = torch.full((1, 3, 32, 32), 0.5) + 0.01 * torch.randn(1, 3, 32, 32)
    learned.requires_grad_()
    optimizer = torch.optim.Adam([learned], 0.05)
    before = float(colour_distance(learned.detach(), wanted))
    for _ in range(60):
        optimizer.zero_grad()
        colour_distance(learned, wanted).backward()
        optimizer.step()
    assert colour_distance(learned.detach(), wanted) < 0.2 * before
