"""How well painters keep their strokes on what moves: the measure itself."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from stylize_video.models.perceptual import equivariance


def _picture(size: int = 48, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Smooth noise, and a canvas."""
    noise = torch.rand(1, 3, size, size, generator=torch.manual_seed(seed))
    frequency = torch.fft.fftfreq(size)
    low = (frequency[:, None].abs() < 0.2) & (frequency[None].abs() < 0.2)  # what any grid here holds
    blurred = torch.fft.ifft2(torch.fft.fft2(noise) * low).real
    return blurred, torch.randn(1, 2, size // 4, size // 4, generator=torch.manual_seed(seed + 1))


def _with_canvas(images: Tensor, noise: Tensor) -> Tensor:
    """Moves with both: linear, and without a grid of its own."""
    across = torch.fft.rfft2(noise[:, :1])
    size = images.shape[-1]
    fine = torch.zeros(1, 1, size, size // 2 + 1, dtype=across.dtype)
    rows, columns = across.shape[-2] // 2, across.shape[-1] - 1
    fine[..., :rows, :columns] = across[..., :rows, :columns]
    fine[..., -rows + 1 :, :columns] = across[..., -rows + 1 :, :columns]
    return 0.5 * images + torch.fft.irfft2(fine, s=(size, size))


@pytest.mark.parametrize("shift", [(3, -5), (0, 48), (-7, 1)])
def test_whole_pixels_are_rolled(shift: tuple[int, int]) -> None:
    picture, _ = _picture()

    moved = equivariance.translated(picture, shift)

    torch.testing.assert_close(moved, picture.roll(shift, (2, 3)), atol=1e-5, rtol=0)


def test_fractions_add_up() -> None:
    picture, _ = _picture()

    halves = equivariance.translated(equivariance.translated(picture, (0.5, 1.25)), (0.5, -0.25))

    torch.testing.assert_close(halves, picture.roll((1, 1), (2, 3)), atol=1e-5, rtol=0)


def test_what_moves_with_photograph_and_canvas_has_no_error() -> None:
    images, noise = _picture()

    assert equivariance.translation_error(_with_canvas, images, noise, [(2.3, -4.6)]) < 1e-9


def test_what_sticks_to_the_screen_has_an_error_as_large_as_itself() -> None:
    images, noise = _picture()
    screen = 0.1 * torch.sign(torch.randn(48, 48, generator=torch.manual_seed(5)))

    def paint(images: Tensor, noise: Tensor) -> Tensor:
        return images + screen

    error = equivariance.translation_error(paint, images, noise, [(5, 3)])
    assert error == pytest.approx(2 * 0.1**2, rel=0.1)


def test_decibels_are_of_pictures_from_minus_one_to_one() -> None:
    error = 0.01  # of pictures in 0..1: four times as much of those in -1..1

    expected = 20 * math.log10(2) - 10 * math.log10(4 * error)
    assert equivariance.db(error) == pytest.approx(expected)


@pytest.mark.parametrize("quarters", [1, 2, 3, -1])
def test_quarter_turns_are_exact(quarters: int) -> None:
    picture, _ = _picture()

    turned = equivariance.rotated(picture, quarters * math.pi / 2)

    torch.testing.assert_close(turned, torch.rot90(picture, quarters, (2, 3)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("angle", [0.4, -0.7, 2.0])
def test_a_blob_turns_about_the_middle(angle: float) -> None:
    places = torch.arange(64) - 31.5

    def blob(x: float, y: float) -> Tensor:
        distance = (places[None] - x).square() + (places[:, None] - y).square()
        return torch.exp(-distance / (2 * 3.0**2))[None, None]

    turned = equivariance.rotated(blob(12, 0), angle)

    expected = blob(12 * math.cos(angle), -12 * math.sin(angle))
    torch.testing.assert_close(turned, expected, atol=1e-3, rtol=0)


def test_what_turns_with_photograph_and_canvas_has_next_to_no_error() -> None:
    images, noise = _picture(64)

    def paint(images: Tensor, noise: Tensor) -> Tensor:
        return images

    assert equivariance.db(equivariance.rotation_error(paint, images, noise, [0.5])) > 60
    assert equivariance.rotation_error(lambda x, _: x.flip(3), images, noise, [0.5]) > 1e-4


def test_borders_are_circular_meanwhile_and_as_before_afterwards() -> None:
    layer = torch.nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect")
    picture = torch.rand(1, 1, 8, 8, generator=torch.manual_seed(0))
    before = layer(picture)
    with equivariance.circular(layer):
        rolled = layer(picture.roll((3, 2), (2, 3)))
        torch.testing.assert_close(rolled, layer(picture).roll((3, 2), (2, 3)))

    torch.testing.assert_close(layer(picture), before)
