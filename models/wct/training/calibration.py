"""Which numbers go into the convolutions of the transform's networks: what multiplying bytes has to know.

They are found by painting photographs as paintings, and as one another: what a decoder gets has a style's
statistics, whatever picture that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from stylize_video.models.runtimes import devices
from stylize_video.models.runtimes.program import Bound, ChannelRanges, Program
from stylize_video.models.runtimes.torch_runtime import TorchRuntime
from stylize_video.models.wct import sections, weights_file
from stylize_video.models.wct.levels import DEFAULT_LEVELS, LEVELS
from stylize_video.models.wct.moments import Statistics
from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.painter import WctPainter, WctStyle
from stylize_video.pictures.pictures import Picture, shrink_longer_side

SIZE = 256  # px, the longer side of the photographs
_AS_STYLES = 4  # photographs, at most
_RARE = 1e-3  # share of a channel's numbers that may lie beyond its bounds
_DIGITS = 3  # that count
_CHAINS = (DEFAULT_LEVELS, tuple(reversed(LEVELS)))
_LEAST = 1e-3  # the highest number in a channel that is always 0


def find_ranges(
    network: WctNetwork, photographs: Sequence[Picture], paintings: Sequence[Statistics]
) -> ChannelRanges:
    """The lowest and the highest number of each channel that goes into a convolution, but for rare ones.

    Args:
        network: whose numbers they are; it stays as it is.
        photographs: each is painted in every style, at `SIZE`; at least one.
        paintings: the more they differ, the better; the first photographs are styles as well.

    Returns:
        The bounds by the convolution's name; the lower one is 0 where no number is negative. For each
        channel, those of the photograph and the style that need the widest.
    """
    small = [shrink_longer_side(photograph, SIZE) for photograph in photographs]
    own = [weights_file.statistics(network, picture, SIZE) for picture in small[:_AS_STYLES]]
    with _observed(network) as widest:
        for chain in _CHAINS:
            program = Program(partial(sections.modules, network, chain), b"")
            runtime = TorchRuntime(program, devices.CPU, half=False)
            painter = WctPainter(runtime, levels=chain)
            for picture in small:
                canvas = painter.new_canvas(*picture.shape[:2])
                for style in (*paintings, *own):
                    painter.paint(picture[None], [canvas], WctStyle(style))
    return {name: _bounds(low, high) for name, (low, high) in widest.items()}


@contextmanager
def _observed(network: WctNetwork) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
    """The lowest and the highest number so far of each channel, (C,) each, by the convolution's name."""
    widest: dict[str, tuple[Tensor, Tensor]] = {}

    def hook(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def look(_: nn.Module, given: tuple[Tensor, ...]) -> None:
            low, high = _usual(given[0][0].flatten(1))
            before = widest.get(name, (low, high))
            widest[name] = torch.minimum(before[0], low), torch.maximum(before[1], high)

        return look

    modules = {name: network.get_submodule(name) for name in network.multiplying()}
    handles = [module.register_forward_pre_hook(hook(name)) for name, module in modules.items()]
    try:
        yield widest
    finally:
        for handle in handles:
            handle.remove()


def _usual(values: Tensor) -> tuple[Tensor, Tensor]:
    """(C, P) -> the lowest and the highest of each channel but for rare ones, (C,)."""
    pixels = values.shape[1]
    rare = int(pixels * _RARE)
    return values.kthvalue(rare + 1).values, values.kthvalue(pixels - rare).values


def _bounds(low: Tensor, high: Tensor) -> tuple[Bound, Bound]:
    lows = 0.0 if float(low.min()) >= 0 else _rounded(low.clamp_max(0))
    return lows, _rounded(high.clamp_min(_LEAST))


def _rounded(values: Tensor) -> tuple[float, ...]:
    return tuple(float(f"{value:.{_DIGITS}g}") for value in values.tolist())
