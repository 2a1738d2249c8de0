"""The painter with a canvas: its shape, what it looks at, and that it runs in half precision."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from stylize_video.models import canvas
from stylize_video.models.feed_forward.layers import Style, StyleNumbers
from stylize_video.models.feed_forward.network import CanvasNet
from stylize_video.models.feed_forward.shape import CanvasNetConfig, norms
from tests.networks import CANVAS_SHAPE

SMALL = CANVAS_SHAPE
ONE_STYLE = torch.ones(1, 1)
SMALL_NUMBERS = sum(2 * norm.channels for norm in norms(SMALL))


def painter(config: CanvasNetConfig = SMALL) -> CanvasNet:
    """A painter that has learned nothing, always the same one."""
    torch.manual_seed(3)
    return CanvasNet(config).eval()


def inputs(height: int, width: int, *, count: int = 1) -> tuple[Tensor, Tensor]:
    """A frame of noise and its canvas."""
    torch.manual_seed(5)
    noise = torch.randn(count, canvas.CHANNELS, height // canvas.CELL, width // canvas.CELL)
    return torch.rand(count, 3, height, width), noise


@pytest.mark.parametrize("size", [(32, 32), (48, 80), (96, 64)])
def test_the_painting_has_the_frames_size_and_range(size: tuple[int, int]) -> None:
    painted = painter()(*inputs(*size, count=2), ONE_STYLE)
    assert painted.shape == (2, 3, *size)
    assert 0 <= painted.min() < painted.max() <= 1


def test_both_inputs_decide_what_is_painted() -> None:
    (image, noise), network = inputs(64, 64), painter()
    painted = network(image, noise, ONE_STYLE)
    assert not torch.allclose(painted, network(image, noise.flip(3), ONE_STYLE), atol=1e-3)
    assert not torch.allclose(painted, network(image.flip(3), noise, ONE_STYLE), atol=1e-3)


def test_a_flat_frame_on_a_flat_canvas_stays_flat() -> None:
    """Nothing of the grid shows by itself: what is painted hangs on the frame or the canvas."""
    network = painter()
    with torch.no_grad():
        painted = network(torch.full((1, 3, 96, 96), 0.4), torch.zeros(1, canvas.CHANNELS, 24, 24), ONE_STYLE)
    torch.testing.assert_close(painted, painted[..., :1, :1].expand_as(painted), atol=1e-4, rtol=0)


def test_pictures_of_a_batch_are_painted_each_in_its_style() -> None:
    network = painter(CanvasNetConfig(**{**vars(SMALL), "styles": 2}))
    with torch.no_grad():
        for module in network.modules():
            if hasattr(module, "scale"):
                module.scale.normal_()
    image, noise = inputs(64, 64, count=2)
    both = network(image, noise, torch.eye(2))
    alone = [network(image[i : i + 1], noise[i : i + 1], torch.eye(2)[i : i + 1]) for i in (0, 1)]
    torch.testing.assert_close(both, torch.cat(alone), atol=1e-5, rtol=1e-4)


def test_pictures_of_a_batch_do_not_mix_and_their_layout_does_not_matter() -> None:
    network, (images, noise) = painter(), inputs(48, 64, count=3)
    with torch.no_grad():
        wanted = network(images, noise, ONE_STYLE)
        alone = [network(images[i : i + 1], noise[i : i + 1], ONE_STYLE) for i in range(3)]
        last = network.to(memory_format=torch.channels_last)
        found = last(*(x.to(memory_format=torch.channels_last) for x in (images, noise)), ONE_STYLE)
    torch.testing.assert_close(torch.cat(alone), wanted, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_every_parameter_learns() -> None:
    network = painter().train()
    network(*inputs(32, 32, count=2), ONE_STYLE).sin().sum().backward()
    still = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


def test_the_default_shape_has_room_for_styles() -> None:
    network = CanvasNet(CanvasNetConfig(styles=3))
    assert network.head.norm.scale.shape == (3, CanvasNetConfig().quarter_channels)


def test_a_config_without_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="half_channels = 0 must be a whole number of at least 1"):
        CanvasNetConfig(half_channels=0)


@pytest.mark.parametrize("styles", [ONE_STYLE, StyleNumbers(torch.rand(1, SMALL_NUMBERS))])
def test_a_frozen_painter_paints_the_same_up_to_its_borders(styles: Style) -> None:
    """It ends in phases of pixels; beyond a border each is the one that the border's own pixel has."""
    given = inputs(48, 80)
    wanted = painter()(*given, styles)
    torch.testing.assert_close(painter().freeze().freeze()(*given, styles), wanted, atol=1e-5, rtol=0)
