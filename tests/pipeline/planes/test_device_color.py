"""Planes to RGB and back on the device, against libswscale and the standards' formulas (tests/drawing.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylize_video.pipeline.planes import color, device_color
from stylize_video.pipeline.planes.color import ColorConverter
from stylize_video.pipeline.planes.device_color import CENTRED, LEFT, PlaneCoder
from stylize_video.pipeline.signal import ColorTags
from tests import drawing

SAMPLE = Path(__file__).parents[3] / "samples" / "sample.mp4"
CPU = torch.device("cpu")
MATRICES = {"601": 6, "709": 1, "2020": 9}


def psnr(one: NDArray[Any], other: NDArray[Any], peak: float) -> float:
    error = np.square(one.astype(np.float64) - other).mean()
    return float(10 * np.log10(peak**2 / max(error, 1e-9)))


def levels(images: Tensor, number: int = 0) -> NDArray[Any]:
    """(N, H, W, 3) in 0..1 -> (H, W, 3) of one picture in 0..255, not rounded."""
    array: NDArray[Any] = images[number].float().cpu().numpy()
    return array * 255


def tensor(picture: NDArray[Any]) -> Tensor:
    """(H, W, 3) in 0..1 -> (1, H, W, 3)."""
    return torch.from_numpy(np.ascontiguousarray(picture)).float()[None]


def copies(frame: av.VideoFrame) -> list[NDArray[Any]]:
    return [plane.astype(np.int64) for plane in color.planes_of(frame)]


def smooth_picture(width: int, height: int) -> drawing.Rgb:
    """Colours that change slowly, so that no filter for chroma loses any of it."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / 9 + y / 14), np.cos(x / 12 - y / 10), np.sin(x / 15 + 1) * np.cos(y / 11)]
    return 0.5 + 0.3 * np.stack(waves, -1)


@pytest.fixture(scope="module")
def frame() -> av.VideoFrame:
    """A frame of the sample, which libswscale knows to have its chroma on the left."""
    with av.open(str(SAMPLE)) as container:
        return next(picture for number, picture in enumerate(container.decode(video=0)) if number == 60)


def stored_as(frame: av.VideoFrame, name: str) -> av.VideoFrame:
    return frame if name == frame.format.name else frame.reformat(format=name)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("yuv420p", True),
        ("yuvj420p", True),
        ("yuv440p", True),
        ("yuv422p10le", True),
        ("yuv444p16le", True),
        ("yuv411p", False),
        ("yuva420p", False),
        ("yuv420p10be", False),
        ("nv12", False),
        ("gray", False),
        ("rgb24", False),
        ("gbrp", False),
    ],
)
def test_what_is_supported(name: str, answer: bool) -> None:
    assert device_color.supported(name) == answer


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv420p10le", "yuv422p12le"])
def test_a_film_looks_as_through_libswscale(frame: av.VideoFrame, name: str) -> None:
    planes, tags = stored_as(frame, name), color.tags_of(frame)
    expected = ColorConverter(tags, frame.height).pixels(planes)
    expected = expected / (257 if expected.dtype == np.uint16 else 1)
    found = levels(PlaneCoder(tags, frame.height, name, device=CPU).images([planes]))
    assert psnr(found, expected, 255) > 50


@pytest.mark.parametrize(("siting", "floor"), [(CENTRED, 60), (LEFT, 40)])
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p", "yuv420p10le"])
def test_a_film_is_stored_as_by_libswscale(
    frame: av.VideoFrame, name: str, siting: float, floor: float
) -> None:
    """libswscale knows nothing of where chroma is to lie in what it makes, and takes it as centred."""
    tags, deep = color.tags_of(frame), name.endswith("le")
    peak = 65535 if deep else 255
    pixels = ColorConverter(tags, frame.height).pixels(stored_as(frame, name))
    expected = ColorConverter(tags, frame.height).planes(pixels, name)
    coder = PlaneCoder(tags, frame.height, name, device=CPU, siting=siting)
    (found,) = coder.planes(tensor(pixels.astype(np.float32) / peak))
    assert found.format.name == name
    for mine, theirs in zip(copies(found), copies(expected), strict=True):
        # Of 10 bits, libswscale's luma of 16-bit RGB is 0.2 % off.
        assert psnr(mine, theirs, 1023 if deep else 255) > (min(floor, 50) if deep else floor)


@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", sorted(MATRICES))
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv444p10le"])
def test_both_ways_by_the_standard(name: str, matrix: str, full_range: bool) -> None:
    picture = smooth_picture(96, 64)
    planes = drawing.to_frame(picture, name, matrix=matrix, full_range=full_range)
    tags = ColorTags(MATRICES[matrix], 2 if full_range else 1)
    coder = PlaneCoder(tags, 64, name, device=CPU, siting=CENTRED)
    inner = slice(4, -4)  # beyond the edges everybody guesses
    assert np.abs(levels(coder.images([planes])) - picture * 255)[inner, inner].max() < 2.5
    unit = 4 if name.endswith("10le") else 1
    (made,) = coder.planes(tensor(picture))
    for mine, right in zip(copies(made), copies(planes), strict=True):
        inside = (slice(3, -3), slice(3, -3))
        assert np.abs(mine - right)[inside].max() <= (1 if "444" in name else 2) * unit


@pytest.mark.parametrize("matrix", [1, 4, 5, 6, 7, 9, 10])
@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "yuv444p16le"])
def test_flat_colours_as_through_libswscale(name: str, matrix: int, full_range: bool) -> None:
    tags, bits = ColorTags(matrix, 2 if full_range else 1), color.bit_depth(name)
    coder, converter = PlaneCoder(tags, 64, name, device=CPU), ColorConverter(tags, 64)
    peak = 65535 if bits > 8 else 255
    for rgb in drawing.chart_colours().reshape(-1, 3):
        flat = np.broadcast_to(rgb, (16, 16, 3))
        pixels = np.rint(flat * peak).astype(np.uint16 if bits > 8 else np.uint8)
        stored = converter.planes(pixels, name)
        (made,) = coder.planes(tensor(pixels / peak))
        for mine, theirs in zip(copies(made), copies(stored), strict=True):
            assert np.abs(mine - theirs).max() <= 1 << (bits - 8)
        seen = converter.pixels(stored) * (255 / peak)
        assert np.abs(levels(coder.images([stored])).round() - seen.round()).max() <= 1


@pytest.mark.parametrize("siting", [CENTRED, LEFT])
@pytest.mark.parametrize("size", [(96, 64), (33, 17), (2, 2), (1, 1)])
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p", "yuv440p", "yuv444p", "yuv420p10le", "yuv444p16le"])
def test_there_and_back(name: str, size: tuple[int, int], siting: float) -> None:
    coder = PlaneCoder(ColorTags(1, 1), 64, name, device=CPU, siting=siting)
    (stored,) = coder.planes(tensor(smooth_picture(*size)))
    assert (stored.width, stored.height) == size
    images = coder.images([stored])
    assert images.shape == (1, size[1], size[0], 3)
    (back,) = coder.planes(images)
    bits = color.bit_depth(name)
    allowed = 1 if "444" in name else 3 << (bits - 8)  # at the edges, where chroma is only guessed
    for mine, theirs in zip(copies(back), copies(stored), strict=True):
        assert np.abs(mine - theirs).max() <= allowed


@pytest.mark.parametrize("turns", range(4))
def test_turned_as_libswscale_s_pictures_are(turns: int) -> None:
    stored = drawing.to_frame(smooth_picture(96, 64), "yuv444p")
    coder = PlaneCoder(ColorTags(6, 1), 64, "yuv444p", turns, device=CPU)
    images = coder.images([stored])
    expected = ColorConverter(ColorTags(6, 1), 64, turns).pixels(stored)
    assert np.abs(levels(images).round() - expected).max() <= 1
    assert images.is_contiguous()
    for mine, theirs in zip(copies(coder.planes(images)[0]), copies(stored), strict=True):
        assert np.abs(mine - theirs).max() <= 1


def ramp(siting: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """A red difference that rises by a code a pixel: 64 luma samples of it, and 32 of chroma."""
    return 96.0 + np.arange(64), 96.0 + 2 * np.arange(32) + siting


@pytest.mark.parametrize("siting", [CENTRED, LEFT])
def test_chroma_lies_where_it_is_said_to(siting: float) -> None:
    fine, coarse = (torch.from_numpy(r).expand(1, 1, 3, -1) for r in ramp(siting))
    inner = slice(6, -6)
    found = device_color.upsampled(coarse, 3, 64, siting)
    # a = -0.6 doesn't keep a ramp quite straight; half a pixel off would be 0.5
    assert (found - fine)[..., inner].abs().max() < 0.06
    assert (device_color.downsampled(fine, 3, siting) - coarse)[..., inner].abs().max() < 0.06


def test_a_batch_of_other_depth_matrix_and_dtype() -> None:
    pictures = [drawing.numbered_picture(number, 96, 64) for number in (3, 200)]
    films = [drawing.to_frame(picture, "yuv420p") for picture in pictures]
    coder = PlaneCoder(
        ColorTags(6, 1),
        64,
        "yuv420p",
        device=CPU,
        output=ColorTags(1, 2),
        output_format="yuv444p10le",
        dtype=torch.float16,
    )
    images = coder.images(films)
    assert images.dtype == torch.float16
    assert 0 <= images.min() <= images.max() <= 1
    assert [drawing.read_number(levels(images, number)) for number in (0, 1)] == [3, 200]
    made = coder.planes(images)
    for number, frame in enumerate(made):
        right = drawing.to_planes(
            levels(images, number) / 255.0, "yuv444p10le", matrix="709", full_range=True
        )
        for mine, theirs in zip(copies(frame), right, strict=True):
            assert np.abs(mine - theirs.astype(np.int64)).max() <= 1


def test_what_is_out_of_range_is_clipped() -> None:
    coder = PlaneCoder(ColorTags(6, 2), 64, "yuv444p", device=CPU)
    images = torch.stack([torch.full((4, 4, 3), -1.0), torch.full((4, 4, 3), 2.0)])
    black, white = (copies(frame)[0] for frame in coder.planes(images))
    assert (black.max(), white.min()) == (0, 255)


def test_old_full_range_formats_are_taken_for_what_they_are() -> None:
    grey = av.VideoFrame(16, 16, "yuvj420p")
    for view, code in zip(color.planes_of(grey), (255, 128, 128), strict=True):
        view[...] = code
    coder = PlaneCoder(ColorTags(), 16, "yuv420p", device=CPU)
    assert levels(coder.images([grey])).min() > 254.9


def test_other_frames_than_promised() -> None:
    coder = PlaneCoder(ColorTags(), 64, "yuv420p", device=CPU)
    with pytest.raises(ValueError, match="yuv444p"):
        coder.images([av.VideoFrame(16, 16, "yuv444p")])
    with pytest.raises(ValueError, match="same shape"):
        coder.images([av.VideoFrame(16, 16, "yuv420p"), av.VideoFrame(32, 16, "yuv420p")])
    with pytest.raises(ValueError, match="rgb24"):
        PlaneCoder(ColorTags(), 64, "yuv420p", device=CPU, output_format="rgb24")


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "yuv444p16le"])
def test_the_same_on_cuda(name: str) -> None:
    coders = [PlaneCoder(ColorTags(1, 1), 64, name, device=torch.device(d)) for d in ("cpu", "cuda")]
    stored = coders[0].planes(tensor(smooth_picture(95, 63)))
    slow, fast = (coder.images(stored) for coder in coders)
    assert (slow - fast.cpu()).abs().max() < 1e-5
    for mine, theirs in zip(
        copies(coders[1].planes(fast)[0]), copies(coders[0].planes(slow)[0]), strict=True
    ):
        assert np.abs(mine - theirs).max() <= 1
