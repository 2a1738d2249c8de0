"""Motion and its trust, on pictures and flows that are known."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from stylize_video.models.motion import flow_estimation as motion
from stylize_video.models.motion.confidence import COARSE, one_way_confidence
from stylize_video.models.motion.flow import Flow
from stylize_video.models.motion.flow_estimation import DisMotion, FramePyramid
from stylize_video.pictures.pictures import Picture

_HEIGHT, _WIDTH, _TIMES = 360, 640, 4
_MARGIN = 40  # px; how far the camera may go
_EDGE = 8  # px of the small picture; what came from outside


def _texture(seed: int, *, height: int = _HEIGHT, width: int = _WIDTH) -> Picture:
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 6)
    low, high = smooth.min(), smooth.max()
    return ((smooth - low) / (high - low) * 255).astype(np.uint8)


def _coarse_and_fine(*, height: int, width: int) -> Picture:
    """Things of all sizes, as a photograph shows them."""
    rng = np.random.default_rng(0)
    scene = np.zeros((height, width))
    for sigma in (3, 6, 12, 24, 48):  # px
        layer = cv2.GaussianBlur(rng.normal(0, 1, scene.shape), (0, 0), sigma)
        scene += layer / layer.std()
    return np.repeat((128 + 25 * scene).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _view(picture: Picture) -> FramePyramid:
    return FramePyramid.of(picture)


def _panned(right: int, down: int) -> tuple[FramePyramid, FramePyramid]:
    """What is seen moves by so many px of the frame."""
    scene = _texture(0, height=_HEIGHT + 2 * _MARGIN, width=_WIDTH + 2 * _MARGIN)
    corners = ((_MARGIN, _MARGIN), (_MARGIN - down, _MARGIN - right))
    first, second = (_view(np.ascontiguousarray(scene[y : y + _HEIGHT, x : x + _WIDTH])) for y, x in corners)
    return first, second


def _inner(array: np.ndarray) -> np.ndarray:
    return array[_EDGE:-_EDGE, _EDGE:-_EDGE]


def _uniform(right: float, down: float, height: int = 20, width: int = 30) -> Flow:
    return np.broadcast_to(np.array([right, down], np.float32), (height, width, 2)).copy()


# -- the small picture --


@pytest.mark.parametrize(
    ("height", "width", "times"),
    [
        *((2160, 3840, 4), (360, 640, 4), (640, 360, 4), (270, 480, 3), (180, 320, 2)),
        *((136, 200, 2), (134, 200, 1), (90, 160, 1), (16, 16, 1), (1, 1, 1)),
    ],
)
def test_a_quarter_of_the_size_or_90_px(height: int, width: int, times: int) -> None:
    assert motion.shrunk_by(np.zeros((height, width, 3), np.uint8)) == times


@pytest.mark.parametrize(
    ("size", "finer", "levels"),
    [
        ((360, 640), (180, 320), 1),
        ((363, 645), (180, 322), 1),
        ((271, 482), (135, 240), 3),  # by a half and by a third: not of the same squares
        ((181, 321), (180, 320), 1),
        ((90, 160), (90, 160), 1),
    ],
)
def test_the_finer_picture_shows_the_same_piece(
    size: tuple[int, int], finer: tuple[int, int], levels: int
) -> None:
    picture = _texture(0, height=size[0], width=size[1])
    view = FramePyramid.of(picture)
    assert view.finer.shape == finer
    small = cv2.resize(view.finer, view.grey.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - view.grey).max() <= levels


def test_each_small_pixel_is_the_mean_of_a_square() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (363, 645), np.uint8)
    small = FramePyramid.of(np.repeat(grey[..., None], 3, axis=2)).grey
    expected = grey[:360, :644].reshape(90, 4, 161, 4).mean((1, 3))
    assert small.shape == (90, 161)
    assert small.dtype == np.uint8
    assert np.abs(small - expected).max() <= 0.5


def test_small_pictures_are_grey_by_bt601() -> None:
    small = FramePyramid.of(np.full((16, 16, 3), (200, 100, 50), np.uint8)).grey
    assert (small == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)).all()


@pytest.mark.parametrize(
    ("height", "width", "found"),
    [(16, 16, True), (15, 400, False), (400, 15, False), (8, 8, False), (17, 33, True), (90, 160, True)],
)
def test_motion_is_found_in_16_px_and_more(height: int, width: int, found: bool) -> None:
    assert motion.can_be_found(np.zeros((height, width, 3), np.uint8)) == found


# -- finding it --


@pytest.mark.parametrize("right_down", [(0, 0), (4, 0), (0, -8), (2, -3), (12, 8), (-20, 12)])
def test_a_known_shift_is_found(right_down: tuple[int, int]) -> None:
    found = DisMotion().between(*_panned(*right_down))
    shift = np.array(right_down) / _TIMES  # px of the small pictures
    assert found.back.shape == (90, 160, 2)
    assert found.back.dtype == np.float32
    assert np.linalg.norm(_inner(found.back) + shift, axis=-1).max() < 0.3
    assert found.fine.shape == (180, 320, 2)
    assert np.linalg.norm(_inner(_inner(found.fine)) + 2 * shift, axis=-1).max() < 0.5


@pytest.mark.parametrize("right_down", [(0, 0), (4, 0), (2, -3), (-20, 12)])
def test_a_shift_is_found_in_the_small_pictures_alone(right_down: tuple[int, int]) -> None:
    before, now = _panned(*right_down)
    found = DisMotion(coarse=True).between(before, now)
    assert found.fine.shape == found.back.shape == (90, 160, 2)
    shift = np.array(right_down) / _TIMES
    assert np.linalg.norm(_inner(found.fine) + shift, axis=-1).max() < 0.5


@pytest.mark.parametrize("right_down", [(4, 0), (12, 8), (-20, 12)])
def test_fetching_along_the_way_back_gives_what_is_seen_now(right_down: tuple[int, int]) -> None:
    before, now = _panned(*right_down)
    grey = before.grey.astype(np.float32)
    fetched = motion.fetch(grey, DisMotion().between(before, now).back)
    assert np.abs(_inner(fetched) - _inner(now.grey)).max() < 2
    assert np.abs(_inner(grey) - _inner(now.grey)).max() > 20  # unfetched


def test_fetch_by_hand() -> None:
    ramp = np.tile(np.arange(5, dtype=np.float32), (4, 1))
    assert motion.fetch(ramp, _uniform(0.5, 0, 4, 5))[0] == pytest.approx([0.5, 1.5, 2.5, 3.5, 4])
    assert motion.fetch(ramp, _uniform(-2, 0, 4, 5))[0] == pytest.approx([0, 0, 0, 1, 2])
    assert motion.fetch(ramp.T.copy(), _uniform(0, 2, 5, 4))[:, 0] == pytest.approx([2, 3, 4, 4, 4])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_was_found_last_does_not_matter(order: tuple[int, int]) -> None:
    """Slow and then fast, and the other way; nor does what was found in another size."""
    pairs = [_panned(3, 0), _panned(-20, 12)]
    last, this = (pairs[n] for n in order)
    estimator = DisMotion()
    estimator.between(*(FramePyramid.of(_texture(n, height=200, width=520)) for n in (0, 1)))
    first = estimator.between(*last)
    copies = [flow.copy() for flow in first]
    found = estimator.between(*this)
    assert all((one == other).all() for one, other in zip(found, DisMotion().between(*this), strict=True))
    assert all((one == other).all() for one, other in zip(first, copies, strict=True))


@pytest.mark.parametrize("speed", [4, 8, 12])
def test_a_fast_pan_is_found(speed: int) -> None:
    """To a fifth of a px of the small picture, and trusted; 12 of these are 48 of the frame."""
    scene = _coarse_and_fine(height=_HEIGHT, width=_WIDTH + _TIMES * speed)
    before, now = (_view(np.ascontiguousarray(scene[:, x : x + _WIDTH])) for x in (_TIMES * speed, 0))
    found = DisMotion().between(before, now)
    seen = np.s_[_EDGE:-_EDGE, speed + _EDGE : -_EDGE]
    assert np.linalg.norm(found.back[seen] + (speed, 0), axis=-1).mean() < 0.2
    assert one_way_confidence(found.back, now.grey, before.grey, COARSE)[seen].mean() > 0.95


def test_motion_is_found_in_grain() -> None:
    """Of 25 levels, to about a fifth of a px of the small picture; found in that, it would be a tenth."""
    rng = np.random.default_rng(3)
    scene = _texture(0, height=440, width=720)
    estimator, missed = DisMotion(), []
    parts = [scene[40 + 3 * n : 40 + 3 * n + _HEIGHT, 2 * n : 2 * n + _WIDTH] for n in range(6)]
    views = [_view(np.clip(p + rng.normal(0, 25, (*p.shape[:2], 1)), 0, 255).astype(np.uint8)) for p in parts]
    for pair in pairwise(views):
        back = estimator.between(*pair).back
        missed.append(np.linalg.norm(_inner(back) - (0.5, 0.75), axis=-1).mean())
    assert np.mean(missed) < 0.22


# -- trusting it --


@pytest.mark.parametrize("right_down", [(0, 0), (4, 0), (2, -3), (12, 8), (-20, 12)])
def test_a_known_shift_is_trusted(right_down: tuple[int, int]) -> None:
    before, now = _panned(*right_down)
    found = DisMotion().between(before, now)
    trusted = one_way_confidence(found.back, now.grey, before.grey, COARSE)
    assert trusted.dtype == np.float32
    assert _inner(trusted).min() > 0.99
    assert trusted.max() <= 1


@pytest.mark.parametrize("seed", range(3))
def test_what_a_moved_square_uncovers_is_not_trusted(seed: int) -> None:
    ground, square = _texture(2 * seed + 1), _texture(2 * seed + 2)[:160, :160]
    first, second = ground.copy(), ground.copy()
    first[100:260, 200:360] = square
    second[100:260, 216:376] = square  # 16 px to the right, 4 of the small picture
    before, now = _view(first), _view(second)
    found = DisMotion().between(before, now)
    trusted = one_way_confidence(found.back, now.grey, before.grey, COARSE)
    assert trusted[25:65, 50:54].mean() < 0.85  # the ground that the square has left
    assert trusted[30:60, 60:88].min() > 0.95  # the square's inside
    assert trusted[:18].min() > 0.95  # the ground far away
