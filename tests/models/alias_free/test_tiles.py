"""A picture in tiles is the whole one's painting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from stylize_video.errors import DeviceError
from stylize_video.models import methods
from stylize_video.models.alias_free import tiles
from stylize_video.models.feed_forward import engine, gallery
from stylize_video.models.feed_forward.engine import CanvasEngine
from stylize_video.models.runtimes.devices import CPU
from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime
from stylize_video.models.style_spec import parse

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures

STYLE = "starry-night"  # whose strokes reach farthest


class _Narrow:
    """A device whose memory holds no picture of more than so many pixels' painting."""

    device = CPU

    def __init__(self, runtime: OpenVinoRuntime, most: int) -> None:
        self.runtime, self.most = runtime, most
        self.seen: list[tuple[str, tuple[int, ...]]] = []

    def run(self, section: str, *inputs: Pictures) -> Pictures:
        size = inputs[0].shape[1:3]
        if section != "statistics" and size[0] * size[1] > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.seen.append((section, tuple(size)))
        return self.runtime.run(section, *inputs)

    def start(self, *given: Any) -> Any:
        """All of it is done at once."""
        result = self.run(*given)
        return lambda: (result,)

    def prepare(self, *_: Any, **__: Any) -> None:
        """There is nothing to do."""

    def forget(self) -> None:
        self.runtime.forget()


@pytest.fixture(scope="module")
def found() -> Any:
    """The bundled painter."""
    style = parse(STYLE)
    return gallery.load(style, methods.networks_for(style, "alias-free"))


def _photograph(height: int, width: int) -> Pictures:
    """Waves of many sizes, brighter on one side, so that a tile by itself is painted otherwise."""
    y, x = np.mgrid[:height, :width]
    waves = sum(
        np.sin((x * a + y * b) / 2**n) for n, (a, b) in enumerate(((1, 2), (2, 1), (1, -1), (0, 1)), 1)
    )
    grey = 128 + 25 * waves * x / width + 60 * (x / width - 0.5)
    return np.asarray(np.stack([grey, 0.8 * grey, 255 - grey], -1)[None].clip(0, 255), np.uint8)


def test_tiles_are_the_painting_of_the_whole(found: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "painted", _with_small_tiles(tiles.painted))
    runtime = OpenVinoRuntime(engine.program(found.parameters), exact=False, threads=1)
    narrow = _Narrow(runtime, 192 * 192)
    picture = _photograph(180, 240)
    ends = [CanvasEngine(device, seed=0, config=found.parameters.config) for device in (runtime, narrow)]
    blank = ends[0].new_canvas(180, 240)
    whole, tiled = (end.paint(picture, [blank], found.style).astype(float) for end in ends)

    assert 10 * np.log10(255**2 / np.square(whole - tiled).mean()) > 45
    assert narrow.seen == [("statistics", (192, 240))] + [("paint by", (192, 192))] * 12


def _with_small_tiles(paint: Any) -> Any:
    return lambda *given: paint(*given, tile=64, margin=64)


def test_memory_that_is_too_small_for_tiles_is_told(found: Any) -> None:
    runtime = OpenVinoRuntime(engine.program(found.parameters), exact=True, threads=1)
    narrow = CanvasEngine(_Narrow(runtime, 1), seed=0, config=found.parameters.config)

    with pytest.raises(DeviceError, match="too little memory to paint 32x32 px"):
        narrow.paint(_photograph(32, 32), [narrow.new_canvas(32, 32)], found.style)
