"""Painters run by PyTorch: on GPUs in half precision by CUDA graphs, elsewhere as it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from stylize_video.models.runtimes.devices import Device
from stylize_video.models.runtimes.program import Program
from stylize_video.pictures import arrays

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures


Results = Tensor | tuple[Tensor, ...]  # of a module


def several(results: Results) -> tuple[Tensor, ...]:
    """What a module gives, as if it gave several."""
    return results if isinstance(results, tuple) else (results,)


class TorchRuntime:
    """A program run by PyTorch, channels last in memory.

    Args:
        program: its modules are moved to the device.
        device: where to paint.
        half: compute in float16: a PSNR of 45 dB or more against float32 (seen on a CPU). For GPUs.
    """

    def __init__(self, program: Program, device: Device, *, half: bool) -> None:
        self.device = device
        self._half = half
        self._modules = program.build()
        for module in self._modules.values():
            # Folded kernels too; what modules share is moved once.
            module.requires_grad_(False).to(device.type).to(memory_format=torch.channels_last)
        self._sections: dict[str, Callable[..., Results]] = {}
        self.forget()

    def run(self, section: str, *inputs: Pictures) -> Pictures:
        """See `Runtime.run`."""
        (result,) = self.start(section, *inputs)()
        return result

    def start(self, section: str, *inputs: Pictures) -> Callable[[], tuple[Pictures, ...]]:
        """See `Runtime.start`."""
        tensors = (arrays.to_device(x, self.device.type).permute(0, 3, 1, 2) for x in inputs)
        with torch.no_grad(), self._precision():
            results = [x.permute(0, 2, 3, 1) for x in several(self._sections[section](*tensors))]
        placed = tuple(arrays.to_host(x) if isinstance(inputs[0], np.ndarray) else x for x in results)
        return lambda: placed

    def prepare(self, section: str, *inputs: Pictures) -> None:
        """Nothing: all inputs take the same."""

    def forget(self) -> None:
        """See `Runtime.forget`."""
        self._sections = dict(self._modules)
        if self.device.type == "cuda":
            pool = torch.cuda.graph_pool_handle()
            self._sections = {name: GraphedModule(m, pool) for name, m in self._modules.items()}
            torch.cuda.empty_cache()

    @contextmanager
    def _precision(self) -> Iterator[None]:
        if not self._half:
            with _without_tf32() if self.device.type == "cuda" else nullcontext():
                yield
            return
        # Without the cache of converted weights: a recording would read it after it is gone.
        with torch.autocast(self.device.type, torch.float16, cache_enabled=False):
            yield


@contextmanager
def _without_tf32() -> Iterator[None]:
    """By default cuDNN rounds float32 to ten bits, which is no more than float16 has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some versions of torch call this interface deprecated
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            yield


class GraphedModule:
    """A module whose kernels are recorded once for each size of its inputs and then replayed together.

    At video sizes a frame's kernels are done faster than Python can start them. Results are copies:
    the next call overwrites what the graph itself writes to.

    Args:
        module: on CUDA.
        pool: memory that graphs share which never run at the same time.

    Raises:
        torch.OutOfMemoryError: in a call; also when the recording hides it behind an error of its own.
    """

    _WARM_UP = 3  # calls before the recording, in which libraries choose their kernels

    def __init__(self, module: nn.Module, pool: Any) -> None:
        self._module = module
        self._pool = pool
        self._graphs: dict[tuple[object, ...], tuple[torch.cuda.CUDAGraph, list[Tensor], Results]] = {}

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run the module."""
        key = tuple((tuple(x.shape), x.dtype) for x in inputs)
        if key not in self._graphs:
            self._graphs[key] = self._record(inputs)
        graph, static, results = self._graphs[key]
        for mine, given in zip(static, inputs, strict=True):
            mine.copy_(given, non_blocking=True)
        graph.replay()
        return tuple(result.clone() for result in several(results))

    def _record(self, inputs: tuple[Tensor, ...]) -> tuple[torch.cuda.CUDAGraph, list[Tensor], Results]:
        static = [x.clone() for x in inputs]
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # the first calls allocate, which a recording may not
            for _ in range(self._WARM_UP):
                self._module(*static)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, pool=self._pool):
                results = self._module(*static)
        except RuntimeError as error:
            if isinstance(error.__context__, torch.OutOfMemoryError):
                raise error.__context__ from None
            raise
        return graph, static, results
