"""Every engine paints what the network itself paints, whatever it runs on."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylize_video.errors import DeviceError
from stylize_video.models.runtimes import model_cache
from stylize_video.models.runtimes.fastest import batch_size
from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime
from stylize_video.models.runtimes.picture_kinds import to_kind, to_unit
from stylize_video.models.runtimes.program import Program, Runtime
from stylize_video.models.runtimes.torch_runtime import TorchRuntime
from stylize_video.models.transform_net import engine
from stylize_video.models.transform_net.parameters import TransformParameters
from tests.layout import first, last
from tests.networks import network

Pictures = NDArray[Any]
CPU = torch.device("cpu")
STYLE = torch.ones(1, 1)
SIZES = [(64, 96), (37, 50), (9, 130), (1, 1)]


def psnr(one: Tensor, other: Tensor) -> float:
    """In dB, of pictures in 0..1."""
    return float(-10 * torch.log10((one - other).square().mean().clamp_min(1e-20)))


def picture(height: int, width: int, count: int = 1) -> Tensor:
    """Smooth colours, as bytes."""
    torch.manual_seed(5)
    coarse = torch.rand(count, 3, 5, 6)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)
    return to_kind(smooth.clamp(0, 1), torch.uint8)


PARAMETERS = TransformParameters.of(network())
VECTOR = PARAMETERS.mixed([1.0])
NUMBERS = VECTOR.reshape(1, 1, 1, -1)  # as a runtime takes them


def program(seed: int = 0) -> Program:
    return engine.program(TransformParameters.of(network(seed)))


def openvino(*, exact: bool) -> Runtime:
    return OpenVinoRuntime(program(), exact=exact, threads=1)


def eager() -> Runtime:
    return TorchRuntime(program(), CPU, half=False)


class HalfOnCpu(TorchRuntime):
    """What runs on CUDA, but for the graphs: float16 by autocast."""

    def __init__(self) -> None:
        super().__init__(program(), CPU, half=True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("tile", [0, 64])
@pytest.mark.parametrize(
    ("name", "tolerance"), [("eager", 90), ("exact openvino", 90), ("fast openvino", 45), ("half", 45)]
)
def test_an_engine_paints_what_the_network_paints(
    name: str, tolerance: float, size: tuple[int, int], tile: int
) -> None:
    sections = {
        "eager": eager,
        "exact openvino": lambda: openvino(exact=True),
        "fast openvino": lambda: openvino(exact=False),
        "half": HalfOnCpu,
    }[name]()
    if tolerance < 90 and size == (1, 1):
        pytest.skip("a flat picture's normalised features are rounding errors, made as large as any others")
    given = picture(*size, count=2)
    with torch.inference_mode():
        wanted = network()(to_unit(given), STYLE)
    found = engine.Engine(sections, VECTOR, tile)
    floats = first(found.paint(last(to_unit(given))))
    assert floats.shape == wanted.shape
    assert floats.dtype == torch.float32
    assert psnr(floats, wanted) >= tolerance
    as_bytes = first(found.paint(last(given)))
    assert as_bytes.dtype == torch.uint8
    assert psnr(to_unit(as_bytes), wanted) >= min(tolerance, 55)  # 58.9 dB is the rounding


def test_the_cpu_is_painted_on_by_openvino_and_films_of_many_bits_exactly() -> None:
    given = to_unit(picture(64, 96))
    with torch.inference_mode():
        wanted = network()(given, STYLE)
    found = engine.create(network(), STYLE[0], CPU, exact=True)
    assert type(found._runtime).__name__ == "OpenVinoRuntime"
    assert psnr(first(found.paint(last(given))), wanted) > 100


def test_without_openvino_torch_paints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)  # `import` raises as if it were not there
    found = engine.create(network(), STYLE[0], CPU)
    assert isinstance(found._runtime, TorchRuntime)
    assert found.notes == []
    assert found.paint(last(picture(16, 16))).shape == (1, 16, 16, 3)


def test_large_pictures_are_painted_in_tiles_by_themselves() -> None:
    found = engine.Engine(eager(), VECTOR)
    assert found._tile_for(np.empty((1, 2160, 3840, 3), np.uint8)) == 0
    assert found._tile_for(np.empty((1, 4320, 7680, 3), np.uint8)) == 512
    assert engine.Engine(openvino(exact=True), VECTOR)._tile_for(np.empty((1, 4320, 7680, 3), np.uint8)) == 0
    assert engine.Engine(eager(), VECTOR, 0)._tile_for(np.empty((1, 4320, 7680, 3), np.uint8)) == 0
    assert engine.Engine(eager(), VECTOR, 512)._tile_for(np.empty((1, 256, 256, 3), np.uint8)) == 0


class SmallDevice:
    """A device whose memory holds so many pixels of pictures."""

    device = CPU
    frugal = False

    def __init__(self, pixels: int) -> None:
        self.pixels = pixels
        self.calls: list[tuple[int, ...]] = []
        self.forgotten = 0
        self._inner = eager()

    def run(self, section: str, *inputs: Pictures) -> Pictures:
        shape = inputs[0].shape
        self.calls.append(tuple(shape))
        if shape[3] == 3 and math.prod(shape[:3]) > self.pixels:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return self._inner.run(section, *inputs)

    def forget(self) -> None:
        self.forgotten += 1


def test_a_batch_too_large_for_the_device_is_halved_and_stays_so() -> None:
    device = SmallDevice(2 * 64 * 64)
    found = engine.Engine(device, VECTOR)
    given = last(picture(64, 64, count=8))
    assert np.array_equal(found.paint(given), eager().run("paint", given, NUMBERS))
    assert [call[0] for call in device.calls] == [8, 4, 2, 2, 2, 2]
    assert device.forgotten == 2
    device.calls.clear()
    found.paint(given)
    assert [call[0] for call in device.calls] == [2, 2, 2, 2]


def test_a_picture_too_large_for_the_device_is_painted_in_tiles() -> None:
    device = SmallDevice(130 * 130)
    found = engine.Engine(device, VECTOR, tile=0)
    given = last(picture(256, 256))
    painted = found.paint(given)
    assert np.abs(painted.astype(int) - eager().run("paint", given, NUMBERS)).max() <= 1


def test_a_device_with_next_to_no_memory_says_so() -> None:
    with pytest.raises(DeviceError, match="256x256; use `max_size` or `device` cpu"):
        engine.Engine(SmallDevice(10), VECTOR).paint(last(picture(256, 256)))


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
    given = last(picture(32, 48))
    wanted = openvino(exact=True).run("paint", given, NUMBERS)
    assert conversions == 1
    assert np.array_equal(openvino(exact=True).run("paint", given, NUMBERS), wanted)
    openvino(exact=True).run(
        "paint", last(picture(48, 64)), NUMBERS
    )  # another size is compiled, not converted
    assert conversions == 1
    (entry,) = (tmp_path / "stylize-video").iterdir()
    whole = entry.read_bytes()
    for damaged in (whole[:-100], whole[:5000] + b"x" + whole[5001:], b""):
        entry.write_bytes(damaged)
        assert np.array_equal(openvino(exact=True).run("paint", given, NUMBERS), wanted)
        assert entry.read_bytes()[32:] != damaged[32:]
    assert conversions == 4
    other = OpenVinoRuntime(program(1), exact=True, threads=1)
    assert not np.array_equal(other.run("paint", given, NUMBERS), wanted)  # other weights, another entry
    assert len(list((tmp_path / "stylize-video").iterdir())) == 2


def test_a_cache_that_can_not_be_written_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    given = last(picture(32, 48))
    wanted = openvino(exact=True).run("paint", given, NUMBERS)

    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model_cache, "load", lambda _: None)
    monkeypatch.setattr(OpenVinoRuntime, "_pack", full)
    assert np.array_equal(openvino(exact=True).run("paint", given, NUMBERS), wanted)


def test_an_entry_that_is_whole_but_no_model_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    given = last(picture(32, 48))
    wanted = openvino(exact=True).run("paint", given, NUMBERS)
    monkeypatch.setattr(model_cache, "load", lambda _: (4).to_bytes(8, "big") + b"<xml" + b"values")
    assert np.array_equal(openvino(exact=True).run("paint", given, NUMBERS), wanted)


def test_an_openvino_that_is_broken_is_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> object:
        raise ImportError("libopenvino.so.2600: cannot open shared object file")

    monkeypatch.setattr("stylize_video.models.runtimes.openvino_runtime.import_openvino", broken)
    found = engine.create(network(), STYLE[0], CPU)
    assert isinstance(found._runtime, TorchRuntime)
    assert "PyTorch paints" in found.notes[0]


def test_batches_fit_the_device() -> None:
    cuda = torch.device("cuda")
    assert batch_size(CPU, 640 * 360) == 1
    sizes = [640 * 360, 1920 * 1080, 3840 * 2160, 7680 * 4320]
    assert [batch_size(cuda, pixels) for pixels in sizes] == [8, 8, 2, 1]


_OFFLINE = """
import json, sys
reached = []
sys.addaudithook(lambda name, args: reached.append(str(args)) if name in ("socket.connect", "socket.getaddrinfo") else None)
import torch
from tests.networks import network
from stylize_video.models.transform_net import engine
from stylize_video.models.runtimes.fastest import batch_size
found = engine.create(network(), torch.ones(1), torch.device("cpu"))
found.paint(torch.zeros(1, 32, 32, 3, dtype=torch.uint8).numpy())
import threading, time
deadline = time.monotonic() + 1
while threading.active_count() > 1 and time.monotonic() < deadline:
    time.sleep(0.05)
print(json.dumps({"reached": reached, "openvino": "openvino" in sys.modules}))
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
    assert json.loads(done.stdout) == {"reached": [], "openvino": True}
    assert list(home.iterdir()) == []


# -- the style is an input --


def three_styles() -> TransformParameters:
    return TransformParameters.of(network(styles=3))


@pytest.mark.parametrize("tile", [0, 64])
@pytest.mark.parametrize("name", ["eager", "exact openvino"])
def test_one_program_paints_all_styles_and_mixtures(name: str, tile: int) -> None:
    parameters, given = three_styles(), picture(64, 96)
    made = engine.program(parameters)
    runtime: Runtime = (
        TorchRuntime(made, CPU, half=False)
        if name == "eager"
        else OpenVinoRuntime(made, exact=True, threads=1)
    )
    found = engine.Engine(runtime, parameters.mixed([1, 0, 0]), tile)
    weights = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.2, 0.5, 0.3]]
    paintings = []
    for mixture in weights:
        found.style = parameters.mixed(mixture)
        with torch.inference_mode():
            wanted = network(styles=3)(to_unit(given), torch.tensor([mixture]))
        paintings.append(first(found.paint(last(to_unit(given)))))
        assert psnr(paintings[-1], wanted) >= 90
    assert psnr(paintings[0], paintings[1]) < 40  # they do differ


def test_a_style_trained_on_the_same_convolutions_needs_no_program_of_its_own() -> None:
    parameters = three_styles()
    trained = parameters.with_style(np.full(parameters.table.shape[1], 0.7, np.float32))
    assert engine.program(trained).identity == engine.program(parameters).identity
    other = TransformParameters.of(network(1, styles=3))
    assert engine.program(other).identity != engine.program(parameters).identity


def test_another_style_costs_neither_conversion_nor_compilation(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters, given = three_styles(), last(picture(128, 192))
    found = engine.open_engine(parameters, parameters.mixed([1, 0, 0]), CPU)
    found.paint(given)  # compiles

    def refused(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(OpenVinoRuntime, "_compile", refused)
    seconds = {}
    for changing in (False, True):
        began = time.process_time()
        for number in range(20):
            if changing:
                found.style = parameters.mixed([0, number / 20, 1 - number / 20])
            found.paint(given)
        seconds[changing] = time.process_time() - began
    assert seconds[True] < 1.5 * seconds[False]


@pytest.mark.gpu
def test_cuda_paints_what_the_network_paints() -> None:
    cuda = torch.device("cuda")
    shapes = [(1, (64, 96)), (4, (64, 96)), (2, (37, 50)), (1, (200, 264))]
    for exact, tolerance in ((False, 45), (True, 55)):  # 58.9 dB is the rounding
        found = [engine.create(network(), STYLE[0], cuda, exact=exact, tile=tile) for tile in (0, 64)]
        for count, size in shapes * 3:  # recorded, then replayed after others were
            given = picture(*size, count=count)
            with torch.inference_mode():
                wanted = network()(to_unit(given), STYLE)
            for paints in found:
                assert (
                    psnr(to_unit(first(paints.paint(given.permute(0, 2, 3, 1).to(cuda)))), wanted)
                    >= tolerance
                )
            torch.cuda.empty_cache()
