"""The painter with a canvas, run: the same as the network itself, for all sizes and kinds of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from stylize_video.errors import DeviceError
from stylize_video.models import canvas
from stylize_video.models.feed_forward import engine
from stylize_video.models.feed_forward.engine import CanvasEngine
from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.runtimes.torch_runtime import TorchRuntime
from tests.layout import first
from tests.networks import canvas_network, noise

CPU = torch.device("cpu")
NETWORK = canvas_network(styles=2)
PARAMETERS = CanvasParameters.of(NETWORK)
SHARES = [0.3, 0.7]
STYLE = PARAMETERS.mixed(SHARES)


def torch_engine() -> CanvasEngine:
    runtime = TorchRuntime(engine.program(PARAMETERS), CPU, half=False)
    return CanvasEngine(runtime, seed=0)


@pytest.fixture(scope="module")
def compiled() -> CanvasEngine:
    """The fastest one here."""
    return engine.open_engine(PARAMETERS, CPU, exact=True)


def pictures(height: int, width: int, count: int = 1) -> NDArray[np.uint8]:
    return np.stack([noise(seed, height, width) for seed in range(count)])


def test_it_paints_as_the_network_does(compiled: CanvasEngine) -> None:
    images = pictures(64, 96)
    blank = compiled.new_canvas(64, 96)
    field = torch.from_numpy(compiled.field.at(blank.places))[None]
    with torch.inference_mode():
        wanted = NETWORK(first(images) / 255, field, torch.tensor([SHARES]))
    for found in (compiled, torch_engine()):
        painted = found.paint(images, [blank], STYLE)
        assert painted.dtype == np.uint8
        assert (first(painted) - wanted * 255).abs().max() < 1.5
        floating = found.paint((images / 255).astype(np.float32), [blank], STYLE)
        assert (first(floating) - wanted).abs().max() < 2e-3


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
    there = canvas.Canvas(here.places + np.float32(100), here.stretch, here.seed)
    painted = compiled.paint(images, [here, there], STYLE)
    assert np.abs(painted[0].astype(int) - painted[1]).mean() > 1
    assert np.array_equal(painted[0], compiled.paint(images[:1], [here], STYLE)[0])


def test_another_style_is_another_painting(compiled: CanvasEngine) -> None:
    images, blank = pictures(64, 64), compiled.new_canvas(64, 64)
    mixed = compiled.paint(images, [blank], STYLE)
    other = compiled.paint(images, [blank], PARAMETERS.mixed([1, 0]))
    assert np.abs(other.astype(int) - mixed).mean() > 0.5
    assert np.array_equal(compiled.paint(images, [blank], STYLE), mixed)


class _Small:
    """A device with room for so many pictures."""

    device, frugal = CPU, True

    def __init__(self, room: int) -> None:
        self.room, self.calls = room, 0

    def run(self, _: str, images: Any, *__: Any) -> Any:
        self.calls += 1
        if len(images) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return images

    def forget(self) -> None:
        """There is nothing to forget."""


def test_fewer_at_a_time_where_memory_is_short() -> None:
    device = _Small(2)
    found = CanvasEngine(device, seed=0)
    images = pictures(32, 32, 5)
    assert np.array_equal(found.paint(images, [found.new_canvas(32, 32)] * 5, STYLE), images)
    assert device.calls == 1 + 3


def test_a_picture_that_does_not_fit_is_told() -> None:
    found = CanvasEngine(_Small(0), seed=0)
    with pytest.raises(DeviceError, match="32x32, which a painter with a canvas paints whole"):
        found.paint(pictures(32, 32), [found.new_canvas(32, 32)], STYLE)
