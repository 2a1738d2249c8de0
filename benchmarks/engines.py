"""Paints one frame with today's network in every runtime at hand: how fast, how soon, how alike.

On the CPU with two threads, on two cores. Each row is the same network with the same weights on the same
frame, one of the sample's. `ready` is the time from the network in memory to the first painted frame:
exporting, converting and compiling (a model that OpenVINO finds in the user's cache is converted
already). `PSNR` compares with eager float32. Runtimes that aren't installed
are named and left out; `pip install onnx onnxruntime` brings them.

    python benchmarks/engines.py [--size 640x336] [--frames 30] [--no-compile] [--json OUT]
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import itertools
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import av
from common import ROOT, Report, parser, print_table, warn_if_busy
from likeness import psnr
from whole_job import CORES, STYLE, confine

if TYPE_CHECKING:
    from torch import Tensor, nn

WARM_UP = 3  # frames after the first
_OPSET = 17  # the newest that torch's older exporter knows well; the newer one wants onnxscript too
_FRAME = 50  # of the sample: something has happened by then

Paint = Callable[[], "Tensor"]  # paints the same frame over again
Build = Callable[["nn.Module", "Tensor"], Paint]  # from a module of (1, 3, H, W) and its frame


class UnavailableError(Exception):
    """This machine lacks what an engine needs; the message says what."""


@dataclass(frozen=True)
class Row:
    """What was found of one engine."""

    name: str
    ms: list[float]  # of each frame
    ready: float  # seconds
    psnr: float  # dB against eager float32; infinite if every bit is the same
    missing: str = ""  # why there are no figures

    @property
    def cells(self) -> tuple[object, ...]:
        """As in the table."""
        if self.missing:
            return (self.name, *("-" * 5), self.missing)
        return (self.name, statistics.median(self.ms), min(self.ms), max(self.ms), self.ready, self.psnr, "")

    @property
    def values(self) -> dict[str, Any]:
        """As in the JSON, which knows no infinity."""
        if self.missing:
            return {"missing": self.missing}
        psnr = None if math.isinf(self.psnr) else self.psnr
        return {
            "ms_median": statistics.median(self.ms),
            "ms": self.ms,
            "ready_s": self.ready,
            "psnr_db": psnr,
        }


HEADER = ("engine", "ms a frame", "min", "max", "ready s", "PSNR dB", "")


def with_style(network: nn.Module, style: Tensor) -> nn.Module:
    """A module of the frame alone, as runtimes like it: the style is a constant."""
    from torch import nn

    class Fixed(nn.Module):
        style: Tensor

        def __init__(self) -> None:
            super().__init__()
            self.network = network
            self.register_buffer("style", style.unsqueeze(0))

        def forward(self, images: Tensor) -> Tensor:
            painted: Tensor = self.network(images, self.style)
            return painted

    return Fixed().eval()


def eager(module: Callable[[Tensor], Tensor], frame: Tensor) -> Paint:
    """PyTorch as it comes."""
    import torch

    @torch.inference_mode()
    def paint() -> Tensor:
        return module(frame)

    return paint


def channels_last(module: nn.Module, frame: Tensor) -> Paint:
    """PyTorch with a pixel's channels side by side, as the product has them."""
    import torch

    layout = torch.channels_last
    return eager(module.to(memory_format=layout), frame.contiguous(memory_format=layout))


def bfloat16(module: nn.Module, frame: Tensor) -> Paint:
    """The same, convolutions in bfloat16."""
    import torch

    painting = channels_last(module, frame)

    def paint() -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return painting().float()

    return paint


def compiled(module: nn.Module, frame: Tensor) -> Paint:
    """`torch.compile`, which writes C++ and has it compiled when the first frame comes."""
    import torch

    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None:
        raise UnavailableError(f"no C++ compiler ({compiler})")
    channels_last(module, frame)  # for its layout
    return eager(torch.compile(module), frame.contiguous(memory_format=torch.channels_last))


def onnx_runtime(module: nn.Module, frame: Tensor) -> Paint:
    """ONNX Runtime's CPU provider, from an ONNX file that is gone afterwards."""
    import torch

    _require("onnx")  # the exporter needs it
    runtime = _require("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = CORES
    with tempfile.TemporaryDirectory(prefix="stylize-video-benchmark-") as folder:
        file = Path(folder) / "network.onnx"
        with _quiet():
            torch.onnx.export(
                module, (frame,), file, opset_version=_OPSET, dynamo=False, input_names=["frame"]
            )
        session = runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    given = {"frame": frame.numpy()}
    return lambda: torch.from_numpy(session.run(None, given)[0])


def openvino(*, exact: bool) -> Build:
    """The project's own runtime, as films are painted by; a converted model may lie in the user's cache."""

    def build(module: nn.Module, frame: Tensor) -> Paint:
        if importlib.util.find_spec("openvino") is None:  # importing it plainly would phone home
            raise UnavailableError("not installed: openvino")
        import torch

        from stylize_video.models.feed_forward.engine import CanvasEngine, program
        from stylize_video.models.feed_forward.parameters import CanvasParameters
        from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime
        from stylize_video.pictures.arrays import to_host

        fixed = cast(Any, module)
        parameters, style = CanvasParameters.of(fixed.network.network), fixed.style[0].numpy()
        runtime = OpenVinoRuntime(program(parameters), exact=exact, threads=CORES)
        engine = CanvasEngine(runtime, seed=0)
        picture = to_host(frame.permute(0, 2, 3, 1))
        canvases = [engine.new_canvas(*picture.shape[1:3])]
        return lambda: torch.from_numpy(to_host(engine.paint(picture, canvases, style))).permute(0, 3, 1, 2)

    return build


ENGINES: dict[str, Build] = {
    "eager, contiguous": eager,
    "eager, channels last": channels_last,
    "eager, channels last, bfloat16": bfloat16,
    "torch.compile": compiled,
    "ONNX Runtime": onnx_runtime,
    "OpenVINO f32": openvino(exact=True),
    "OpenVINO, its own choice": openvino(exact=False),
}


def _require(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UnavailableError(f"not installed: {name}") from error


def runtimes() -> dict[str, str]:
    """The versions of the optional runtimes that are installed."""
    found = {}
    for name in ("onnx", "onnxruntime", "openvino"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporters' warnings about shapes taken for constants: here they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def measure(name: str, build: Build, module: nn.Module, frame: Tensor, *, frames: int, like: Tensor) -> Row:
    """Build one engine, paint, compare with what eager float32 painted."""
    began = time.perf_counter()
    try:
        paint = build(module, frame)
        first = paint()
    except UnavailableError as lack:
        return Row(name, [], 0, 0, missing=str(lack))
    ready = time.perf_counter() - began
    for _ in range(WARM_UP):
        paint()
    return Row(name, [_ms(paint) for _ in range(frames)], ready, psnr(first, like, peak=1))


def _ms(paint: Paint) -> float:
    began = time.perf_counter()
    paint()
    return (time.perf_counter() - began) * 1000


def real_frame(width: int, height: int) -> Tensor:
    """A frame of the sample at that size, (1, 3, H, W) in 0..1, contiguous."""
    import torch

    with av.open(str(ROOT / "samples" / "sample.mp4")) as film:
        picture = next(itertools.islice(film.decode(video=0), _FRAME, None))
        pixels = picture.reformat(width=width, height=height, format="rgb24").to_ndarray()
    return torch.from_numpy(pixels).permute(2, 0, 1).unsqueeze(0).float().div(255).contiguous()


def measure_all(frame: Tensor, *, frames: int, skip: set[str]) -> list[Row]:
    """Every engine on a network of its own, since some change its layout."""
    from stylize_video.models.feed_forward import blank_canvas
    from stylize_video.models.style_spec import parse

    def fresh() -> nn.Module:
        painter = blank_canvas.load(parse(STYLE))
        return with_style(painter.network, painter.style)

    like = eager(fresh(), frame)()
    rows = []
    for name, build in ENGINES.items():
        if name in skip:
            continue
        rows.append(measure(name, build, fresh(), frame, frames=frames, like=like))
        print(f"{name}: {rows[-1].missing or 'measured'}", file=sys.stderr)
    return rows


def main() -> int:
    """Measure, print."""
    arguments = parser(__doc__)
    arguments.add_argument("--size", default="640x336", help="of the frame, WIDTHxHEIGHT")
    arguments.add_argument("--frames", type=int, default=30, help="to measure, after a few to warm up")
    arguments.add_argument(
        "--no-compile", action="store_true", help="leave out torch.compile, which takes 40 s"
    )
    given = arguments.parse_args()
    width, height = (int(side) for side in given.size.split("x"))
    warn_if_busy()
    confine()
    skip = {"torch.compile"} if given.no_compile else set()
    rows = measure_all(real_frame(width, height), frames=given.frames, skip=skip)
    print(f"{STYLE} at {width}x{height}, {CORES} threads")
    print_table(HEADER, [row.cells for row in rows])
    figures = {
        "style": STYLE,
        "size": [width, height],
        "threads": CORES,
        "runtimes": runtimes(),
        "engines": {row.name: row.values for row in rows},
    }
    return Report("engines", figures).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
