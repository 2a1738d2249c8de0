"""What a curve folds back onto the grid, plain and filtered."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from stylize_video.models.alias_free.activation import CURVES, BentUpsampling, Filtered, smooth
from stylize_video.models.alias_free.filters import LowPass
from stylize_video.models.alias_free.network import DEEP, PICTURE, SHALLOW
from stylize_video.models.perceptual.equivariance import circular, translated
from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime
from stylize_video.models.runtimes.program import Program

SIZE = 509  # a prime: no harmonic folds onto another's place
AMPLITUDE = math.sqrt(2)  # of a wave of variance one, as normalised features have
DEEPEST = int(0.39 * SIZE)  # cycles: just below the filters' cutoff


def _folded_db(bend: Callable[[Tensor], Tensor], cycles: int) -> float:
    """The energy that a wave's harmonics leave where there are none below Nyquist, by the whole's."""
    wave = AMPLITUDE * torch.sin(2 * math.pi * cycles * torch.arange(SIZE) / SIZE)
    bent = bend(wave.expand(8, -1)[None, None])[0, 0, 0].double()
    energy = torch.fft.rfft(bent).abs().square()
    true = torch.zeros_like(energy, dtype=torch.bool)
    true[::cycles] = True
    return 10 * math.log10(energy[~true].sum().item() / energy[1:].sum().item())


def _filtered(name: str, design: LowPass = DEEP) -> Callable[[Tensor], Tensor]:
    def bend(x: Tensor) -> Tensor:
        layer = Filtered(1, CURVES[name], design)
        with circular(layer):
            return layer(x)

    return bend


def _worst(bend: Callable[[Tensor], Tensor]) -> float:
    return max(_folded_db(bend, cycles) for cycles in range(11, DEEPEST, 5))


@pytest.mark.parametrize("design", [DEEP, SHALLOW])
@pytest.mark.parametrize("name", ["smooth", "parabola"])
def test_a_round_curve_filtered_leaves_next_to_nothing(name: str, design: LowPass) -> None:
    assert _worst(_filtered(name, design)) < -40


def test_a_kink_leaves_more_and_a_plain_rectifier_far_more() -> None:
    filtered, plain = _worst(_filtered("leaky")), _worst(F.relu)

    assert -40 < filtered < -20
    assert plain > -10


@pytest.mark.parametrize("name", CURVES)
def test_below_zero_less_is_left(name: str) -> None:
    x = torch.tensor([-1.0, 0.0, 1.0])
    low, middle, high = CURVES[name](x)

    assert high - middle > 2 * abs(middle - low)


@pytest.mark.parametrize("oversampled", [False, True])
def test_bent_upsampling_is_on_the_finer_grid_and_moves_with_its_input(*, oversampled: bool) -> None:
    noise = torch.randn(1, 3, 40, 40, generator=torch.manual_seed(0))
    spectrum = torch.fft.fft2(noise)
    frequency = torch.fft.fftfreq(40)
    low = (frequency[:, None].abs() < 0.25) & (frequency[None].abs() < 0.25)
    picture = torch.fft.ifft2(spectrum * low).real
    layer = BentUpsampling(3, smooth, SHALLOW, oversampled=oversampled)
    with circular(layer):
        moved, still = layer(translated(picture, (0.3, 1.6))), layer(picture)
    error = (moved - translated(still, (0.6, 3.2))).square().mean() / still.square().mean()

    assert still.shape == (1, 3, 80, 80)
    assert 10 * math.log10(error.item()) < -40


def test_a_curve_on_more_samples_folds_less_back() -> None:
    def bent(*, oversampled: bool) -> Callable[[Tensor], Tensor]:
        layer = BentUpsampling(1, smooth, SHALLOW, oversampled=oversampled)

        def bend(x: Tensor) -> Tensor:
            with circular(layer):
                return layer(x)

        return bend

    cycles = int(0.35 * SIZE)
    once, twice = (_folded_db(bent(oversampled=how), cycles) for how in (False, True))

    assert twice < once - 6


def test_what_bends_on_more_samples_is_compiled_for_the_cpu() -> None:
    """OpenVINO never ended to compile this layer in bfloat16 as it stands; see `activation._followed`."""
    layer = BentUpsampling(16, smooth, PICTURE, oversampled=True)
    runtime = OpenVinoRuntime(Program(lambda: {"bend": layer}, b"bent upsampling"), exact=False, threads=1)
    x = np.random.default_rng(0).normal(size=(1, 32, 32, 16)).astype(np.float32)
    found = runtime.run("bend", x)
    exact = layer(torch.from_numpy(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()

    assert found.shape == (1, 64, 64, 16)
    assert np.sqrt(np.square(found - exact).mean()) < 0.01 * exact.std() + 1e-3
