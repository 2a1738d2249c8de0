"""The painter's layers against plain PyTorch."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from stylize_video.models.feed_forward.layers import ConditionalInstanceNorm, ResidualBlock, ResizeConv

ONE_STYLE = torch.ones(1, 1)


def test_resize_conv_is_bilinear_upsampling_and_a_convolution() -> None:
    part, x = ResizeConv(3, 5), torch.rand(2, 3, 7, 9)
    torch.nn.init.normal_(part.bias)
    large = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    wanted = F.conv2d(large, part.weight, part.bias, padding=1)
    found = part(x)
    assert found.shape == (2, 5, 14, 18)
    inside = (..., slice(2, -2), slice(2, -2))
    torch.testing.assert_close(found[inside], wanted[inside])


def test_resize_conv_leaves_a_flat_picture_flat() -> None:
    part = ResizeConv(2, 3)
    found = part(torch.full((1, 2, 5, 6), 0.7))
    torch.testing.assert_close(found, found[..., :1, :1].expand_as(found))


def test_resize_conv_shows_no_checkerboard_on_noise() -> None:
    found = ResizeConv(4, 64)(torch.randn(16, 4, 16, 16))[..., 2:-2, 2:-2]
    power = [found[..., i::2, j::2].pow(2).mean().item() for i in (0, 1) for j in (0, 1)]
    assert max(power) / min(power) < 1.2  # 3.5 to 4.7 for a transposed convolution


def test_instance_norm_with_one_style_is_pytorchs() -> None:
    norm, x = ConditionalInstanceNorm(3, 1), 5 * torch.randn(2, 3, 6, 8) + 2
    torch.nn.init.normal_(norm.scale)
    torch.nn.init.normal_(norm.shift)
    wanted = F.instance_norm(x, weight=norm.scale[0], bias=norm.shift[0])
    torch.testing.assert_close(norm(x, ONE_STYLE), wanted, rtol=1e-4, atol=1e-5)


def test_instance_norm_chooses_and_blends_styles_frame_by_frame() -> None:
    norm, x = ConditionalInstanceNorm(3, 2), torch.randn(1, 3, 6, 8)
    torch.nn.init.normal_(norm.scale)
    torch.nn.init.normal_(norm.shift)
    each = [norm(x, torch.eye(2)[s : s + 1]) for s in (0, 1)]
    assert not torch.allclose(*each)
    weights = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.25, 0.75]])
    found = norm(x.expand(3, -1, -1, -1), weights)
    wanted = torch.cat([*each, 0.25 * each[0] + 0.75 * each[1]])
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_half_precision_does_not_round_the_mixture_of_styles() -> None:
    norm, x = ConditionalInstanceNorm(3, 2), torch.randn(1, 3, 6, 8)
    torch.nn.init.normal_(norm.scale)
    torch.nn.init.normal_(norm.shift)
    mixture = torch.tensor([[0.701, 0.299]])
    with torch.autocast("cpu", torch.bfloat16):
        found = norm(x, mixture)
    torch.testing.assert_close(found, norm(x, mixture), rtol=1e-5, atol=1e-6)


def test_instance_norm_of_a_flat_picture_is_finite() -> None:
    norm = ConditionalInstanceNorm(2, 1)
    assert torch.isfinite(norm(torch.full((1, 2, 4, 4), 1e4), ONE_STYLE)).all()


def test_a_residual_block_whose_last_scale_is_zero_changes_nothing() -> None:
    block, x = ResidualBlock(4, 1), torch.randn(1, 4, 5, 6)
    torch.nn.init.zeros_(block.norm2.scale)
    torch.testing.assert_close(block(x, ONE_STYLE), x)
