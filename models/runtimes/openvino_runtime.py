"""Painters run by OpenVINO, which on a CPU takes a half to a fifth of PyTorch's time."""

from __future__ import annotations

import importlib
import sys
import tempfile
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.jit import TracerWarning  # type: ignore[attr-defined]

from stylize_video.models.feed_forward import transform_net
from stylize_video.models.runtimes import model_cache, sections
from stylize_video.models.runtimes.sections import Program
from stylize_video.models.wct import network as wct_network
from stylize_video.models.wct import sections as wct_sections
from stylize_video.pictures.arrays import to_host, to_place
from stylize_video.process import signals

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures

Array = NDArray[Any]  # (N, H, W, C)

_CODE = (transform_net, sections, wct_network, wct_sections)  # what all modules are written in

_EXAMPLE = 32  # px of the first input; any size does to trace a network that takes all of them


def import_openvino() -> Any:
    """OpenVINO without its telemetry.

    Merely importing it would otherwise tell Google Analytics and leave a folder in the user's home;
    with that package missing, it brings a stand-in of its own.

    Raises:
        ImportError: it is not installed, or not for this machine.
    """
    missing = object()
    known = sys.modules.get("openvino_telemetry", missing)
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # makes `import` raise
    try:
        return importlib.import_module("openvino")
    finally:
        if known is missing:
            del sys.modules["openvino_telemetry"]
        else:
            sys.modules["openvino_telemetry"] = known  # type: ignore[assignment]


@cache
def _core() -> Any:
    """OpenVINO with its CPU plugin loaded: what can't be had is known now, not at the first frame.

    One for all, kept until the process ends: the plugin gives the thread a stack for signal handlers, as
    AMX needs a large one, and unmaps it with the last core but leaves it registered (2026.4). The next
    Ctrl-C was then a segmentation fault.
    """
    core = import_openvino().Core()
    core.get_versions("CPU")
    return core


class OpenVinoRuntime:
    """A program run by OpenVINO on the CPU.

    Each module is converted once for its values and the kind of pictures (and kept in the user's cache), and
    compiled once for each size.

    Args:
        program: stays as it is.
        exact: compute in float32. Else in what the processor is fastest at, bfloat16 where it has units
            for that: a PSNR of 45 dB or more against float32.
        threads: how many.
    """

    device = torch.device("cpu")
    frugal = True  # it plans ahead which features can lie where others lay, in bfloat16 if it can

    def __init__(self, program: Program, *, exact: bool, threads: int) -> None:
        self._openvino = import_openvino()
        self._core = _core()
        self._settings = {
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "EXECUTION_MODE_HINT": "ACCURACY" if exact else "PERFORMANCE",
        }
        self._program = program
        self._compiled: dict[object, Any] = {}

    def run(self, section: str, *inputs: Pictures) -> Pictures:
        """See `Runtime.run`; tensors on the CPU give a tensor."""
        arrays = [to_host(x) for x in inputs]
        key = (section, *((a.shape, a.dtype) for a in arrays))
        if key not in self._compiled:
            self._compiled[key] = self._compile(section, arrays)
        request = self._compiled[key]
        port = request.model_outputs[0]
        result = np.empty(tuple(port.shape), port.element_type.to_dtype())
        request.set_output_tensor(self._openvino.Tensor(result, shared_memory=True))
        request.infer(arrays, share_inputs=True)
        placed: Pictures = to_place(result, inputs[0])
        return placed

    def forget(self) -> None:
        """See `Runtime.forget`."""
        self._compiled.clear()

    def _compile(self, name: str, arrays: list[Array]) -> Any:
        """A section for pictures of one size, ready to run."""
        kinds = ",".join(str(a.dtype) for a in arrays)
        key = model_cache.key(
            name, kinds, self._program.identity, _code(), self._openvino.__version__, torch.__version__
        )
        model = self._unpack(model_cache.load(key))
        if model is None:
            model = self._convert(_ChannelsLast(self._program.modules[name]), _examples(arrays))
            with suppress(OSError, RuntimeError):  # a full or read-only disk; it is only a cache
                model_cache.store(key, self._pack(model))
        model.reshape({i: list(a.shape) for i, a in enumerate(arrays)})
        return self._core.compile_model(model, "CPU", self._settings).create_infer_request()

    def _convert(self, module: nn.Module, examples: list[Tensor]) -> Any:
        """Trace a module; for pictures of all sizes."""
        # Not openvino.convert_model: it lives in the package that sends the telemetry.
        from openvino.frontend import FrontEndManager
        from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore", FutureWarning)  # torch.jit.trace is deprecated; OpenVINO uses it
            warnings.simplefilter("ignore", TracerWarning)  # of PyTorch's own checks of a size
            decoder = TorchScriptPythonDecoder(
                module,
                example_input=tuple(examples),
                trace_kwargs={"check_trace": False},  # it differs: see ConditionalInstanceNorm
            )
        frontend = FrontEndManager().load_by_framework("pytorch")
        return frontend.convert(frontend.load(decoder))

    def _pack(self, model: Any) -> bytes:
        """OpenVINO's two files as one piece."""
        with tempfile.TemporaryDirectory(prefix="stylize-video-") as folder:
            signals.half_written(Path(folder))
            network, values = Path(folder, "model.xml"), Path(folder, "model.bin")
            self._openvino.serialize(model, network, values)
            text = network.read_bytes()
            packed = len(text).to_bytes(8, "big") + text + values.read_bytes()
        signals.whole(Path(folder))
        return packed

    def _unpack(self, data: bytes | None) -> Any:
        if data is None:
            return None
        end = 8 + int.from_bytes(data[:8], "big")
        values = self._openvino.Tensor(np.frombuffer(data[end:], np.uint8))
        try:
            return self._core.read_model(model=data[8:end], weights=values)
        except RuntimeError:  # whole, but not to be read: convert again
            return None


class _ChannelsLast(nn.Module):
    """A module whose inputs and result are (N, H, W, C): as pictures lie in memory, and in OpenVINO."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor) -> Tensor:
        result: Tensor = self.module(*(x.permute(0, 3, 1, 2) for x in inputs))
        return result.permute(0, 2, 3, 1)


def _examples(arrays: list[Array]) -> list[Tensor]:
    """Small black inputs, of sizes that go together as the real ones do."""
    _, height, width, _ = arrays[0].shape

    def shrunk(side: int, first: int) -> int:
        return side if first <= _EXAMPLE else max(1, side * _EXAMPLE // first)

    shapes = [(1, shrunk(a.shape[1], height), shrunk(a.shape[2], width), a.shape[3]) for a in arrays]
    return [torch.zeros(s, dtype=torch.from_numpy(a).dtype) for s, a in zip(shapes, arrays, strict=True)]


@cache
def _code() -> bytes:
    """What the modules to be converted are written in: another version of it makes other models."""
    return b"".join(Path(str(m.__file__)).read_bytes() for m in _CODE) + (Path(__file__).read_bytes())
