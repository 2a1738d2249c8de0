"""Strokes that are remembered from frame to frame."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from stylize_video.models.alias_free.engine import SHARE, AliasFreeEngine, way_to
from stylize_video.models.canvas import CELL, Canvas, Since
from stylize_video.models.feed_forward import engine
from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.runtimes.devices import CPU
from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime
from stylize_video.models.runtimes.torch_runtime import TorchRuntime
from stylize_video.pipeline import saved_state
from tests.networks import ALIAS_FREE_SHAPE, alias_free_network

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures

HEIGHT, WIDTH = 64, 96  # px
STILL = np.zeros((HEIGHT // CELL, WIDTH // CELL, 2), np.float32)
SURE = np.ones((HEIGHT // CELL, WIDTH // CELL), np.float32)


PARAMETERS = CanvasParameters.of(alias_free_network())
STYLE, OTHER = PARAMETERS.mixed((1.0, 0.0)), PARAMETERS.mixed((0.0, 1.0))


class _Counted(OpenVinoRuntime):
    """What is run is known afterwards; one section may need more memory than there is."""

    def __init__(self, too_large: str = "") -> None:
        super().__init__(engine.program(PARAMETERS), exact=True, threads=1)
        self.too_large = too_large
        self.begun: list[str] = []

    def start(self, section: str, *inputs: Pictures) -> Any:
        self.begun.append(section)
        if section == self.too_large:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().start(section, *inputs)


@pytest.fixture(scope="module")
def painter() -> AliasFreeEngine:
    found = engine.open_engine(PARAMETERS, CPU, exact=True)
    assert isinstance(found, AliasFreeEngine)
    return found


def film(count: int, *, noise: float = 0.02) -> NDArray[np.float32]:
    """A scene that stays, and a sensor's noise."""
    rng = np.random.default_rng(0)
    scene = rng.uniform(0.2, 0.8, (1, HEIGHT, WIDTH, 3))
    return (scene + noise * rng.normal(size=(count, HEIGHT, WIDTH, 3))).astype(np.float32)


def canvases(painter: AliasFreeEngine, count: int, back: NDArray[np.float32] = STILL) -> list[Canvas]:
    """Of a shot."""
    first = painter.new_canvas(HEIGHT, WIDTH)
    return [first] + [replace(first, since=Since(back, SURE))] * (count - 1)


def test_what_noise_would_change_stays(painter: AliasFreeEngine) -> None:
    frames, given = film(8), canvases(painter, 8)

    def change(*, remember: bool) -> float:
        """From one frame's strokes to the next one's."""
        known, found = painter.new_shot(), []
        for number in range(8):
            known = known if remember else painter.new_shot()
            painter.paint(frames[number : number + 1], given[number : number + 1], STYLE, known)
            found.append(known.strokes)
        return float(np.square(np.diff(np.concatenate(found), axis=0)[3:]).mean())

    # Of noise that is new in each frame, a running mean moves by (1 - s)^2 / (1 + s): a twentieth.
    assert change(remember=True) < 0.1 * change(remember=False)


def test_frames_in_a_batch_are_those_one_by_one(painter: AliasFreeEngine) -> None:
    frames, given, known = film(4), canvases(painter, 4), painter.new_shot()
    together = painter.paint(frames, given, STYLE, painter.new_shot())
    each = [painter.paint(frames[n : n + 1], given[n : n + 1], STYLE, known) for n in range(4)]

    assert np.array_equal(np.concatenate(each), together)


def test_strokes_are_brought_along_the_motion() -> None:
    """Those of the frame before and nothing else, one cell to the right and two down of where they were."""
    network = PARAMETERS.network().freeze()
    paint = ALIAS_FREE_SHAPE.sections(network)["paint next"]
    back = np.broadcast_to(np.float32([-CELL, -2 * CELL]), STILL.shape)
    way = way_to(Since(back, SURE), *SURE.shape)
    images, noise = torch.rand(1, 3, HEIGHT, WIDTH), torch.randn(1, 4 * 4, *SURE.shape)
    before = torch.randn(1, ALIAS_FREE_SHAPE.quarter_channels, *SURE.shape).half()
    places, share = (torch.from_numpy(x).permute(0, 3, 1, 2) for x in way)
    with torch.no_grad():
        _, strokes = paint(
            *(images, noise[:, : _channels(network)], torch.from_numpy(STYLE)[None, :, None, None]),
            *(before, places, (share > 0).float()),
        )

    torch.testing.assert_close(strokes[:, :, 2:, 1:], before[:, :, :-2, :-1], atol=1e-3, rtol=0)
    assert float(share[..., :2, :].max()) == float(share[..., :1].max()) == 0  # it came into view
    assert float(share[..., 2:, 1:].min()) == pytest.approx(SHARE)


def _channels(network: Any) -> int:
    """Of a canvas."""
    return int(network.config.convolutions[1][1] - network.config.seen_channels)


def test_where_the_motion_is_not_trusted_nothing_is_brought(painter: AliasFreeEngine) -> None:
    frames, (first, _) = film(2), canvases(painter, 2)
    doubted = replace(first, since=Since(STILL, 0 * SURE))
    found = painter.paint(frames, [first, doubted], STYLE, painter.new_shot())

    np.testing.assert_allclose(found, painter.paint(frames, [first, first], STYLE), atol=1e-4)


def test_a_flow_of_no_numbers_spoils_nothing(painter: AliasFreeEngine) -> None:
    frames, (first, _) = film(3), canvases(painter, 2)
    broken = replace(first, since=Since(STILL * np.nan, SURE))

    assert np.isfinite(painter.paint(frames, [first, broken, broken], STYLE, painter.new_shot())).all()


@pytest.mark.parametrize("what", ["shot", "style", "size"])
def test_what_begins_anew_is_painted_by_itself(what: str, painter: AliasFreeEngine) -> None:
    frames, (first, second) = film(2), canvases(painter, 2)
    known, style = painter.new_shot(), STYLE
    painter.paint(frames[:1], [first], STYLE, known)
    image = frames[1:]
    if what == "shot":
        known = painter.new_shot()
    elif what == "style":
        style = OTHER
    else:
        image = image[:, :48]
        second = replace(painter.new_canvas(48, WIDTH), since=Since(STILL[:12], SURE[:12]))
    found = painter.paint(image, [second], style, known)

    np.testing.assert_allclose(found, painter.paint(image, [second], style), atol=1e-4)


@pytest.mark.parametrize("size", [(33, 50), (90, 161)])
def test_any_size_is_painted(size: tuple[int, int], painter: AliasFreeEngine) -> None:
    canvas = painter.new_canvas(*size)
    cells = canvas.places.shape[:2]
    moved = replace(canvas, since=Since(np.ones((*cells, 2), np.float32), np.ones(cells, np.float32)))
    images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)

    assert painter.paint(images, [canvas, moved], STYLE, painter.new_shot()).shape == (2, *size, 3)


def test_what_is_remembered_can_be_saved(painter: AliasFreeEngine) -> None:
    frames, given, known = film(3), canvases(painter, 3), painter.new_shot()
    painter.paint(frames[:2], given[:2], STYLE, known)
    again = saved_state.loads(saved_state.dumps(known))

    found, wanted = (painter.paint(frames[2:], given[2:], STYLE, state) for state in (again, known))
    assert np.array_equal(found, wanted)


def test_what_is_prepared_is_what_paints_films() -> None:
    runtime = _Counted()
    made = AliasFreeEngine(runtime, seed=0, config=PARAMETERS.config)
    made.prepare(HEIGHT, WIDTH, STYLE)
    known = set(runtime._requests)
    frame = np.zeros((1, HEIGHT, WIDTH, 3), np.uint8)
    made.paint(frame, [made.new_canvas(HEIGHT, WIDTH)], STYLE, made.new_shot())

    assert runtime.begun == ["paint next"]
    assert set(runtime._requests) == known


def test_where_memory_is_short_frames_are_painted_by_themselves() -> None:
    runtime = _Counted(too_large="paint next")
    made = AliasFreeEngine(runtime, seed=0, config=PARAMETERS.config)
    frames, given = film(2), canvases(made, 2)
    found = made.paint(frames, given, STYLE, made.new_shot())

    assert np.array_equal(found, made.paint(frames, given, STYLE))
    assert "too little memory to bring strokes along" in made.notes[0]
    assert len(made.notes) == 1
    assert runtime.begun == ["paint next", "paint", "paint", "paint"]


def test_pytorch_paints_the_same(painter: AliasFreeEngine) -> None:
    runtime = TorchRuntime(engine.program(PARAMETERS), CPU, half=False)
    other = AliasFreeEngine(runtime, seed=0, config=PARAMETERS.config)
    frames, given = film(3), canvases(painter, 3, STILL + np.float32(1.3))
    found, wanted = (each.paint(frames, given, STYLE, each.new_shot()) for each in (other, painter))

    np.testing.assert_allclose(found, wanted, atol=1e-3)
