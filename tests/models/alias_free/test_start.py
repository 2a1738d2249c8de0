"""An alias-free painter out of a plain one's weights."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from stylize_video.models.alias_free import start
from stylize_video.models.alias_free.network import FEATURES
from stylize_video.models.alias_free.resampling import Downsample, Upsample
from stylize_video.models.perceptual.equivariance import circular
from tests.networks import ALIAS_FREE_SHAPE, canvas_network


def _smooth(size: int) -> Tensor:
    """Noise without what a grid a quarter as fine can't hold."""
    noise = torch.randn(1, 1, size, size, generator=torch.manual_seed(0))
    frequency = torch.fft.fftfreq(size)
    low = (frequency[:, None].abs() < 0.07) & (frequency[None].abs() < 0.07)
    return torch.fft.ifft2(torch.fft.fft2(noise) * low).real


def _convolved(x: Tensor, kernel: Tensor, stride: int = 1) -> Tensor:
    return F.conv2d(F.pad(x, (1,) * 4, mode="circular"), kernel, stride=stride)


def test_blocks_are_the_plain_painters_but_bend_sharper() -> None:
    plain = canvas_network(styles=2)
    made, given = start.from_plain(plain, ALIAS_FREE_SHAPE).state_dict(), plain.state_dict()

    assert torch.equal(made["before.0.conv1.weight"], given["before.0.conv1.weight"])
    assert torch.equal(made["deep.0.norm2.scale"], given["deep.0.norm2.scale"])
    assert torch.equal(made["after.0.norm1.shift"], 2 * given["after.0.norm1.shift"])


@pytest.mark.parametrize("seed", range(3))
def test_a_kernel_before_a_stride_sees_the_same_on_the_coarser_grid(seed: int) -> None:
    x, kernel = _smooth(64), torch.randn(1, 1, 3, 3, generator=torch.manual_seed(seed))
    down = Downsample(1, FEATURES)
    with circular(down):
        found = _convolved(down(x), start._folded(kernel, start._BEFORE_STRIDE))

    expected = _convolved(x, kernel, stride=2)
    assert (found - expected).std() < 0.1 * expected.std()


@pytest.mark.parametrize("seed", range(3))
def test_a_kernel_after_upsampling_does_the_same_before_it(seed: int) -> None:
    x, kernel = _smooth(32), torch.randn(1, 1, 3, 3, generator=torch.manual_seed(seed))
    up = Upsample(1, FEATURES)
    with circular(up):
        found = up(_convolved(x, start._folded(kernel, start._AFTER_UPSAMPLING)))
        expected = _convolved(up(x), kernel)

    assert (found - expected).std() < 0.1 * expected.std()


def test_a_plain_painter_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="has another shape"):
        start.from_plain(canvas_network(styles=2), replace(ALIAS_FREE_SHAPE, eighth_channels=8))


def test_chance_alone_fills_in_the_rest_and_the_callers_is_left_alone() -> None:
    plain = canvas_network(styles=2)
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    one, other = (start.from_plain(plain, ALIAS_FREE_SHAPE, seed=5).state_dict() for _ in range(2))

    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(one[name], other[name]) for name in one)
