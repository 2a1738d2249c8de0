"""The stabiliser as a stage: every frame in order, nothing carried over a cut, OpenCV left as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from stylize_video.models.motion.flow_estimation import DisMotion
from stylize_video.models.motion.neighbours import MotionFinder
from stylize_video.models.steadying.stabilizer import Stabilizer
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.stages.motion import FindMotion
from stylize_video.pipeline.stages.steady import Stabilize
from tests.pipeline._stages import through

TICK = Fraction(1, 25)
HEIGHT, WIDTH = 36, 64
THREADS = 3  # not what anybody has by default


@pytest.fixture(autouse=True)
def _own_threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(THREADS)
    yield
    cv2.setNumThreads(before)


def stage(*, threads: int = 1) -> Stabilize:
    return Stabilize(Stabilizer(0.92, halved_chroma=False), threads=threads)


def smooth(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(0, 255, (HEIGHT, WIDTH, 3))
    return np.clip((cv2.GaussianBlur(noise, (0, 0), 2) - 127) * 4 + 127, 0, 255)


def image(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) levels -> bytes."""
    return np.clip(picture, 0, 255).astype(np.uint8)


def film(count: int, *, shots: Sequence[int] = ()) -> list[tuple[Frame, np.ndarray, np.ndarray]]:
    """Frames, originals and paintings: `shots` says where new ones begin; times have gaps."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(count):
        seed = sum(number >= first for first in shots)
        original = np.roll(smooth(seed), number, axis=1)
        painting = (
            np.roll(smooth(seed + 100), number, axis=1) * 0.6 + 50 + rng.normal(0, 10, (HEIGHT, WIDTH, 1))
        )
        frame = Frame(image(original), 3 * number + number % 2, TICK, cut=number in shots)
        made.append((frame, image(original), image(painting)))
    return made


def batches(
    made: Sequence[tuple[Frame, np.ndarray, np.ndarray]], size: int = 1, kind: Any = np.uint8
) -> Iterator[FrameBatch]:
    for first in range(0, len(made), size):
        frames, originals, paintings = zip(*made[first : first + size], strict=True)
        pixels: list[Any] = [np.stack(images) for images in (originals, paintings)]
        if kind is not np.uint8:
            pixels = [(images / 255).astype(np.float32) for images in pixels]
        if kind is torch.float16:
            pixels = [torch.from_numpy(images).half() for images in pixels]
        yield FrameBatch(pixels[0], frames).with_pixels(pixels[1])


def moving(given: Iterable[FrameBatch]) -> Iterator[FrameBatch]:
    """Batches with their motion."""
    return through(FindMotion(MotionFinder(DisMotion()), threads=1), given)


def steadied(given: Iterator[FrameBatch]) -> np.ndarray:
    """All frames, (N, H, W, 3)."""
    return np.concatenate([batch.pixels for batch in through(stage(), moving(given))])


def test_frames_and_times_and_originals_stay() -> None:
    given = list(moving(batches(film(7), 3)))
    passed = list(through(stage(), iter(given)))
    for before, after in zip(given, passed, strict=True):
        assert all(a is b for a, b in zip(before.frames, after.frames, strict=True))
        assert after.originals is before.originals
        assert after.pixels.shape == before.pixels.shape
        assert after.pixels.dtype == before.pixels.dtype


def test_it_steadies() -> None:
    made = film(12)
    before = np.stack([painting for _, _, painting in made]).astype(float)
    after = steadied(batches(made)).astype(float)

    def changes(images: np.ndarray) -> float:
        """From frame to frame along the motion, away from the border."""
        followed = np.stack([np.roll(images[n], -n, axis=1) for n in range(len(images))])
        return float(np.square(np.diff(followed[4:, 4:-4, 14:-14], axis=0)).mean())

    assert changes(after) < changes(before) / 3
    assert (after[0] == before[0]).all()


def test_a_batch_is_handed_on_before_the_next_is_asked_for() -> None:
    taken = 0

    def counted() -> Iterator[FrameBatch]:
        nonlocal taken
        for batch in moving(batches(film(5))):
            taken += 1
            yield batch

    for given, _ in enumerate(through(stage(), counted())):
        assert taken == given + 1


def test_the_first_frame_after_a_cut_is_its_painting() -> None:
    made = film(10, shots=[6])
    after = steadied(batches(made))
    assert (after[6] == made[6][2]).all()
    assert (after[5] != made[5][2]).any()
    assert (after[7] != made[7][2]).any()


def test_a_shot_is_as_if_the_film_began_with_it() -> None:
    made = film(12, shots=[6])
    alone = steadied(batches(made[6:])).astype(float)
    within = steadied(batches(made))[6:].astype(float)
    # OpenCV's flow of the first two pictures depends on what was there before, by 0.01 px.
    assert np.abs(within - alone).mean() < 0.05
    assert np.abs(within - alone).max() <= 4


def test_without_the_mark_the_first_shot_would_show() -> None:
    made = film(12, shots=[6])
    unmarked = [(Frame(f.rgb, f.pts, TICK), o, p) for f, o, p in made]
    difference = np.abs(steadied(batches(unmarked))[6:].astype(float) - steadied(batches(made))[6:])
    assert difference[0].mean() > 1
    assert difference.max() > 20


@pytest.mark.parametrize("size", [2, 3, 5, 12])
def test_batches_of_several_equal_batches_of_one(size: int) -> None:
    made = film(12)
    assert (steadied(batches(made, size)) == steadied(batches(made))).all()


def test_several_batches_of_several_shots() -> None:
    made = film(12, shots=[4, 8])
    assert (steadied(batches(made, 4)) == steadied(batches(made))).all()


def test_floating_point_stays_what_it_is() -> None:
    made = film(8)
    after = steadied(batches(made, 2, np.float32))
    assert after.dtype == np.float32
    assert 0 <= after.min() <= after.max() <= 1
    difference = np.abs(after * 255 - steadied(batches(made, 2)))
    assert difference.mean() < 0.8
    assert difference.max() < 4.5


def test_a_gpus_half_precision_is_fetched_as_bytes_and_stays_here() -> None:
    made = film(8)
    after = steadied(batches(made, 2, torch.float16))
    assert isinstance(after, np.ndarray)
    assert (after == steadied(batches(made, 2))).all()


def test_what_nobody_found_the_motion_of_is_refused() -> None:
    with pytest.raises(ValueError, match="motion was found"):
        next(through(stage(), batches(film(1))))
    assert cv2.getNumThreads() == THREADS


# -- OpenCV's threads --


def test_threads_are_as_asked_meanwhile_and_restored_at_the_end() -> None:
    passing = through(stage(threads=2), iter(list(moving(batches(film(3))))))
    assert cv2.getNumThreads() == THREADS  # nothing has begun
    for _ in passing:
        assert cv2.getNumThreads() == 2
    assert cv2.getNumThreads() == THREADS


def test_threads_are_restored_at_an_error() -> None:
    def failing() -> Iterator[FrameBatch]:
        yield from list(moving(batches(film(2))))
        assert cv2.getNumThreads() == 1
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(through(stage(), failing()))
    assert cv2.getNumThreads() == THREADS


def test_threads_are_restored_when_closed_early() -> None:
    passing = through(stage(), iter(list(moving(batches(film(3))))))
    next(passing)
    assert cv2.getNumThreads() == 1
    passing.close()
    assert cv2.getNumThreads() == THREADS
