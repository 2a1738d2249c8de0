"""Pictures painted by the network itself: as the engine paints them, whatever their size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from stylize_video.models.feed_forward import engine
from stylize_video.models.feed_forward.blank_canvas import OnBlankCanvas
from stylize_video.models.feed_forward.engine import CanvasEngine
from stylize_video.models.feed_forward.parameters import CanvasParameters
from tests.layout import first, last
from tests.networks import canvas_network

PARAMETERS = CanvasParameters.of(canvas_network())
STYLE = PARAMETERS.mixed([1.0])


@pytest.fixture(scope="module")
def compiled() -> CanvasEngine:
    """On the same canvas."""
    return engine.open_engine(PARAMETERS, torch.device("cpu"), exact=True, seed=4)


@pytest.fixture(scope="module")
def network() -> OnBlankCanvas:
    """Always the same."""
    return OnBlankCanvas(canvas_network(), seed=4)


@pytest.mark.parametrize("size", [(64, 96), (50, 70), (33, 17), (1, 1), (3, 130)])
def test_it_paints_as_the_engine_does(
    size: tuple[int, int], compiled: CanvasEngine, network: OnBlankCanvas
) -> None:
    images = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        painted = network(images, torch.from_numpy(STYLE)[None])
    assert painted.shape == images.shape
    assert 0 <= painted.min() <= painted.max() <= 1
    if size != (1, 1):  # whose normalised features are rounding errors, made as large as any others
        canvases = [compiled.new_canvas(*size)] * 2
        torch.testing.assert_close(
            painted, first(compiled.paint(last(images), canvases, STYLE)), atol=2e-3, rtol=0
        )


def test_another_seed_gives_other_strokes(network: OnBlankCanvas) -> None:
    images, numbers = torch.full((1, 3, 64, 64), 0.5), torch.from_numpy(STYLE)[None]
    with torch.no_grad():
        found: list[NDArray[np.float32]] = [
            made(images, numbers).numpy() for made in (network, OnBlankCanvas(canvas_network(), seed=5))
        ]
    assert np.abs(found[0] - found[1]).mean() > 0.005
