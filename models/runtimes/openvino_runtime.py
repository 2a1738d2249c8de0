"""Painters run by OpenVINO, which on a CPU takes a half to a fifth of PyTorch's time."""

from __future__ import annotations

import importlib
import io
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.models.runtimes import devices, model_cache, quantised
from stylize_video.models.runtimes.openvino_requests import Requests, UnderWay
from stylize_video.models.runtimes.program import ChannelRanges, Program
from stylize_video.pictures.arrays import to_host, to_place
from stylize_video.process import signals

if TYPE_CHECKING:
    from torch import nn

    from stylize_video.pictures.arrays import Pictures

Array = NDArray[Any]  # (N, H, W, C)

_CONVERTER = "openvino.tools.ovc"
_MODELS = Path(__file__).parents[1]
_CODE = (  # what all modules are written in, and converted by; read, for importing them would import torch
    "alias_free/activation.py",
    "alias_free/filtered.py",
    "alias_free/filters.py",
    "alias_free/network.py",
    "alias_free/phases.py",
    "alias_free/resampling.py",
    "alias_free/sections.py",
    "alias_free/shape.py",
    "feed_forward/layers.py",
    "feed_forward/network.py",
    "feed_forward/phases.py",
    "feed_forward/sections.py",
    "feed_forward/shape.py",
    "wct/network.py",
    "wct/sections.py",
    "wct/shape.py",
    "runtimes/picture_kinds.py",
    "runtimes/conversion.py",
    "runtimes/openvino_runtime.py",
    "runtimes/quantised.py",
)


def import_openvino() -> Any:
    """OpenVINO without its telemetry, and without its tool for converting models.

    Merely importing it would otherwise tell Google Analytics and leave a folder in the user's home; with that
    package missing, it brings a stand-in of its own. The tool takes half of the time, and nothing here needs
    it; whoever else does in this process gets it when asking for it.

    Raises:
        ImportError: it is not installed, or not for this machine.
    """
    if "openvino" in sys.modules:
        return importlib.import_module("openvino")
    with _missing("openvino_telemetry", _CONVERTER):
        openvino = importlib.import_module("openvino")
    vars(openvino).setdefault("__getattr__", _convert_model)
    return openvino


def _convert_model(name: str) -> Any:
    """OpenVINO's attribute that was left out, when somebody asks for it."""
    if name != "convert_model":
        raise AttributeError(f"module 'openvino' has no attribute {name!r}", name=name)
    return importlib.import_module(_CONVERTER).convert_model


@contextmanager
def _missing(*names: str) -> Iterator[None]:
    """As if these modules were not installed."""
    known = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]  # None makes `import` raise
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(known)


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

    Each module is converted once for the kind of its inputs, and compiled once for their sizes; both are kept
    in the user's cache. torch is imported for the conversion alone.

    Args:
        program: built only where a module has to be converted.
        exact: compute in float32. Else in what the processor is fastest at, bfloat16 where it has units
            for that: a PSNR of 45 dB or more against float32.
        int8: let those convolutions multiply bytes whose ranges the program knows; see `quantised.py`.
        threads: how many.
    """

    device = devices.CPU

    def __init__(self, program: Program, *, exact: bool, int8: bool = False, threads: int) -> None:
        self._openvino = import_openvino()
        self._core = _core()
        self._threads = threads
        self._settings = {
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "EXECUTION_MODE_HINT": "ACCURACY" if exact else "PERFORMANCE",
        }
        self._program = program
        self._ranges: Mapping[str, ChannelRanges] = program.ranges if int8 else {}
        self._modules: Mapping[str, nn.Module] | None = None
        self._requests: dict[object, Requests] = {}
        self._locks: dict[object, Lock] = {}

    def run(self, section: str, *inputs: Pictures) -> Pictures:
        """See `Runtime.run`; tensors on the CPU give a tensor.

        One picture has all threads. Several are run side by side, each by a thread of its own: threads that
        share a picture wait for each other after each layer, a third of their time on two cores.
        """
        (result,) = self.start(section, *inputs)()
        return result

    def start(self, section: str, *inputs: Pictures) -> Callable[[], tuple[Pictures, ...]]:
        """See `Runtime.start`: what is started meanwhile begins as soon as one of its threads is free."""
        compiled, each = self._ready_for(section, inputs)
        ports = compiled.outputs
        results = [np.empty((len(each), *tuple(p.shape)[1:]), p.element_type.to_dtype()) for p in ports]
        outputs = [
            [self._openvino.Tensor(result[n : n + 1], shared_memory=True) for result in results]
            for n in range(len(each))
        ]
        under_way = UnderWay(compiled, each, outputs)

        def painted() -> tuple[Pictures, ...]:
            """Wait, and give all results."""
            under_way.wait()
            return tuple(to_place(result, inputs[0]) for result in results)

        return painted

    def prepare(self, section: str, *inputs: Pictures) -> None:
        """See `Runtime.prepare`."""
        self._ready_for(section, inputs)

    def _ready_for(self, section: str, inputs: Sequence[Pictures]) -> tuple[Requests, list[list[Array]]]:
        """What runs a section for pictures of these kinds and sizes, and each picture's inputs."""
        arrays = [to_host(x) for x in inputs]
        count = max(map(len, arrays))
        # What is the same for all pictures is given once.
        each = [[a[n : n + 1] if len(a) > 1 else a for a in arrays] for n in range(count)]
        return self._ready(section, each[0], min(count, self._threads)), each

    def _ready(self, section: str, arrays: list[Array], streams: int) -> Requests:
        """What runs a section for pictures of this size, so many side by side."""
        key = (section, *((a.shape, a.dtype) for a in arrays))
        with self._locks.setdefault(key, Lock()):  # who paints waits for who prepares that, and for no other
            found = self._requests.get(key)
            if found is None or found.streams < streams:  # the last picture of a shot waits for no compiler
                found = self._requests[key] = Requests(self._compile(section, arrays, streams), streams)
        return found

    def forget(self) -> None:
        """See `Runtime.forget`."""
        self._requests.clear()

    def _compile(self, name: str, arrays: list[Array], streams: int) -> Any:
        """A section for pictures of one size, so many of which run side by side."""
        settings = self._settings | ({"NUM_STREAMS": streams} if streams > 1 else {})
        kinds = ",".join(str(a.dtype) for a in arrays)
        versions = self._openvino.__version__, devices.torch_version()
        ranges = repr(sorted(self._ranges.get(name, {}).items()))
        what = (name, kinds, self._program.identity, ranges, _code(), *versions)
        sizes = repr([a.shape for a in arrays])
        key = model_cache.key("compiled", *what, sizes, repr(settings), self._processor())
        compiled = self._imported(model_cache.load(key), settings)
        if compiled is None:
            model = self._model(model_cache.key(*what), name, arrays)
            model.reshape({i: list(a.shape) for i, a in enumerate(arrays)})
            compiled = self._core.compile_model(model, "CPU", settings)
            with suppress(OSError, RuntimeError):  # a full or read-only disk; it is only a cache
                model_cache.store(key, compiled.export_model().getvalue())
        return compiled

    def _processor(self) -> str:
        """What a compiled model is made for."""
        names = ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")
        return repr([self._core.get_property("CPU", name) for name in names])

    def _imported(self, data: memoryview | None, settings: Mapping[str, object]) -> Any:
        """A model that was compiled before, which takes a sixth of the time."""
        if data is None:
            return None
        try:
            return self._core.import_model(io.BytesIO(data), "CPU", settings)
        except RuntimeError:  # whole, but not to be read: compile again
            return None

    def _model(self, key: str, name: str, arrays: list[Array]) -> Any:
        """A section for pictures of all sizes."""
        model = self._unpack(model_cache.load(key))
        if model is None:
            model = self._convert(name, arrays)
            with suppress(OSError, RuntimeError):
                model_cache.store(key, self._pack(model))
        return model

    def _convert(self, name: str, arrays: list[Array]) -> Any:
        from stylize_video.models.runtimes import conversion  # brings torch

        if self._modules is None:
            self._modules = self._program.build()
        model = conversion.convert(self._modules[name], arrays)
        if ranges := self._ranges.get(name):
            quantised.quantise(model, ranges, self._openvino.opset13)
        return model

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

    def _unpack(self, data: memoryview | None) -> Any:
        if data is None:
            return None
        end = 8 + int.from_bytes(data[:8], "big")
        values = self._openvino.Tensor(np.frombuffer(data[end:], np.uint8))
        try:
            return self._core.read_model(model=bytes(data[8:end]), weights=values)
        except RuntimeError:  # whole, but not to be read: convert again
            return None


@cache
def _code() -> bytes:
    """What the modules to be converted are written in: another version of it makes other models."""
    return b"".join((_MODELS / name).read_bytes() for name in _CODE)
