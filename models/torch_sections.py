"""The painter run by PyTorch: on GPUs in half precision by CUDA graphs, elsewhere as it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from stylize_video.models.sections import Finish, HalfFeatures, Paint, Trunk
from stylize_video.models.transform_net import Moments, TransformNet

Run = Callable[..., Tensor]


class TorchSections:
    """`Sections` by PyTorch, channels last in memory.

    Args:
        network: it is moved to the device.
        style: (1, S) weights over its styles.
        device: where to paint.
        half: compute in float16; results stay within 45 dB (PSNR) of float32. For GPUs.
    """

    def __init__(self, network: TransformNet, style: Tensor, device: torch.device, *, half: bool) -> None:
        self.device = device
        self._half = half
        self._network = network.to(device).to(memory_format=torch.channels_last).freeze()
        self._style = style.to(device)
        self._paint = self._prepare(Paint(self._network, self._style))
        self._trunk = self._prepare(Trunk(self._network, self._style))
        self._half_features = self._prepare(HalfFeatures(self._network, self._style))
        self._finish: dict[torch.dtype, Run] = {}

    def paint(self, images: Tensor) -> Tensor:
        """See `Sections.paint`."""
        return self._run(self._paint, images)

    def trunk(self, images: Tensor) -> Tensor:
        """See `Sections.trunk`."""
        return self._run(self._trunk, images)

    def half_features(self, features: Tensor) -> Tensor:
        """See `Sections.half_features`."""
        return self._run(self._half_features, features)

    def finish(self, features: Tensor, moments: Moments, kind: torch.dtype) -> Tensor:
        """See `Sections.finish`."""
        if kind not in self._finish:
            self._finish[kind] = self._prepare(Finish(self._network, self._style, kind))
        return self._run(self._finish[kind], features, *moments)

    def _prepare(self, module: nn.Module) -> Run:
        return GraphedModule(module) if self.device.type == "cuda" else module

    def _run(self, module: Run, *inputs: Tensor) -> Tensor:
        with torch.inference_mode(), self._precision():
            return module(*inputs)

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
