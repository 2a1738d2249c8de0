"""The painter's parts against plain PyTorch, and the whole on every size of frame."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from stylize_video.models.feed_forward.layers import ConditionalInstanceNorm, ResidualBlock, ResizeConv
from stylize_video.models.transform_net.shape import TransformNetConfig
from stylize_video.models.transform_net.transform_net import TransformNet

SMALL = TransformNetConfig(quarter_channels=4, eighth_channels=6, half_channels=4, blocks=1)
ONE_STYLE = torch.ones(1, 1)


def painter(config: TransformNetConfig = SMALL) -> TransformNet:
    """A painter that has learned nothing, always the same one."""
    torch.manual_seed(3)
    return TransformNet(config).eval()


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


@pytest.mark.parametrize("height", [1, 2, 7, 8, 9, 15, 16, 17, 33])
@pytest.mark.parametrize("width", [1, 3, 8, 16, 23, 130])
def test_any_frame_size_is_painted_at_its_own_size(height: int, width: int) -> None:
    with torch.no_grad():
        painted = painter()(torch.rand(1, 3, height, width), ONE_STYLE)
    assert painted.shape == (1, 3, height, width)
    assert torch.isfinite(painted).all()
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_frames_of_a_batch_do_not_mix() -> None:
    network, images = painter(), torch.rand(3, 3, 24, 40)
    with torch.no_grad():
        together = network(images, ONE_STYLE)
        alone = torch.cat([network(image[None], ONE_STYLE) for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_the_memory_layout_does_not_matter() -> None:
    network, images = painter(), torch.rand(2, 3, 24, 40)
    with torch.no_grad():
        wanted = network(images, ONE_STYLE)
        last = network.to(memory_format=torch.channels_last)
        found = last(images.to(memory_format=torch.channels_last), ONE_STYLE)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_every_parameter_learns() -> None:
    network = painter().train()
    network(torch.rand(2, 3, 32, 32), ONE_STYLE).sin().sum().backward()
    still = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


def test_the_default_shape_has_room_for_styles_and_is_small() -> None:
    network = TransformNet(TransformNetConfig(styles=3))
    assert network.head_norm.scale.shape == (3, TransformNetConfig().quarter_channels)
    assert sum(p.numel() for p in network.parameters()) < 1_000_000


@pytest.mark.parametrize("name", ["styles", "quarter_channels", "blocks"])
def test_a_shape_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} = 0"):
        TransformNetConfig(**{name: 0})
