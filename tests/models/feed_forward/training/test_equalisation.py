"""Equalised channels: the same painting, and the channels of a sum are as large as one another."""

from __future__ import annotations

import torch

from stylize_video.models.feed_forward.shape import multiplying
from stylize_video.models.feed_forward.training.calibration import largest_inputs
from stylize_video.models.feed_forward.training.equalisation import equalised, streams
from tests.networks import CANVAS_SHAPE, canvas_network, noise

PHOTOGRAPHS = [noise(5, 64, 96)]


def test_it_paints_the_same() -> None:
    network = canvas_network(styles=2)
    made = equalised(network, PHOTOGRAPHS)
    inputs = torch.rand(1, 3, 64, 96), torch.randn(1, 8, 16, 24)
    style = torch.tensor([[0.3, 0.7]])  # mixtures as well
    with torch.inference_mode():
        wanted, found = network(*inputs, style), made(*inputs, style)
    assert not torch.equal(network.merge.norm.scale, made.merge.norm.scale)
    assert (wanted - found).abs().max() < 2e-5


def test_channels_are_as_large_as_one_another() -> None:
    network = canvas_network(styles=2)
    before, after = (largest_inputs(made, PHOTOGRAPHS) for made in (network, equalised(network, PHOTOGRAPHS)))
    for name in ("up_half.convolution", "before.0.conv2", "deep.0.conv2"):  # of one reader each
        assert after[name].max() / after[name].min() < 1.01 < before[name].max() / before[name].min()


def test_every_convolution_of_bytes_is_equalised_but_the_first() -> None:
    found = [name for stream in streams(CANVAS_SHAPE) for name in stream.convolutions]
    assert sorted([*found, "head.convolution"]) == sorted(multiplying(CANVAS_SHAPE))
