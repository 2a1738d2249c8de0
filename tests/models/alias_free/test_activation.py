"""What a curve folds back onto the grid, plain and filtered."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from stylize_video.models.alias_free.activation import CURVES, BentUpsampling, smooth
from stylize_video.models.alias_free.filtered import Filtered
from stylize_video.models.alias_free.folding import SIZE, Bend, folded_db, without_borders, worst_folded_db
from stylize_video.models.alias_free.network import FEATURES, PICTURE
from stylize_video.models.perceptual.equivariance import circular, translated
from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime
from stylize_video.models.runtimes.program import Program


def _filtered(name: str) -> Bend:
    return without_borders(Filtered(1, CURVES[name], FEATURES))


@pytest.mark.parametrize("name", ["smooth", "parabola"])
def test_a_round_curve_filtered_leaves_next_to_nothing(name: str) -> None:
    assert worst_folded_db(_filtered(name)) < -40


def test_a_kink_leaves_more_and_a_plain_rectifier_far_more() -> None:
    filtered, plain = worst_folded_db(_filtered("leaky")), worst_folded_db(F.relu)

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
    layer = BentUpsampling(3, smooth, FEATURES, oversampled=oversampled)
    with circular(layer):
        moved, still = layer(translated(picture, (0.3, 1.6))), layer(picture)
    error = (moved - translated(still, (0.6, 3.2))).square().mean() / still.square().mean()

    assert still.shape == (1, 3, 80, 80)
    assert 10 * math.log10(error.item()) < -40


def test_a_curve_on_more_samples_folds_less_back() -> None:
    once, twice = (
        folded_db(without_borders(BentUpsampling(1, smooth, FEATURES, oversampled=how)), int(0.35 * SIZE))
        for how in (False, True)
    )

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
