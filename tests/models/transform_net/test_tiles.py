"""Painting in windows gives what painting at once gives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from stylize_video.models.runtimes.torch_runtime import TorchRuntime
from stylize_video.models.transform_net import engine, tiles
from stylize_video.models.transform_net.parameters import TransformParameters
from tests.layout import first, last
from tests.networks import network

CPU = torch.device("cpu")
PARAMETERS = TransformParameters.of(network())
STYLE = PARAMETERS.table.reshape(1, 1, 1, -1)


def runtime() -> TorchRuntime:
    """A small network that has learned nothing, in float32."""
    return TorchRuntime(engine.program(PARAMETERS), CPU, half=False)


def at_once(images: Tensor) -> Tensor:
    return first(runtime().run("paint", last(images), STYLE))


@pytest.mark.parametrize("length", [1, 4, 5, 9, 30, 31, 257])
@pytest.mark.parametrize("size", [1, 4, 7, 16])
def test_windows_use_each_pixel_once_and_are_all_of_one_size(length: int, size: int) -> None:
    found = list(tiles.windows(length, size))
    used = [p for w in found for p in range(length)[w.target(1)]]
    assert used == list(range(length))
    assert len({w.size for w in found}) == 1
    for w in found:
        assert 0 <= w.start <= w.start + w.size <= length
        assert w.start == 0 or w.used_start - w.start >= 2  # else the padding would be seen
        assert w.start + w.size in (length, *range(w.used_start + w.used_size + 2, length))
        computed = list(range(length))[w.outer(1)]
        assert computed[w.inner(1)] == list(range(length))[w.target(1)]


@pytest.mark.parametrize("tile", [64, 72, 100, 128])
@pytest.mark.parametrize("size", [(160, 208), (72, 328), (64, 64)])
def test_tiles_are_what_painting_at_once_gives(tile: int, size: tuple[int, int]) -> None:
    torch.manual_seed(1)
    images = torch.rand(2, 3, *size)
    images[..., : size[1] // 3] *= 0.1  # so that the tiles' own statistics would differ
    in_tiles = first(tiles.paint(runtime(), last(images), STYLE, tile))
    assert in_tiles.shape == images.shape
    assert (in_tiles - at_once(images)).abs().max() < 1e-5


def test_a_tile_painted_by_itself_would_differ() -> None:
    """So the test above can fail."""
    torch.manual_seed(1)
    images = torch.rand(1, 3, 64, 128)
    images[..., :64] *= 0.1
    alone = torch.cat([at_once(half) for half in images.split(64, dim=3)], dim=3)
    assert (alone - at_once(images)).abs().max() > 0.02


def test_bytes_come_back_as_bytes() -> None:
    images = torch.randint(0, 256, (1, 3, 64, 128), dtype=torch.uint8)
    in_tiles = first(tiles.paint(runtime(), last(images), STYLE, 64))
    assert in_tiles.dtype == torch.uint8
    assert (in_tiles.int() - at_once(images).int()).abs().max() <= 1
