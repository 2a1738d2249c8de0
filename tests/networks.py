"""Small networks and pictures that cost next to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from stylize_video.models.alias_free.network import AliasFreeNet
from stylize_video.models.alias_free.shape import AliasFreeConfig
from stylize_video.models.feed_forward.blank_canvas import OnBlankCanvas, StyledNetwork
from stylize_video.models.feed_forward.network import CanvasNet
from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.feed_forward.shape import CanvasNetConfig
from stylize_video.models.perceptual.vgg import Vgg16
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.shape import WctConfig
from stylize_video.models.wct.training import saving
from stylize_video.pictures.pictures import Picture

CANVAS_SHAPE = CanvasNetConfig(
    full_channels=3,
    half_channels=4,
    quarter_channels=5,
    eighth_channels=6,
    sixteenth_channels=7,
    eighth_blocks=2,
    sixteenth_blocks=1,
)
ALIAS_FREE_SHAPE = AliasFreeConfig(**{**vars(CANVAS_SHAPE), "styles": 2}, seen_channels=4)  # as deep as that
WCT_SHAPE = WctConfig((4, 4, 8, 8, 8))


def noise(seed: int, height: int = 72, width: int = 80) -> Picture:
    """A picture of noise."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


class ThinVgg(Vgg16):
    """VGG-16 with few channels and random weights, always the same: what is tested here needs no more."""

    layout = tuple(
        step if step == "pool" else (step[0], min(step[1], 8) if step[1] > 3 else 3, 8)
        for step in Vgg16.layout
    )


def thin(_: str) -> Vgg16:
    """Instead of `load_features`."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return ThinVgg().eval()


def canvas_network(seed: int = 0, styles: int = 1) -> CanvasNet:
    """A small painter with a canvas, whose styles differ."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        made = CanvasNet(replace(CANVAS_SHAPE, styles=styles)).eval()
        for value in made.style_parameters().values():
            value.add_(0.3 * torch.randn_like(value))
    return made


def alias_free_network() -> AliasFreeNet:
    """A small alias-free painter of two styles, which differ."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        made = AliasFreeNet(ALIAS_FREE_SHAPE).eval()
        for value in made.style_parameters().values():
            value.add_(0.3 * torch.randn_like(value))
    return made


def styled_network(shares: Sequence[float]) -> StyledNetwork:
    """A small painter, always the same one, and so much of each of its styles; it has a canvas."""
    made = canvas_network(1, styles=len(shares))
    style = CanvasParameters.of(made).mixed(shares)
    return StyledNetwork(OnBlankCanvas(made), torch.from_numpy(style))


def wct_network(seed: int = 0) -> WctNetwork:
    """A small one, as it is stored; with PyTorch's own first values, all pictures would end as one grey."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        made = WctNetwork(WCT_SHAPE)
        for module in made.modules():
            if isinstance(module, torch.nn.Conv2d) and module.bias is not None:
                torch.nn.init.kaiming_normal_(module.weight)
                torch.nn.init.uniform_(module.bias, -0.05, 0.1)
    return saving.as_stored(made)


def wct_file(folder: Path, **paintings: Picture) -> Path:
    """`wct.safetensors` with that network and these paintings' statistics."""
    path, network = folder / "wct.safetensors", wct_network()
    known = {name: wct_weights.statistics(network, painting, 96) for name, painting in paintings.items()}
    saving.save(path, network, known, {})
    return path
