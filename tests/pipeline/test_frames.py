"""What flows is checked when it is made."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
import torch

from stylize_video.pipeline import batcher
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.time_range import TimeRange
from stylize_video.pipeline.transfer import RgbTransfer

TICK = Fraction(1, 25)


def frame(
    value: int = 0, dtype: type = np.uint8, size: tuple[int, int] = (8, 6), *, cut: bool = False
) -> Frame:
    return Frame(np.full((*size, 3), value, dtype), value, TICK, cut=cut)


@pytest.mark.parametrize("pixels", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)])
def test_a_frame_is_rgb_of_8_or_16_bits(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="pixels"):
        Frame(pixels, 0, TICK)


def test_a_painting_has_its_frames_size() -> None:
    with pytest.raises(ValueError, match="shape"):
        frame().painted(np.zeros((9, 9, 3), np.uint8))


def test_a_batch_matches_its_frames() -> None:
    with pytest.raises(ValueError, match="2 frames for 1"):
        FrameBatch(np.zeros((1, 8, 6, 3), np.uint8), (frame(), frame()))
    with pytest.raises(ValueError, match="neither uint8 nor floating"):
        FrameBatch(np.zeros((1, 8, 6, 3), np.int32), (frame(),))
    with pytest.raises(ValueError, match="N, H, W, 3"):
        FrameBatch(np.zeros((1, 3, 8, 6), np.uint8), (frame(),))
    for kind in (torch.uint8, torch.float16, torch.float32):  # on another device
        FrameBatch(torch.zeros(1, 8, 6, 3, dtype=kind), (frame(),))


def test_a_painting_is_a_cut_where_its_frame_was_one() -> None:
    planes = av.VideoFrame(6, 8, "yuv420p")
    for cut in (True, False):
        assert frame(cut=cut).painted(frame(1).rgb).cut is cut
        assert frame(cut=cut).painted_as(planes).cut is cut


def test_only_the_first_frame_of_a_batch_may_be_a_cut() -> None:
    pixels = np.zeros((3, 8, 6, 3), np.float32)
    FrameBatch(pixels, (frame(cut=True), frame(), frame()))
    with pytest.raises(ValueError, match=r"cuts at \[1, 2\] within a batch"):
        FrameBatch(pixels, (frame(), frame(cut=True), frame(cut=True)))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pixels_survive_the_way_to_the_device_and_back(dtype: type) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, np.iinfo(dtype).max, (8, 6, 3)).astype(dtype)
    way = RgbTransfer()
    batch = way.upload([Frame(pixels, 3, TICK)])
    assert batch.pixels.dtype == (np.uint8 if dtype is np.uint8 else np.float32)
    (back,) = way.download(batch)()
    assert back.pts == 3
    assert np.array_equal(back.pixels, pixels)


def test_batches_break_where_the_size_or_depth_changes() -> None:
    frames = [frame(0), frame(1), frame(2, size=(4, 4)), frame(3, np.uint16, (4, 4))]
    sizes = [len(group) for group in batcher.batches(frames, size=8)]
    assert sizes == [2, 1, 1]


def test_batches_break_at_cuts() -> None:
    frames = [frame(n, cut=n in (0, 1, 5, 6)) for n in range(12)]
    groups = [[f.pts for f in group] for group in batcher.batches(frames, size=4)]
    assert groups == [[0], [1, 2, 3, 4], [5], [6, 7, 8, 9], [10, 11]]


def test_a_full_batch_does_not_wait_for_the_next_frame() -> None:
    def frames():
        yield frame(0)
        raise AssertionError("asked for a frame too many")

    assert len(next(batcher.batches(frames(), size=1))) == 1


def test_time_ranges() -> None:
    part = TimeRange(Fraction(1), Fraction(2))
    assert [part.holds(Fraction(n, 2)) for n in range(6)] == [False, False, True, True, False, False]
    assert part.shift(TICK) == 25
    assert TimeRange(None, Fraction(2)).shift(TICK) == 0
    with pytest.raises(ValueError, match="after"):
        TimeRange(Fraction(2), Fraction(2))
