"""The painter with a canvas, run: every engine paints what the network itself paints, whatever it runs on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylize_video.errors import DeviceError
from stylize_video.models import canvas
from stylize_video.models.canvas import CELL, Canvas
from stylize_video.models.feed_forward import engine
from stylize_video.models.feed_forward.engine import CanvasEngine
from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.runtimes import model_cache, openvino_runtime
from stylize_video.models.runtimes.fastest import batch_size
from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime
from stylize_video.models.runtimes.picture_kinds import to_kind, to_unit
from stylize_video.models.runtimes.program import Program, Runtime
from stylize_video.models.runtimes.torch_runtime import TorchRuntime
from tests.layout import first, last
from tests.networks import canvas_network

Pictures = NDArray[Any]
CPU = torch.device("cpu")
NETWORK = canvas_network(styles=3)
PARAMETERS = CanvasParameters.of(NETWORK)
SHARES = [0.2, 0.5, 0.3]
STYLE = PARAMETERS.mixed(SHARES)
NUMBERS = STYLE.reshape(1, 1, 1, -1)  # as a runtime takes them


def psnr(one: Tensor, other: Tensor) -> float:
    """In dB, of pictures in 0..1."""
    return float(-10 * torch.log10((one - other).square().mean().clamp_min(1e-20)))


def picture(height: int, width: int, count: int = 1) -> Tensor:
    """Smooth colours, as bytes."""
    torch.manual_seed(5)
    coarse = torch.rand(count, 3, 5, 6)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)
    return to_kind(smooth.clamp(0, 1), torch.uint8)


def pictures(height: int, width: int, count: int = 1) -> Pictures:
    """The same, as they flow."""
    return last(picture(height, width, count))


def program(seed: int | None = None) -> Program:
    return engine.program(PARAMETERS if seed is None else CanvasParameters.of(canvas_network(seed)))


def openvino(*, exact: bool, threads: int = 1) -> Runtime:
    return OpenVinoRuntime(program(), exact=exact, threads=threads)


def eager() -> Runtime:
    return TorchRuntime(program(), CPU, half=False)


class HalfOnCpu(TorchRuntime):
    """What runs on CUDA, but for the graphs: float16 by autocast."""

    def __init__(self) -> None:
        super().__init__(program(), CPU, half=True)


@pytest.fixture(scope="module")
def compiled() -> CanvasEngine:
    """The fastest one here."""
    return engine.open_engine(PARAMETERS, CPU, exact=True)


def by_network(images: Tensor, found: CanvasEngine, shares: list[float] = SHARES) -> Tensor:
    """What the network makes of pictures whose sides fit it, on the engine's first canvas."""
    noise = torch.from_numpy(found.field.at(found.new_canvas(*images.shape[-2:]).places))
    with torch.inference_mode():
        painted: Tensor = NETWORK(images, noise[None].expand(len(images), -1, -1, -1), torch.tensor([shares]))
    return painted


@pytest.mark.parametrize(
    ("name", "tolerance"), [("eager", 90), ("exact openvino", 90), ("fast openvino", 45), ("half", 45)]
)
def test_an_engine_paints_what_the_network_paints(name: str, tolerance: float) -> None:
    runtime = {
        "eager": eager,
        "exact openvino": lambda: openvino(exact=True),
        "fast openvino": lambda: openvino(exact=False),
        "half": HalfOnCpu,
    }[name]()
    given, found = picture(64, 96, count=2), CanvasEngine(runtime, seed=0)
    wanted, canvases = by_network(to_unit(given), found), [found.new_canvas(64, 96)] * 2
    floats = first(found.paint(last(to_unit(given)), canvases, STYLE))
    assert floats.shape == wanted.shape
    assert floats.dtype == torch.float32
    assert psnr(floats, wanted) >= tolerance
    as_bytes = first(found.paint(last(given), canvases, STYLE))
    assert as_bytes.dtype == torch.uint8
    assert psnr(to_unit(as_bytes), wanted) >= min(tolerance, 55)  # 58.9 dB is the rounding


def test_without_openvino_torch_paints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)  # `import` raises as if it were not there
    found = engine.open_engine(PARAMETERS, CPU)
    assert isinstance(found._runtime, TorchRuntime)
    assert found.notes == []
    assert found.paint(pictures(16, 16), [found.new_canvas(16, 16)], STYLE).shape == (1, 16, 16, 3)


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (50, 70), (90, 161)])
def test_any_size_is_painted(size: tuple[int, int], compiled: CanvasEngine) -> None:
    assert compiled.paint(pictures(*size), [compiled.new_canvas(*size)], STYLE).shape == (1, *size, 3)


def test_padding_changes_only_what_lies_beside_it(compiled: CanvasEngine) -> None:
    """The field is drawn where the canvas says, whether the frame's sides fit the network or not."""
    blank = compiled.new_canvas(60, 80)
    assert blank.places.shape == (15, 20, 2)
    assert np.array_equal(blank.places, compiled.new_canvas(64, 80).places[:15])


def test_each_picture_has_its_own_canvas(compiled: CanvasEngine) -> None:
    images = np.repeat(pictures(64, 64), 2, axis=0)
    here = compiled.new_canvas(64, 64)
    there = Canvas(here.places + np.float32(100), here.seed)
    painted = compiled.paint(images, [here, there], STYLE)
    assert np.abs(painted[0].astype(int) - painted[1]).mean() > 1
    assert np.array_equal(painted[0], compiled.paint(images[:1], [here], STYLE)[0])


class _Small:
    """A device with room for so many pictures."""

    device = CPU

    def __init__(self, room: int) -> None:
        self.room, self.calls = room, 0

    def run(self, _: str, images: Any, *__: Any) -> Any:
        self.calls += 1
        if len(images) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return images

    def start(self, *given: Any) -> Any:
        """Of which only the result is late."""
        return lambda: (self.run(*given),)

    def prepare(self, *_: Any, **__: Any) -> None:
        """There is nothing to do."""

    def forget(self) -> None:
        """There is nothing to forget."""


def test_fewer_at_a_time_where_memory_is_short() -> None:
    device = _Small(2)
    found = CanvasEngine(device, seed=0)
    images = pictures(32, 32, 5)
    assert np.array_equal(found.paint(images, [found.new_canvas(32, 32)] * 5, STYLE), images)
    assert device.calls == 1 + 3


def test_what_was_begun_is_painted_in_parts_where_memory_is_short() -> None:
    device = _Small(2)
    found = CanvasEngine(device, seed=0)
    images = [pictures(32, 32, 5), pictures(32, 32, 4)[::-1]]
    canvases = [found.new_canvas(32, 32)] * 5
    begun = [found.begin(each, canvases[: len(each)], STYLE) for each in images]
    assert all(np.array_equal(each(), wanted) for each, wanted in zip(begun, images, strict=True))


def test_a_picture_that_does_not_fit_is_told() -> None:
    found = CanvasEngine(_Small(0), seed=0)
    with pytest.raises(DeviceError, match="to paint 32x32 px whole; use `max_size` or `device` cpu"):
        found.paint(pictures(32, 32), [found.new_canvas(32, 32)], STYLE)


# -- converted models --


def inputs(height: int, width: int) -> tuple[Pictures, ...]:
    """What a runtime is given: pictures, canvases and a style."""
    noise = np.random.default_rng(0).normal(size=(1, height // CELL, width // CELL, canvas.CHANNELS))
    return pictures(height, width), noise.astype(np.float32), NUMBERS


def test_a_converted_model_comes_from_the_cache_and_a_damaged_one_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(model_cache, "folder", lambda: tmp_path / "stylize-video")
    conversions = 0
    convert = OpenVinoRuntime._convert

    def counted(*given: object) -> object:
        nonlocal conversions
        conversions += 1
        return convert(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(OpenVinoRuntime, "_convert", counted)
    given = inputs(32, 48)
    wanted = openvino(exact=True).run("paint", *given)
    assert conversions == 1
    assert np.array_equal(openvino(exact=True).run("paint", *given), wanted)
    openvino(exact=True).run("paint", *inputs(48, 64))  # another size is compiled, not converted
    assert conversions == 1
    whole = {entry: entry.read_bytes() for entry in (tmp_path / "stylize-video").iterdir()}
    assert len(whole) == 3  # one of all sizes, and compiled for two of them
    for length, change in ((-100, b""), (5000, b"x"), (0, b"")):
        for entry, data in whole.items():
            entry.write_bytes(data[:length] + change + data[length:][1:] if change else data[:length])
        assert np.array_equal(openvino(exact=True).run("paint", *given), wanted)
    assert conversions == 4
    other = OpenVinoRuntime(program(1), exact=True, threads=1)
    assert not np.array_equal(other.run("paint", *given), wanted)  # other weights, another entry
    assert len(list((tmp_path / "stylize-video").iterdir())) == 5


def test_a_model_compiled_before_is_not_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_cache, "folder", lambda: tmp_path / "stylize-video")
    given = inputs(32, 48)
    exact, fast = (openvino(exact=exact).run("paint", *given) for exact in (True, False))
    monkeypatch.setattr(OpenVinoRuntime, "_model", None)
    assert np.array_equal(openvino(exact=True).run("paint", *given), exact)
    assert np.array_equal(openvino(exact=False).run("paint", *given), fast)


def test_a_cache_that_can_not_be_written_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    given = inputs(32, 48)
    wanted = openvino(exact=True).run("paint", *given)

    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model_cache, "load", lambda _: None)
    monkeypatch.setattr(OpenVinoRuntime, "_pack", full)
    assert np.array_equal(openvino(exact=True).run("paint", *given), wanted)


def test_an_entry_that_is_whole_but_no_model_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    given = inputs(32, 48)
    wanted = openvino(exact=True).run("paint", *given)
    monkeypatch.setattr(model_cache, "load", lambda _: (4).to_bytes(8, "big") + b"<xml" + b"values")
    assert np.array_equal(openvino(exact=True).run("paint", *given), wanted)


def test_an_openvino_that_is_broken_is_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> object:
        raise ImportError("libopenvino.so.2600: cannot open shared object file")

    monkeypatch.setattr("stylize_video.models.runtimes.openvino_runtime.import_openvino", broken)
    found = engine.open_engine(PARAMETERS, CPU)
    assert isinstance(found._runtime, TorchRuntime)
    assert "PyTorch paints" in found.notes[0]


@pytest.mark.parametrize("threads", [1, 2])
def test_pictures_side_by_side_are_those_painted_one_by_one(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each on a canvas of its own, in one style; and one more than there are threads."""
    parts = [inputs(32, 48) for _ in range(3)]
    pictures_ = [np.roll(picture, 9 * n, 1) for n, (picture, _, _) in enumerate(parts)]
    noise = [canvas_ * (n + 1) for n, (_, canvas_, _) in enumerate(parts)]
    alone = openvino(exact=False, threads=2)
    wanted = [alone.run("paint", *each, NUMBERS) for each in zip(pictures_, noise, strict=True)]
    together = openvino(exact=False, threads=threads)
    found = together.run("paint", np.concatenate(pictures_), np.concatenate(noise), NUMBERS)
    assert np.array_equal(found, np.concatenate(wanted))
    monkeypatch.setattr(OpenVinoRuntime, "_compile", None)
    assert np.array_equal(together.run("paint", pictures_[0], noise[0], NUMBERS), wanted[0])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_pictures_begun_while_others_are_under_way_are_the_same(count: int) -> None:
    runtime = openvino(exact=False, threads=2)
    noise = np.repeat(inputs(32, 48)[1], count, axis=0)
    given = [np.roll(pictures(32, 48, count), 9 * n, 2) for n in range(4)]
    wanted = [runtime.run("paint", images, noise, NUMBERS) for images in given]
    under_way = [runtime.start("paint", images, noise, NUMBERS) for images in given]
    found = [each()[0] for each in under_way]
    assert all(np.array_equal(one, other) for one, other in zip(found, wanted, strict=True))
    assert all(np.array_equal(each()[0], other) for each, other in zip(under_way, wanted, strict=True))


def test_who_paints_waits_for_who_prepares(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime, given = openvino(exact=False, threads=2), inputs(32, 48)
    compile_, begun, compilations = runtime._compile, threading.Event(), 0

    def slowly(*arguments: Any) -> Any:
        nonlocal compilations
        compilations += 1
        begun.set()
        time.sleep(0.1)
        return compile_(*arguments)

    monkeypatch.setattr(runtime, "_compile", slowly)
    preparing = threading.Thread(target=lambda: runtime.prepare("paint", *given))
    preparing.start()
    assert begun.wait(5)
    runtime.run("paint", *given)
    preparing.join()
    assert compilations == 1


@pytest.mark.parametrize("at_once", [1, 2])
def test_what_is_prepared_is_compiled(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """And pictures painted one by one wait for nothing where two at once were expected."""
    runtime = openvino(exact=False, threads=2)
    compile_, sizes = runtime._compile, []

    def noted(section: str, arrays: list[Any], streams: int) -> Any:
        sizes.append(([array.shape for array in arrays], streams))
        return compile_(section, arrays, streams)

    monkeypatch.setattr(runtime, "_compile", noted)
    found = CanvasEngine(runtime, seed=0, config=PARAMETERS.config)
    found.prepare(30, 44, STYLE, at_once=at_once)
    for count in (at_once, 1):
        found.paint(pictures(30, 44, count), [found.looked_up(found.new_canvas(30, 44))] * count, STYLE)
    assert [streams for _, streams in sizes] == [at_once]


def test_batches_fit_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = torch.device("cuda")
    assert batch_size(CPU, 640 * 360) == 1
    for cores, pixels, count in [("2", 1920 * 1080, 2), ("2", 3840 * 2160, 1), ("1", 640 * 360, 1)]:
        monkeypatch.setenv("OMP_NUM_THREADS", cores)
        assert batch_size(CPU, pixels, pairs=True) == count
    sizes = [640 * 360, 1920 * 1080, 3840 * 2160, 7680 * 4320]
    assert [batch_size(cuda, pixels) for pixels in sizes] == [8, 8, 2, 1]


_OFFLINE = """
import json, sys
reached = []
sys.addaudithook(lambda name, args: reached.append(str(args)) if name in ("socket.connect", "socket.getaddrinfo") else None)
import numpy as np
import torch
from tests.networks import canvas_network
from stylize_video.models.feed_forward import engine
from stylize_video.models.feed_forward.parameters import CanvasParameters
parameters = CanvasParameters.of(canvas_network())
found = engine.open_engine(parameters, torch.device("cpu"))
found.paint(np.zeros((1, 32, 32, 3), np.uint8), [found.new_canvas(32, 32)], parameters.mixed([1.0]))
import threading, time
deadline = time.monotonic() + 1
while threading.active_count() > 1 and time.monotonic() < deadline:
    time.sleep(0.05)
print(json.dumps({"reached": reached, "openvino": "openvino" in sys.modules, "tools": "openvino.tools.ovc" in sys.modules}))
"""  # noqa: E501


def test_openvino_neither_phones_home_nor_leaves_anything_there(tmp_path: Path) -> None:
    """Importing it tells Google Analytics, unless kept from it."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "CI"}  # where it is silent
    environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", _OFFLINE],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {"reached": [], "openvino": True, "tools": False}
    assert list(home.iterdir()) == []


def test_others_in_the_process_can_still_convert_by_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino_telemetry", None)
    imported = openvino_runtime.import_openvino()
    assert callable(imported.convert_model)
    with pytest.raises(AttributeError, match="nothing"):
        imported.nothing  # noqa: B018


# -- the style is an input --


@pytest.mark.parametrize("make", [eager, lambda: openvino(exact=True)], ids=["eager", "exact openvino"])
def test_one_program_paints_all_styles_and_mixtures(make: Any) -> None:
    given, found, paintings = to_unit(picture(64, 96)), CanvasEngine(make(), seed=0), []
    for shares in ([1.0, 0.0, 0.0], [0.0, 0.0, 1.0], SHARES):
        canvases = [found.new_canvas(64, 96)]
        paintings.append(first(found.paint(last(given), canvases, PARAMETERS.mixed(shares))))
        assert psnr(paintings[-1], by_network(given, found, shares)) >= 90
    assert psnr(paintings[0], paintings[1]) < 40  # they do differ


def test_a_style_trained_on_the_same_convolutions_needs_no_program_of_its_own() -> None:
    other = canvas_network(styles=3)
    for value in other.style_parameters().values():
        value.data.add_(0.5)
    assert engine.program(CanvasParameters.of(other)).identity == program().identity
    assert program(1).identity != program().identity


def test_another_style_costs_neither_conversion_nor_compilation(monkeypatch: pytest.MonkeyPatch) -> None:
    given, found = pictures(128, 192), engine.open_engine(PARAMETERS, CPU)
    blank = [found.new_canvas(128, 192)]
    found.paint(given, blank, STYLE)  # compiles

    def refused(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(OpenVinoRuntime, "_compile", refused)
    seconds = {}
    for changing in (False, True):
        began = time.process_time()
        for number in range(20):
            other = PARAMETERS.mixed([0, number / 20, 1 - number / 20]) if changing else STYLE
            found.paint(given, blank, other)
        seconds[changing] = time.process_time() - began
    assert seconds[True] < 1.5 * seconds[False]


@pytest.mark.gpu
def test_cuda_paints_what_the_network_paints() -> None:
    cuda = torch.device("cuda")
    shapes = [(1, (64, 96)), (4, (64, 96)), (2, (32, 48)), (1, (208, 272))]
    for exact, tolerance in ((False, 45), (True, 55)):  # 58.9 dB is the rounding
        found = engine.open_engine(PARAMETERS, cuda, exact=exact)
        for count, size in shapes * 3:  # recorded, then replayed after others were
            given = picture(*size, count=count)
            there = given.permute(0, 2, 3, 1).to(cuda)
            painted = first(found.paint(there, [found.new_canvas(*size)] * count, STYLE))
            assert psnr(to_unit(painted), by_network(to_unit(given), found)) >= tolerance
        torch.cuda.empty_cache()
