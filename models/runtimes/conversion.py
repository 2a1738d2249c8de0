"""PyTorch's modules as OpenVINO's models, for pictures of all sizes. Needs torch, but only the first time."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.jit import TracerWarning  # type: ignore[attr-defined]

_EXAMPLE = 32  # px of the first input; any size does to trace a network that takes all of them


def convert(module: nn.Module, arrays: Sequence[NDArray[Any]]) -> Any:
    """Trace a module.

    Args:
        module: from (N, C, H, W) to (N, C, H, W), or to several; the model has its channels last.
        arrays: inputs as it will get them, (N, H, W, C).
    """
    # Not openvino.convert_model: it lives in the package that sends the telemetry.
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore", FutureWarning)  # torch.jit.trace is deprecated; OpenVINO uses it
        warnings.simplefilter("ignore", TracerWarning)  # of PyTorch's own checks of a size
        decoder = TorchScriptPythonDecoder(
            _ChannelsLast(module),
            example_input=tuple(_examples(arrays)),
            trace_kwargs={"check_trace": False},  # it differs: see `layers.normalised`
        )
    frontend = FrontEndManager().load_by_framework("pytorch")
    return frontend.convert(frontend.load(decoder))


class _ChannelsLast(nn.Module):
    """A module whose inputs and results are (N, H, W, C): as pictures lie in memory, and in OpenVINO."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Run it with its channels first."""
        given: Tensor | tuple[Tensor, ...] = self.module(*(x.permute(0, 3, 1, 2) for x in inputs))
        if isinstance(given, tuple):
            return tuple(result.permute(0, 2, 3, 1) for result in given)
        return given.permute(0, 2, 3, 1)


def _examples(arrays: Sequence[NDArray[Any]]) -> list[Tensor]:
    """Small black inputs, of sizes that go together as the real ones do."""
    _, height, width, _ = arrays[0].shape

    def shrunk(side: int, first: int) -> int:
        """A side, of inputs whose first one is so long."""
        return side if first <= _EXAMPLE else max(1, side * _EXAMPLE // first)

    shapes = [(1, shrunk(a.shape[1], height), shrunk(a.shape[2], width), a.shape[3]) for a in arrays]
    return [torch.zeros(s, dtype=torch.from_numpy(a).dtype) for s, a in zip(shapes, arrays, strict=True)]
