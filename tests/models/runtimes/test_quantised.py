"""Convolutions of bytes: all that can be are, and what comes out is next to what floats give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stylize_video.models.canvas import Canvas
from stylize_video.models.feed_forward import engine
from stylize_video.models.feed_forward.engine import CanvasEngine
from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.feed_forward.shape import multiplying
from stylize_video.models.feed_forward.training import calibration
from stylize_video.models.runtimes import conversion, devices, quantised
from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime, import_openvino
from stylize_video.models.runtimes.program import Program
from stylize_video.process import processor
from tests.networks import canvas_network, noise

NETWORK = canvas_network(styles=2)
STYLE = [1.0, 0.0]


@pytest.fixture(scope="module")
def parameters() -> CanvasParameters:
    """A network with its ranges."""
    found = calibration.find_ranges(NETWORK, [noise(5, 64, 96)])
    plain = CanvasParameters.of(NETWORK)
    return CanvasParameters(plain.config, plain.arrays, found)


def _engine(parameters: CanvasParameters, **how: bool) -> CanvasEngine:
    runtime = OpenVinoRuntime(engine.program(parameters), threads=1, **{"exact": False, **how})
    return CanvasEngine(runtime, seed=0)


def test_ranges_are_known_of_every_convolution_but_the_last_two(parameters: CanvasParameters) -> None:
    assert set(parameters.ranges) == set(multiplying(NETWORK.config))
    assert not {"last", "up_full.convolution"} & set(parameters.ranges)
    assert parameters.ranges["before.0.conv2"][0] == 0  # after a ReLU
    assert -1.5 < parameters.ranges["head.convolution"][0] < -1  # the picture, and the canvas no wider


@pytest.fixture(scope="module")
def model(parameters: CanvasParameters) -> Any:
    """The quantised network; torch's tracing leaves a thread behind."""
    program = engine.program(parameters)
    inputs = [np.zeros((1, 32, 32, 3), np.uint8), np.zeros((1, 8, 8, 8), np.float32)]
    model = conversion.convert(
        program.build()["paint"], [*inputs, parameters.mixed(STYLE).reshape(1, 1, 1, -1)]
    )
    quantised.quantise(model, program.ranges["paint"], import_openvino().opset13)
    return model


def test_every_convolution_but_the_last_two_takes_rounded_numbers(
    model: Any, parameters: CanvasParameters
) -> None:
    taken = [
        [_computed(node.input_value(n)) for n in range(2)]
        for node in model.get_ordered_ops()
        if node.get_type_name() == "Convolution"
    ]
    rounded = [kinds == ["FakeQuantize"] * 2 for kinds in taken]
    assert rounded == [True] * len(parameters.ranges) + [False, False]


def _computed(output: Any) -> str:
    """What kind of node computed a convolution's input, before it was moved."""
    node = output.get_node()
    while node.get_type_name() in ("Pad", "Concat", "Slice", "Gather"):
        node = node.input_value(0).get_node()
    name: str = node.get_type_name()
    return name


def test_bytes_paint_nearly_as_floats_do(parameters: CanvasParameters) -> None:
    images = np.stack([noise(5, 64, 96)])
    exact, fast = _engine(parameters, exact=True), _engine(parameters, int8=True)
    blank = exact.new_canvas(64, 96)
    wanted, found = (e.paint(images, [blank], parameters.mixed(STYLE)) for e in (exact, fast))
    error = np.square(wanted.astype(float) - found).mean()
    assert 0.01 < error < 255**2 / 10 ** (30 / 10)  # it is another program, and 30 dB near


def test_a_model_without_these_convolutions_is_refused(parameters: CanvasParameters) -> None:
    program = Program(engine.program(parameters).build, b"other", {"paint": {"nowhere": (0.0, 1.0)}})
    runtime = OpenVinoRuntime(program, exact=False, int8=True, threads=1)
    with pytest.raises(ValueError, match="nowhere"):
        CanvasEngine(runtime, seed=0).paint(
            np.zeros((1, 32, 32, 3), np.uint8), [Canvas.of(32, 32, seed=0)], parameters.mixed(STYLE)
        )


@pytest.mark.parametrize(
    ("flags", "fast"),
    [("avx2 avx512_vnni", True), ("avx2 avx_vnni", True), ("avx2", False), ("avx512_vnni amx_bf16", False)],
)
def test_bytes_are_for_processors_with_vnni_and_no_amx(
    flags: str, fast: bool, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor\t: 0\nflags\t\t: fpu {flags}\n")
    monkeypatch.setattr(processor, "_CPU_INFO", info)
    devices.has_fast_int8.cache_clear()
    assert devices.has_fast_int8() is fast
    monkeypatch.setattr(processor, "_CPU_INFO", tmp_path / "none")
    devices.has_fast_int8.cache_clear()
    assert not devices.has_fast_int8()
    devices.has_fast_int8.cache_clear()
