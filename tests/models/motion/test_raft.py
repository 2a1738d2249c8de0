"""Motion by RAFT: units, direction and sizes, by networks whose flow is known or whose weights are random."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stylize_video.errors import WeightsError
from stylize_video.models.motion import raft
from stylize_video.models.motion.flow_estimation import DisMotion, FramePyramid, Motion
from stylize_video.models.motion.raft import RaftMotion

CPU = torch.device("cpu")


def view(picture: NDArray[np.uint8]) -> FramePyramid:
    return FramePyramid.of(picture)


def texture(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth blobs in colour, (height, width, 3)."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width, 3))
    return np.clip((cv2.GaussianBlur(noise, (0, 0), 5) - 127) * 8 + 127, 0, 255).astype(np.uint8)


class Known(nn.Module):
    """Says the same flow whatever it sees, and remembers that."""

    def __init__(self, first: tuple[float, float], second: tuple[float, float]) -> None:
        super().__init__()
        self.flows = torch.tensor(
            [first, second], dtype=torch.float32
        )  # (2, 2): of each item, px to the right and down
        self.seen: list[tuple[Tensor, Tensor]] = []

    def forward(self, first: Tensor, second: Tensor) -> list[Tensor]:
        assert not self.training
        assert torch.is_inference_mode_enabled()
        self.seen.append((first, second))
        flow = self.flows[: len(first), :, None, None].expand(-1, 2, *first.shape[-2:])
        return [torch.full_like(flow, torch.nan), flow]  # the last one counts


class Shift(nn.Module):
    """Finds by which shift the second picture of each item is the first one moved."""

    def forward(self, first: Tensor, second: Tensor) -> list[Tensor]:
        shifts = [
            cv2.phaseCorrelate(*(image.mean(0).double().numpy() for image in item), None)[0]
            for item in zip(first, second, strict=True)
        ]
        return [torch.tensor(shifts)[..., None, None].expand(-1, -1, *first.shape[-2:])]


@pytest.fixture(scope="module")
def random_network() -> nn.Module:
    from torchvision.models.optical_flow import raft_small

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network: nn.Module = raft_small(weights=None)
    return network


def test_the_flow_is_in_px_of_the_small_picture() -> None:
    before, now = view(texture(640, 352)), view(texture(640, 352, 1))
    estimator = RaftMotion(Known((4, -2), (-6, 8)), CPU)
    found, ways = estimator.between(before, now), estimator.both_ways(now, before)
    assert (found.back == ways.there).all()
    for flow, expected in ((ways.there, (2, -1)), (ways.back, (-3, 4))):  # seen in 320x176, grey in 160x88
        assert flow.shape == (88, 160, 2)
        assert flow.dtype == np.float32
        np.testing.assert_allclose(flow, np.broadcast_to(np.float32(expected), flow.shape), rtol=1e-6)


def test_small_pictures_are_enlarged_and_their_flow_is_not() -> None:
    known = Known((4, -2), (0, 0))
    small = view(texture(60, 40))
    found = RaftMotion(known, CPU).between(small, small)
    assert known.seen[0][0].shape == (1, 3, 128, 192)
    np.testing.assert_allclose(found.back[0, 0], (4 * 60 / 192, -2 * 40 / 128), rtol=1e-6)


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((640, 352), (320, 176)),
        ((641, 355), (320, 176)),  # what the small picture leaves out is not looked at
        ((352, 640), (176, 320)),
        ((1920, 1080), (960, 544)),
        ((3840, 2160), (960, 544)),
        ((64, 48), (168, 128)),
        ((2000, 64), (960, 128)),  # as long as it may be, as high as it has to be
    ],
)
def test_what_it_sees_has_the_size_it_needs(size: tuple[int, int], seen: tuple[int, int]) -> None:
    known = Known((0, 0), (0, 0))
    RaftMotion(known, CPU).between(view(texture(*size)), view(texture(*size)))
    first, second = known.seen[0]
    assert first.shape == second.shape == (1, 3, *seen[::-1])


def test_both_ways_are_one_batch_of_pictures_in_their_range() -> None:
    black, white = np.zeros((256, 256, 3), np.uint8), np.full((256, 256, 3), 255, np.uint8)
    known = Known((0, 0), (0, 0))
    RaftMotion(known, CPU).both_ways(view(white), view(black))
    assert len(known.seen) == 1
    first, second = known.seen[0]
    assert first[:, 0, 0, 0].tolist() == [1, -1]  # there, then back
    assert second[:, 0, 0, 0].tolist() == [-1, 1]
    red = np.zeros((256, 256, 3), np.uint8)
    red[..., 0] = 255
    RaftMotion(known, CPU).between(view(red), view(red))
    assert known.seen[1][0][0, :, 0, 0].tolist() == [1, -1, -1]


def test_it_points_to_where_dis_points() -> None:
    wide = texture(700, 352)
    before, now = (view(wide[:, x : x + 640]) for x in (40, 32))  # what is seen moves 8 px to the right
    found, expected = (e.between(before, now) for e in (RaftMotion(Shift(), CPU), DisMotion()))
    for flow in (found.back, expected.back):
        assert np.median(flow, (0, 1)) == pytest.approx([-2, 0], abs=0.2)


@pytest.mark.parametrize("size", [(160, 128), (131, 70)])
def test_a_network_of_torchvisions(random_network: nn.Module, size: tuple[int, int]) -> None:
    first, second = view(texture(*size)), view(texture(*size, 1))
    estimator = RaftMotion(random_network, CPU)
    ways, again = estimator.both_ways(first, second), estimator.both_ways(second, first)
    assert ways.there.shape == ways.back.shape == (*first.grey.shape, 2)
    assert np.isfinite(np.stack(ways)).all()
    assert np.ptp(ways.there) > 0
    np.testing.assert_allclose(ways.there, again.back, atol=1e-3)
    np.testing.assert_allclose(ways.back, again.there, atol=1e-3)
    np.testing.assert_allclose(estimator.between(second, first).back, ways.there, atol=1e-3)


def test_what_was_before_does_not_matter(random_network: nn.Module) -> None:
    first, second = view(texture(160, 128)), view(texture(160, 128, 1))
    estimator = RaftMotion(random_network, CPU)
    found = estimator.between(first, second)
    estimator.between(second, second)
    _same(found, estimator.between(first, second))


def _same(found: Motion, expected: Motion, **tolerance: float) -> None:
    np.testing.assert_allclose(np.stack(found), np.stack(expected), **tolerance)


@pytest.mark.gpu
def test_on_cuda_as_on_the_cpu(random_network: nn.Module) -> None:
    first, second = view(texture(320, 256)), view(texture(320, 256, 1))
    expected = RaftMotion(random_network, CPU).between(first, second)
    found = RaftMotion(random_network, torch.device("cuda")).between(first, second)
    assert {p.device.type for p in random_network.parameters()} == {"cuda"}
    random_network.cpu()
    scale = float(np.abs(np.stack(expected)).max())
    _same(found, expected, rtol=0, atol=0.02 * scale)  # convolutions in TF32


def test_loaded_from_the_cache(
    random_network: nn.Module, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "hub" / "checkpoints" / "raft_small_C_T_V2-01064c6d.pth"
    path.parent.mkdir(parents=True)
    torch.save(random_network.state_dict(), path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", _no_download)
    first, second = view(texture(160, 128)), view(texture(160, 128, 1))
    loaded = RaftMotion.load(CPU)
    _same(loaded.between(first, second), RaftMotion(random_network, CPU).between(first, second))


def _no_download(*_: Any, **__: Any) -> None:
    raise ConnectionError("no route to host")


def test_without_weights_dis_is_offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", _no_download)
    with pytest.raises(WeightsError, match=r"RAFT's weights can't be downloaded .* or use `flow` dis$"):
        RaftMotion.load(CPU)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(WeightsError, match=r"RAFT needs a torchvision .* or use `flow` dis$"):
        RaftMotion.load(CPU)


def test_the_weights_are_torchvisions_default() -> None:
    from torchvision.models.optical_flow import Raft_Small_Weights

    assert str(Raft_Small_Weights.DEFAULT) == raft._WEIGHTS.name
