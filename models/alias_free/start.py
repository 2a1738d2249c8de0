"""An alias-free painter to begin a training with, out of a plain one's weights.

The residual blocks have the same shapes on the same grids. A kernel of the plain painter that strides or
follows an upsampling lies on the finer of two grids; here it lies on the coarser one: each tap is shared
between the two samples that it lies between, by distance. What has no counterpart (the entrance, the ends)
begins by chance.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stylize_video.models.alias_free.network import AliasFreeNet
from stylize_video.models.alias_free.shape import AliasFreeConfig
from stylize_video.models.feed_forward.layers import ResidualBlock
from stylize_video.models.feed_forward.network import CanvasNet

# A round bend is about one wide: of features as large as this it is nearly a rectifier's kink.
_SHARPER = 2.0

# Rows: the samples of the coarser grid at -1, 0 and 1; columns: the kernel's taps on the finer grid. A stride
# takes the first of two samples, which lies a quarter of a coarse sample before the middle of both.
_AFTER_UPSAMPLING = ((0.5, 0.0, 0.0), (0.5, 1.0, 0.5), (0.0, 0.0, 0.5))
_BEFORE_STRIDE = ((0.75, 0.25, 0.0), (0.25, 0.75, 0.75), (0.0, 0.0, 0.25))
_FOLDS = {
    "down": _BEFORE_STRIDE,
    "down_deep": _BEFORE_STRIDE,
    "up_eighth": _AFTER_UPSAMPLING,
    "up_quarter": _AFTER_UPSAMPLING,
}


def from_plain(plain: CanvasNet, config: AliasFreeConfig, *, seed: int = 0) -> AliasFreeNet:
    """An alias-free painter with what a plain one can give it.

    Args:
        plain: a painter in as many styles, with as many channels and blocks at a quarter of the
            resolution and below.
        config: of what is made.
        seed: of what begins by chance.

    Raises:
        ValueError: their shapes differ.
    """
    with torch.random.fork_rng(devices=[]):  # the caller's random state is the caller's
        torch.manual_seed(seed)
        made = AliasFreeNet(config)
    given, state = plain.state_dict(), made.state_dict()
    taken = ("before.", "deep.", "after.", "merge.", *(f"{name}." for name in _FOLDS))
    for name in state:
        if not name.startswith(taken):
            continue
        value = given.get(name)
        if value is None or value.shape != state[name].shape:
            raise ValueError(f"the plain painter's {name} has another shape, or there is none")
        fold = _FOLDS.get(name.partition(".")[0])
        state[name] = _folded(value, fold) if fold and value.ndim == 4 else value.clone()
    made.load_state_dict(state)
    _sharpen(made)
    return made.eval()


def _folded(kernel: Tensor, fold: tuple[tuple[float, ...], ...]) -> Tensor:
    """(O, C, 3, 3) on a fine grid -> the same on the coarser one."""
    share = torch.tensor(fold, dtype=kernel.dtype, device=kernel.device)
    return torch.einsum("ik,jl,ockl->ocij", share, share, kernel)


@torch.no_grad()
def _sharpen(network: nn.Module) -> None:
    """In the blocks, where a normalisation makes up for it: what bends there is larger, and bends sharper."""
    for module in network.modules():
        if isinstance(module, ResidualBlock):
            module.norm1.scale.mul_(_SHARPER)
            module.norm1.shift.mul_(_SHARPER)
