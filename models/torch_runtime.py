"""The painter run by PyTorch: on GPUs in half precision by CUDA graphs, elsewhere as it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from stylize_video.models.sections import SECTIONS
from stylize_video.models.transform_net import TransformNet


class TorchRuntime:
    """A network's sections run by PyTorch, channels last in memory.

    Args:
        network: it is moved to the device.
        style: (1, S) weights over its styles.
        device: where to paint.
        half: compute in float16; results stay within 45 dB (PSNR) of float32. For GPUs.
    """

    frugal = False

    def __init__(self, network: TransformNet, style: Tensor, device: torch.device, *, half: bool) -> None:
        self.device = device
        self._half = half
        network = network.to(device).to(memory_format=torch.channels_last).freeze()
        self._sections = {
            name: self._prepare(section(network, style.to(device))) for name, section in SECTIONS.items()
        }

    def run(self, section: str, *inputs: Tensor) -> Tensor:
        """See `Runtime.run`."""
        with torch.inference_mode(), self._precision():
            return self._sections[section](*inputs)

    def _prepare(self, module: nn.Module) -> Callable[..., Tensor]:
        return GraphedModule(module) if self.device.type == "cuda" else module

    def _precision(self) -> AbstractContextManager[object]:
        return torch.autocast(self.device.type, torch.float16) if self._half else nullcontext()


class GraphedModule:
    """A module whose kernels are recorded once for each size of its inputs and then replayed together.

    At video sizes a frame's kernels are done faster than Python can start them. Results are copies:
    the next call overwrites what the graph itself writes to.
    """

    _WARM_UP = 3  # calls before the recording, in which libraries choose their kernels

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._graphs: dict[tuple[object, ...], tuple[torch.cuda.CUDAGraph, list[Tensor], Tensor]] = {}

    def __call__(self, *inputs: Tensor) -> Tensor:
        """Run the module."""
        key = tuple((tuple(x.shape), x.dtype) for x in inputs)
        if key not in self._graphs:
            self._graphs[key] = self._record(inputs)
        graph, static, result = self._graphs[key]
        for mine, given in zip(static, inputs, strict=True):
            mine.copy_(given, non_blocking=True)
        graph.replay()
        return result.clone()

    def _record(self, inputs: tuple[Tensor, ...]) -> tuple[torch.cuda.CUDAGraph, list[Tensor], Tensor]:
        static = [x.clone() for x in inputs]
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # the first calls allocate, which a recording may not
            for _ in range(self._WARM_UP):
                self._module(*static)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = self._module(*static)
        return graph, static, result
