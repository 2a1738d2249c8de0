"""Up- and downsampling: what a grid can hold comes back, what it can't is gone."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import signal
from torch import Tensor

from stylize_video.models.alias_free.filters import LowPass
from stylize_video.models.alias_free.network import END, FEATURES, PICTURE
from stylize_video.models.alias_free.resampling import Downsample, Upsample, without_repetition
from stylize_video.models.perceptual.equivariance import circular, translated

SIZE = 96
OWN = (FEATURES, PICTURE, END)
ANY_TAPS = [LowPass(0.42, 0.3, taps) for taps in (2, 4, 6, 8, 12, 16, 18, 22)]


def _wave(cycles: int, size: int = SIZE, *, down: int | None = None) -> Tensor:
    """A plane wave, (1, 1, size, size); so many cycles over the size, across and half as many down."""
    places = (torch.arange(size) + 0.5) / size
    phase = cycles * places[None] + (cycles // 2 if down is None else down) * places[:, None]
    return torch.sin(2 * math.pi * phase)[None, None].float()


def _db(error: Tensor, whole: Tensor) -> float:
    return 10 * math.log10(error.square().mean().item() / whole.square().mean().item())


@pytest.mark.parametrize("design", OWN)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])  # of the last frequency that is kept
def test_a_wave_below_the_cutoff_passes_up_and_down(design: LowPass, share: float) -> None:
    up, down = Upsample(1, design), Downsample(1, design)
    wave = _wave(math.ceil(share * design.passes * SIZE), down=0)
    with circular(up), circular(down):
        again = down(up(wave))

    assert _db(again - wave, wave) < -60


@pytest.mark.parametrize("design", OWN)
def test_upsampling_gives_the_wave_between_the_samples(design: LowPass) -> None:
    cycles, up = int(0.9 * design.passes * SIZE), Upsample(1, design)
    with circular(up):
        fine = up(_wave(cycles))

    assert _db(fine - _wave(cycles, 2 * SIZE), fine) < -60


@pytest.mark.parametrize("design", OWN)
@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])  # of the way from the first one stopped to the highest
def test_a_wave_above_the_cutoff_is_gone(design: LowPass, share: float) -> None:
    down = Downsample(1, design)
    wave = _wave(math.ceil((design.stops + share * (1 - design.stops)) * SIZE), 2 * SIZE)
    with circular(down):
        left = down(wave)

    assert _db(left, wave) < -60


@pytest.mark.parametrize("design", [FEATURES, PICTURE])
@pytest.mark.parametrize("shift", [(0.3, -1.7), (5.0, 2.0)])
def test_it_commutes_with_translation(design: LowPass, shift: tuple[float, float]) -> None:
    picture = translated(torch.randn(1, 2, SIZE, SIZE, generator=torch.manual_seed(0)), (0.5, 0.5))
    both = torch.nn.ModuleList([Downsample(2, design), Upsample(2, design)])
    finer = (2 * shift[0], 2 * shift[1])
    with circular(both):
        for layer, factor in zip(both, (0.5, 2.0), strict=True):
            moved = layer(translated(picture, finer))
            expected = translated(layer(picture), (finer[0] * factor, finer[1] * factor))
            # Noise fills the whole band: the share of it in the filter's transition folds.
            assert _db(moved - expected, expected) < -15


@pytest.mark.parametrize("design", ANY_TAPS)
def test_upsampling_is_zeros_between_the_samples_and_the_filter(design: LowPass) -> None:
    picture = torch.randn(1, 1, 16, 16, generator=torch.manual_seed(0))
    up = Upsample(1, design)
    with circular(up):
        found = up(picture)[0, 0].numpy()

    zeros = np.zeros((32, 32))
    zeros[::2, ::2] = picture[0, 0].numpy()
    kernel = 4 * np.multiply.outer(design.kernel, design.kernel)
    whole = signal.convolve2d(np.tile(zeros, (3, 3)), kernel)
    first = 32 + design.taps // 2 - 1
    expected: NDArray[np.float64] = whole[first : first + 32, first : first + 32]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("design", ANY_TAPS)
def test_corners_stay_and_plain_pictures_stay_plain(design: LowPass) -> None:
    plain = torch.full((1, 3, 10, 14), 0.7)
    up, down = Upsample(3, design), Downsample(3, design)

    torch.testing.assert_close(up(plain), torch.full((1, 3, 20, 28), 0.7))
    torch.testing.assert_close(down(plain), torch.full((1, 3, 5, 7), 0.7))
    picture = torch.randn(1, 3, 10, 14, generator=torch.manual_seed(0))
    mirrored = picture.flip(3)
    torch.testing.assert_close(up(mirrored), up(picture).flip(3))
    torch.testing.assert_close(down(mirrored), down(picture).flip(3))


def test_repetition_is_a_factor_of_a_kernel() -> None:
    rest = without_repetition(FEATURES.kernel)

    np.testing.assert_allclose(np.convolve(rest, (1, 1)), FEATURES.kernel, atol=1e-12)


def test_a_filter_of_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="rate"):
        Upsample(1, LowPass(0.3, 0.3, 12, rate=4))


def test_a_training_in_bfloat16_resamples_in_floats() -> None:
    picture = torch.rand(1, 4, 32, 32, generator=torch.manual_seed(0))
    for layer in (Upsample(4, FEATURES), Downsample(4, FEATURES)):
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(layer(picture), layer(picture.float()))
            assert layer(picture.bfloat16()).dtype == torch.float32


@pytest.mark.usefixtures("without_onednn")
def test_half_precision_is_near() -> None:
    picture = torch.rand(1, 4, 32, 32, generator=torch.manual_seed(0))
    for layer in (Upsample(4, FEATURES), Downsample(4, FEATURES)):
        exact = layer(picture)
        assert _db(layer(picture.half()).float() - exact, exact) < -60
