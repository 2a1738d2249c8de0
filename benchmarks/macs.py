"""Counts the multiply-accumulates a pixel of the frame costs in the bundled painter.

Convolutions only, as such figures are usually given: normalisation, activation and padding are a few
operations a value. A `ResizeConv` is counted as it is computed: one convolution at the low resolution
with four times the outputs. Counted a second time by torch's own counter of operations, which knows
nothing of these layers; the two must agree to the last one.

    python benchmarks/macs.py [--style kandinsky] [--size 640x360] [--json OUT]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from common import Goal, Report, parser, print_table
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from stylize_video.models.feed_forward import blank_canvas
from stylize_video.models.feed_forward.layers import ResizeConv
from stylize_video.models.feed_forward.phases import ConvolutionOfPhases
from stylize_video.models.style_spec import parse

Convolution = nn.Conv2d | ResizeConv | ConvolutionOfPhases

BUDGET = 40_000  # MACs a pixel of the frame


def count(network: nn.Module, style: Tensor, width: int, height: int) -> dict[str, int]:
    """MACs for one frame, layer by layer, by hooks."""
    found: dict[str, int] = {}
    hooks = [
        layer.register_forward_hook(_counter(name, found))
        for name, layer in network.named_modules()
        if isinstance(layer, Convolution)
    ]
    _paint_black(network, style, width, height)
    for hook in hooks:
        hook.remove()
    return found


def _counter(name: str, found: dict[str, int]) -> Callable[[nn.Module, Any, Tensor], None]:
    def hook(layer: nn.Module, _inputs: Any, output: Tensor) -> None:
        assert isinstance(layer, Convolution)
        # Each value of the output is the sum of so many products. At twice the resolution a
        # ResizeConv has as many values as four times the channels at the low one; so has one of phases.
        kernel = layer.kernel if isinstance(layer, ConvolutionOfPhases) else layer.weight
        products = kernel[0].numel()
        found[name] = output.numel() * products

    return hook


def count_by_torch(network: nn.Module, style: Tensor, width: int, height: int) -> int:
    """MACs of all convolutions for one frame by `torch.utils.flop_counter`, two FLOPs each."""
    with FlopCounterMode(display=False) as counter:
        _paint_black(network, style, width, height)
    return int(counter.get_flop_counts()["Global"][torch.ops.aten.convolution]) // 2


def _paint_black(network: nn.Module, style: Tensor, width: int, height: int) -> None:
    with torch.no_grad():
        network(torch.zeros(1, 3, height, width), style.unsqueeze(0))


def main() -> int:
    """Count, compare, print."""
    arguments = parser(__doc__)
    arguments.add_argument("--style", default="kandinsky", help="a bundled style or a weights file")
    arguments.add_argument("--size", default="640x360", help="of the frame, WIDTHxHEIGHT")
    given = arguments.parse_args()
    width, height = (int(side) for side in given.size.split("x"))
    painter = blank_canvas.load(parse(given.style))
    layers = count(painter.network, painter.style, width, height)
    total, pixels = sum(layers.values()), width * height
    by_torch = count_by_torch(painter.network, painter.style, width, height)
    rows = [(name, macs, macs / pixels, f"{macs / total:.1%}") for name, macs in layers.items()]
    print(f"{given.style} at {width}x{height}")
    print_table(
        ("layer", "MACs a frame", "MACs a pixel", "share"), [*rows, ("total", total, total / pixels, "")]
    )
    print(f"by torch.utils.flop_counter: {by_torch:,}, {'the same' if by_torch == total else 'NOT THE SAME'}")
    figures = {
        "style": given.style,
        "size": [width, height],
        "macs_per_pixel": total / pixels,
        "macs_per_frame": total,
        "macs_per_frame_by_torch": by_torch,
        "parameters": sum(p.numel() for p in painter.network.parameters()),
        "layers": {name: macs / pixels for name, macs in layers.items()},
    }
    goals = [
        Goal("MACs a pixel", total / pixels, BUDGET),
        Goal("difference of the two counts", abs(total - by_torch), 0),
    ]
    return Report("macs", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
