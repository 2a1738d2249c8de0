"""The matting Laplacian against its definition, and the gradient of its term by finite differences."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from stylize_video.models.gatys.matting import GRAIN, affine_term, laplacian


def noise(height: int, width: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def ramp(height: int, width: int) -> Any:
    """A smooth picture, quantised as pictures are."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], -1).astype(
        np.uint8
    )


def definition(picture: Any, epsilon: float, radius: int) -> Any:
    """Levin et al. 2008, equation 12, word for word."""
    height, width = picture.shape[:2]
    colours = picture.reshape(-1, 3) / 255
    wanted = np.zeros((height * width, height * width))
    for top, left in itertools.product(range(height - 2 * radius), range(width - 2 * radius)):
        window = [
            y * width + x
            for y in range(top, top + 2 * radius + 1)
            for x in range(left, left + 2 * radius + 1)
        ]
        size, mean = len(window), colours[window].mean(0)
        covariance = sum(np.outer(colours[i] - mean, colours[i] - mean) for i in window) / size
        inverse = np.linalg.inv(covariance + epsilon / size * np.eye(3))
        for i, j in itertools.product(window, window):
            wanted[i, j] += (i == j) - (1 + (colours[i] - mean) @ inverse @ (colours[j] - mean)) / size
    return wanted


@pytest.mark.parametrize("size", [(7, 6), (3, 3), (3, 8), (8, 3), (4, 5)])
@pytest.mark.parametrize("epsilon", [1e-7, 1e-3])
def test_it_is_the_papers(size: tuple[int, int], epsilon: float) -> None:
    for picture in (noise(*size), ramp(*size)):
        found = laplacian(picture, epsilon=epsilon)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found.toarray(), definition(picture, epsilon, 1), atol=1e-9)


def test_windows_of_five_pixels() -> None:
    picture = noise(7, 6)
    found = laplacian(picture, epsilon=1e-5, radius=2)
    np.testing.assert_allclose(found.toarray(), definition(picture, 1e-5, 2), atol=1e-9)


@pytest.mark.parametrize(
    "picture", [noise(16, 16), ramp(16, 16), noise(7, 23), np.zeros((16, 16, 3), np.uint8)]
)
def test_symmetric_rows_sum_to_nothing_and_no_energy_is_negative(picture: Any) -> None:
    found = laplacian(picture).toarray()
    assert (found == found.T).all()
    np.testing.assert_allclose(found.sum(1), 0, atol=1e-9)
    assert np.linalg.eigvalsh(found).min() > -1e-9
    assert np.abs(found).max() > 0.1


def test_of_a_flat_picture_by_hand() -> None:
    """Without colours to go by each window asks for one colour: 9 - 1 on the diagonal of nine ninths."""
    found = laplacian(np.full((3, 3, 3), 77, np.uint8)).toarray()
    np.testing.assert_allclose(found, np.eye(9) - 1 / 9, atol=1e-12)


@pytest.mark.parametrize("size", [(2, 9), (9, 2), (1, 1)])
def test_a_picture_narrower_than_a_window_has_none(size: tuple[int, int]) -> None:
    found = laplacian(noise(*size))
    assert found.shape == (size[0] * size[1],) * 2
    assert found.nnz == 0


def test_a_pixel_has_twenty_four_neighbours() -> None:
    found = laplacian(noise(12, 11))
    assert found.shape == (132, 132)
    assert found.nnz <= 25 * 132
    assert found[[5 * 11 + 5]].nnz == 25


@pytest.mark.parametrize(("epsilon", "radius"), [(0.0, 1), (-1.0, 1), (float("nan"), 1), (1e-7, 0)])
def test_what_makes_no_sense_is_refused(epsilon: float, radius: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        laplacian(noise(5, 5), epsilon=epsilon, radius=radius)


def as_image(values: Any) -> torch.Tensor:
    """(H, W, 3) -> (1, 3, H, W) float64."""
    return torch.from_numpy(np.array(values, np.float64)).permute(2, 0, 1)[None].contiguous()


def test_what_is_affine_in_the_colours_costs_nothing() -> None:
    picture = noise(16, 20)
    term = affine_term(picture, 1.0, epsilon=1e-7)
    colours = picture / 255
    mix = np.random.default_rng(1).normal(size=(3, 3))
    costly = term(as_image(np.random.default_rng(2).uniform(size=colours.shape))).item()
    assert costly > 0.1
    assert abs(term(as_image(colours @ mix + (0.2, -0.1, 0.4))).item()) < 1e-5 * costly
    assert term(as_image(np.roll(colours, 1, axis=1))).item() > 0.1 * costly


def test_grain_may_not_be_amplified() -> None:
    """A grey wall with grain; its grain ten times as strong, or another wall with the same grain."""
    grain = np.random.default_rng(5).normal(0, 3, (24, 24, 3))
    wall = (128 + grain).round().astype(np.uint8)
    same, stronger = wall / 255 + 0.2, 0.5 + 10 * (wall / 255 - 0.5)
    term = affine_term(wall, 1.0)
    assert term(as_image(same)).item() < 1e-3
    assert term(as_image(stronger)).item() > 1e-2
    assert affine_term(wall, 1.0, epsilon=1e-7)(as_image(stronger)).item() < 1e-4


def test_where_a_picture_is_flat_only_a_colour_costs_nothing() -> None:
    black = np.zeros((16, 16, 3), np.uint8)
    term = affine_term(black, 1.0)
    assert abs(term(as_image(np.full((16, 16, 3), 0.7))).item()) < 1e-9
    stripes = np.zeros((16, 16, 3))
    stripes[:, ::2] = 1
    # Each of 14*14 windows sees 3 or 6 of 9 pixels white, whose variance is 2 ninths: 9 times that is 2.
    assert term(as_image(stripes)).item() == pytest.approx(3 * 14 * 14 * 2 / 256)


def test_the_term_is_the_papers_over_the_number_of_pixels() -> None:
    picture, painting = noise(7, 6), np.random.default_rng(3).uniform(size=(7, 6, 3))
    matrix = definition(picture, GRAIN, 1)
    energy = sum(painting[..., c].ravel() @ matrix @ painting[..., c].ravel() for c in range(3))
    found = affine_term(picture, 5.0)(as_image(painting))
    assert found.item() == pytest.approx(5 * energy / 42, rel=1e-7)
    assert found.dtype == torch.float64


def test_the_gradient_is_that_of_finite_differences() -> None:
    term = affine_term(noise(6, 5), 3.0)
    images = torch.rand(1, 3, 6, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(term, (images,))
    assert torch.autograd.gradcheck(lambda x: 2 * term(x).sqrt(), (images,))  # what comes after scales it


def test_the_gradient_is_twice_the_product() -> None:
    picture = noise(6, 5)
    images = torch.rand(1, 3, 6, 5, requires_grad=True)
    (found,) = torch.autograd.grad(affine_term(picture, 1.0)(images), images)
    wanted = 2 / 30 * definition(picture, GRAIN, 1) @ images.detach().double().reshape(3, -1).numpy().T
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.reshape(3, -1).numpy().T, wanted, rtol=1e-4, atol=1e-6)


def test_a_painting_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must be \(1, 3, 8, 9\)"):
        affine_term(noise(8, 9), 1.0)(torch.rand(1, 3, 9, 8))


def test_descending_brings_edges_back_and_leaves_the_colours() -> None:
    """A photograph of two halves; its painting, recoloured and noisy, becomes two halves of those colours."""
    picture = np.zeros((16, 16, 3), np.uint8)
    picture[:, 8:] = 255
    clean = np.where(picture > 0, (0.9, 0.6, 0.2), (0.1, 0.2, 0.5))
    noisy = as_image(clean + np.random.default_rng(4).normal(0, 0.1, clean.shape)).requires_grad_()
    start = noisy.detach().clone()
    term = affine_term(picture, 256.0, epsilon=1e-7)
    optimizer = torch.optim.LBFGS([noisy], max_iter=200, line_search_fn="strong_wolfe")

    def evaluate() -> Any:
        optimizer.zero_grad()
        loss = term(noisy) + 1e-4 * (noisy - start).pow(2).sum()
        loss.backward()
        return loss

    optimizer.step(evaluate)
    before, after = (float((image.detach() - as_image(clean)).abs().mean()) for image in (start, noisy))
    assert before > 0.07
    assert after < 0.015
