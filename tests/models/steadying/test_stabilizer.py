"""The stabiliser on films whose motion, flicker and uncovered ground are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from stylize_video.models.feed_forward import engine, gallery
from stylize_video.models.feed_forward.following import followed
from stylize_video.models.motion import confidence, flow
from stylize_video.models.motion.flow_estimation import DisMotion
from stylize_video.models.motion.neighbours import LastFrame, MotionFinder
from stylize_video.models.steadying.opponent import AnyPicture
from stylize_video.models.steadying.stabilizer import Stabilizer
from stylize_video.models.style_spec import parse
from stylize_video.pictures.pictures import Picture

_HEIGHT, _WIDTH = 180, 320
_STABILITY = 0.92


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


class _Film:
    """A stabiliser and the state of one film, whose motion is found on the way."""

    def __init__(self, stabilizer: Stabilizer) -> None:
        self._stabilizer = stabilizer
        self.state = stabilizer.start()
        self._finder, self._last = MotionFinder(DisMotion()), LastFrame()

    def steady(self, original: Picture, painting: Any) -> Any:
        found = self._finder.find(self._last, original)
        return self._stabilizer.steady(self.state, found, painting)


def _stabilizer(stability: float = _STABILITY, *, halved: bool = False) -> _Film:
    return _Film(Stabilizer(stability, halved_chroma=halved))


@cache
def _texture(seed: int, *, fine: float = 3, height: int = _HEIGHT, width: int = _WIDTH) -> Picture:
    """Blobs of two sizes in all colours."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width, 3))
    picture = sum(size * cv2.GaussianBlur(noise, (0, 0), size) for size in (fine, 4 * fine))
    picture = (picture - picture.mean()) / picture.std() * 40 + 127
    made: Picture = np.clip(picture, 0, 255).astype(np.uint8)
    return made


def _bytes(picture: NDArray[Any]) -> Picture:
    return np.clip(picture, 0, 255).astype(np.uint8)


def _flicker(count: int, *, level: float = 10, size: float = 5) -> list[NDArray[np.float32]]:
    """Patches of light that come and go, (H, W, 1), of `level` standard deviation."""
    rng = np.random.default_rng(0)
    noises = (rng.standard_normal((_HEIGHT, _WIDTH), np.float32) for _ in range(count))
    blobs = [cv2.GaussianBlur(noise, (0, 0), size) for noise in noises]
    return [(blob / blob.std() * level)[..., None] for blob in blobs]


def _steady(stabilizer: _Film, originals: list[Picture], paintings: list[Any]) -> list[Any]:
    return [stabilizer.steady(a, b) for a, b in zip(originals, paintings, strict=True)]


def _means(one: AnyPicture, other: AnyPicture) -> NDArray[np.float32]:
    """How far the means of 9x9 px differ, (H, W) levels."""
    difference = one.astype(np.float32) - other.astype(np.float32)
    return np.asarray(np.abs(cv2.blur(difference, (9, 9))).mean(-1), np.float32)


# -- a still film --


def test_the_first_frame_is_its_painting() -> None:
    painting = _texture(1)
    assert (_stabilizer(halved=True).steady(_texture(0), painting) == painting).all()


def test_what_is_still_and_smooth_stays_as_it_is() -> None:
    y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    smooth = _bytes(np.stack([40 + x / 2, 60 + y / 2, 200 - x / 3], axis=-1))
    stabilizer = _stabilizer()
    for _ in range(100):
        last = stabilizer.steady(_texture(0), smooth)
        assert np.abs(last.astype(int) - smooth).max() <= 2


def test_a_still_film_comes_to_rest() -> None:
    """Its detail goes to what the stabiliser keeps of it, and there it stays: no flicker, no drift."""
    stabilizer = _stabilizer(halved=True)
    frames = [stabilizer.steady(_texture(0), _texture(1)) for _ in range(120)]
    assert all((frame == frames[80]).all() for frame in frames[81:])
    assert _means(frames[-1], _texture(1)).mean() < 1
    assert flow.detail(frames[-1]) >= 0.88 * flow.detail(_texture(1))


@pytest.mark.parametrize(("stability", "size", "kept"), [(0.5, 2, 0.5), (0.92, 2, 0.92), (0.8, 20, 0.8)])
def test_flicker_is_taken_out_by_what_the_recursion_predicts(
    stability: float, size: float, kept: float
) -> None:
    """Of x[n] = s x[n-1] + (1 - s) p[n], with p white in time, the standard deviation is
    sqrt((1 - s) / (1 + s)) times that of p; and a little more, for what is left is sharpened too.
    """
    paintings = [_bytes(_texture(1) * 0.5 + 64 + blob) for blob in _flicker(80, level=5, size=size)]
    frames = _steady(_stabilizer(stability), [_texture(0)] * 80, paintings)
    found, before = (np.stack(film[40:]).std(0, dtype=np.float32).mean() for film in (frames, paintings))
    assert 0.8 < found / before / ((1 - kept) / (1 + kept)) ** 0.5 < 1.3


def test_stability_1_does_not_freeze_for_ever() -> None:
    film, painting = (_texture(seed, height=90, width=160) for seed in (0, 1))
    stabilizer, bright = _stabilizer(1), _bytes(painting * 0.5 + 100)
    for _ in range(60):
        stabilizer.steady(film, _bytes(painting * 0.5 + 60))
    for _ in range(250):
        last = stabilizer.steady(film, bright)
    assert abs(float(last.mean()) - float(bright.mean())) < 1


def test_a_slow_change_of_the_painting_is_followed() -> None:
    """Half a level a frame; the mean lags by s / (1 - s) frames, 11.5, and no more."""
    paintings = [_bytes(_texture(1) * 0.5 + 40 + number / 2) for number in range(100)]
    frames = _steady(_stabilizer(), [_texture(0)] * 100, paintings)
    behind = [float(b.mean()) - float(a.mean()) for a, b in zip(frames, paintings, strict=True)]
    assert min(behind) > -0.5
    assert max(behind) < 11.5 / 2 + 0.6


@pytest.mark.parametrize(("frames", "levels"), [(25, 11.5), (50, 7)])
def test_a_fade_is_followed(frames: int, levels: float) -> None:
    """0.7 of the frame before is kept, which lags by 2.3 frames."""
    fade = [_bytes(_texture(0) * light) for light in (*[1.0] * 6, *np.linspace(1, 0, frames))]
    behind = [b.mean() - a.mean() for a, b in zip(fade, _steady(_stabilizer(0.7), fade, fade), strict=True)]
    assert max(behind) < levels


def test_a_lamp_switched_on_is_followed_at_once() -> None:
    bright = _texture(0)
    dark = _bytes(bright * 0.3)
    stabilizer = _stabilizer()
    for _ in range(20):
        stabilizer.steady(dark, dark)
    for _ in range(3):
        last = stabilizer.steady(bright, bright)
    assert float(bright.mean()) - float(dark.mean()) > 80
    assert abs(float(last.mean()) - float(bright.mean())) < 4


@pytest.mark.parametrize("step", [16, 24])
def test_a_grey_painting_stays_grey_in_a_fade_while_the_camera_pans(step: int) -> None:
    """By a painter that makes any contrast its own. Little is trusted, and that has a light of its own."""
    ground = cv2.cvtColor(_texture(1, width=2 * _WIDTH + 16), cv2.COLOR_RGB2GRAY)
    stabilizer = _stabilizer(0.8, halved=True)
    for number, light in enumerate(np.linspace(0, 1, 14)):
        film = _bytes(ground[:, number * step :][:, :_WIDTH] * light)
        original, painting = (cv2.merge([grey] * 3) for grey in (film, cv2.equalizeHist(film)))
        assert np.ptp(stabilizer.steady(original, painting), axis=-1).max() <= 1


# -- how much is kept --


def test_stability_0_keeps_the_paintings() -> None:
    paintings = [_bytes(_texture(1) + blob) for blob in _flicker(5)]
    frames = _steady(_stabilizer(0), [_texture(0)] * 5, paintings)
    for frame, painting in zip(frames, paintings, strict=True):
        assert np.abs(frame.astype(int) - painting).max() <= 1  # luma and chroma are rounded


def test_stability_0_with_halved_chroma_keeps_the_luma() -> None:
    paintings = [_bytes(_texture(1) * 0.5 + 64 + blob) for blob in _flicker(5)]
    frames = _steady(_stabilizer(0, halved=True), [_texture(0)] * 5, paintings)
    weights = np.array([0.299, 0.587, 0.114])
    for frame, painting in zip(frames, paintings, strict=True):
        assert np.abs((frame - painting.astype(float)) @ weights).max() <= 1.5


def test_more_stability_is_steadier() -> None:
    paintings = [_bytes(_texture(1) * 0.5 + 64 + blob) for blob in _flicker(45, size=1)]
    left = [
        np.stack(_steady(_stabilizer(s), [_texture(0)] * 45, paintings)[25:]).astype(np.float32).std(0).mean()
        for s in (0, 0.4, 0.8, 0.95)
    ]
    assert left == sorted(left, reverse=True)
    assert left[-1] < 0.5 * left[-2]


@pytest.mark.parametrize("stability", [-0.01, 1.01, float("nan")])
def test_stability_out_of_its_range(stability: float) -> None:
    with pytest.raises(ValueError, match=r"stability = .* must be in 0..1"):
        _stabilizer(stability)


# -- a camera that pans --


@pytest.mark.parametrize("step", [(4, 0), (3, 2), (7, 1)])
def test_a_panned_painting_loses_its_flicker_and_keeps_its_detail(step: tuple[int, int]) -> None:
    scene = _texture(0, height=320, width=600)
    painted = _texture(1, fine=1.5, height=320, width=600)
    rng = np.random.default_rng(1)
    originals, paintings = [], []
    for number in range(22):
        y, x = 20 + step[1] * number, 20 + step[0] * number
        part = np.s_[y : y + _HEIGHT, x : x + _WIDTH]
        originals.append(np.ascontiguousarray(scene[part]))
        paintings.append(_bytes(painted[part] + rng.normal(0, 6, (_HEIGHT, _WIDTH, 1))))
    frames = _steady(_stabilizer(halved=True), originals, paintings)
    way = np.full((_HEIGHT, _WIDTH, 2), (-step[0], -step[1]), np.float32)
    seen = confidence.visible(way, -way)

    def error(film: list[Picture]) -> float:
        return float(np.mean([flow.warping_error(a, b, way, seen) for a, b in pairwise(film[10:])]))

    assert error(frames) <= error(paintings) / 3
    kept = [flow.detail(a) / flow.detail(b) for a, b in zip(frames[10:], paintings[10:], strict=True)]
    assert np.mean(kept) >= 0.85


@pytest.mark.parametrize("step", [(4, 0), (3, 2)])
def test_a_panned_painting_without_flicker_does_not_blur(step: tuple[int, int]) -> None:
    """Sixty times fetched between the pixels."""
    scene = _texture(0, height=340, width=600)
    painted = _texture(1, fine=1.5, height=340, width=600)
    stabilizer = _stabilizer()
    for number in range(60):
        y, x = 10 + step[1] * number, 10 + step[0] * number
        part = np.s_[y : y + _HEIGHT, x : x + _WIDTH]
        painting = np.ascontiguousarray(painted[part])
        last = stabilizer.steady(np.ascontiguousarray(scene[part]), painting)
    assert flow.detail(last) >= 0.85 * flow.detail(painting)
    inner = np.s_[10:-10, 10:-10]
    assert _means(last[inner], painting[inner]).mean() < 3


def test_a_slow_pan_between_the_pixels_keeps_its_detail() -> None:
    """Half a px a frame: fetched forty times by a linear kernel, it would have lost a sixth."""
    scene, painted = _texture(0, width=420), _texture(1, fine=1.5, width=420)
    stabilizer = _stabilizer()
    for number in range(40):
        camera = np.array([[1, 0, -20 - number / 2], [0, 1, -number / 4]], np.float32)
        original, painting = (
            cv2.warpAffine(picture, camera, (_WIDTH, 160), flags=cv2.INTER_CUBIC)
            for picture in (scene, painted)
        )
        last = stabilizer.steady(original, painting)
    inner = np.s_[10:-30, 10:-10]
    ratio = flow.detail(last[inner]) / flow.detail(painting[inner])
    assert 0.88 < ratio < 1.12
    assert _means(last[inner], painting[inner]).mean() < 3


def test_strokes_of_colour_are_kept_as_those_of_light_are() -> None:
    """A mean has less of both: without its share a painting gets barer where it has hues alone."""
    rng = np.random.default_rng(2)
    strokes = [cv2.GaussianBlur(rng.standard_normal((_HEIGHT, _WIDTH, 3)), (0, 0), 2.5) for _ in range(40)]
    paintings = [_bytes(_texture(1) * 0.5 + 64 + 100 * part) for part in strokes]
    last = _steady(_stabilizer(halved=True), [_texture(0)] * 40, paintings)[-1]
    reds = [cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)[..., 1] for picture in (last, paintings[-1])]
    kept, painted = (flow.detail(np.repeat(red[::2, ::2, None], 3, axis=2)) for red in reds)
    assert kept > 0.75 * painted  # 0.62 without


# -- no trail --


def _by_the_bundled_network(frames: Sequence[Picture]) -> list[Picture]:
    """A film's paintings, on a canvas that goes with what they show."""
    found = gallery.load(parse("kandinsky"))
    paints = engine.open_engine(found.parameters, torch.device("cpu"))
    finder, before = MotionFinder(DisMotion()), LastFrame()
    canvas, painted = paints.new_canvas(*frames[0].shape[:2]), []
    for frame in frames:
        motion = finder.find(before, frame)
        if motion is not None and motion.since is not None:
            canvas = followed(canvas, motion, motion.since, 1.0)
        painted.append(paints.paint(frame[None], [canvas], found.style)[0])
    return painted


_Crossing = tuple[list[Picture], list[Picture], list[NDArray[np.bool_]]]


@cache
def _crossing(speed: int, pan: int = 0) -> _Crossing:
    """A textured disc that crosses textured ground by `speed` px a frame: frames, their paintings by the
    bundled network, and where the disc is. The ground moves by `pan` px a frame to the left.
    """
    ground, disc = _texture(1), _texture(2)
    y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    covered = [np.hypot(x - _WIDTH // 4 - speed * n, y - _HEIGHT // 2) < 30 for n in range(16)]
    frames = [
        np.where(mask[..., None], np.roll(disc, speed * n, axis=1), np.roll(ground, -pan * n, axis=1))
        for n, mask in enumerate(covered)
    ]
    return frames, _by_the_bundled_network(frames), covered


def _left_behind(speed: int, pan: int = 0) -> NDArray[np.float32]:
    """How far ground uncovered five frames ago is from its own painting, 9x9 means in levels."""
    frames, paintings, covered = _crossing(speed, pan)
    steadied = _steady(_stabilizer(halved=True), frames, paintings)
    found = []
    for number in range(6, len(frames)):
        near = cv2.dilate(covered[number].astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
        sixth, fifth = (np.roll(covered[number - ago], -pan * ago, axis=1) for ago in (6, 5))
        uncovered = sixth & ~fifth & ~near
        found.append(_means(steadied[number], paintings[number])[uncovered])
    return np.concatenate(found)


@pytest.mark.parametrize(("speed", "pan"), [(4, 0), (10, 0), (8, 3), (4, 8)])
def test_nothing_is_left_behind_something_that_crosses(speed: int, pan: int) -> None:
    trail = _left_behind(speed, pan)
    assert len(trail) > 1000
    assert trail.mean() < 7
    assert np.percentile(trail, 95) < 13


@pytest.mark.parametrize(("speed", "pan"), [(4, 0), (10, 0), (8, 3), (4, 8)])
def test_a_blend_that_trusts_everything_leaves_a_trail(
    speed: int, pan: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the test above can fail."""
    monkeypatch.setattr(
        "stylize_video.models.motion.neighbours.one_way_confidence",
        lambda _, now, *__: np.ones(now.shape, np.float32),
    )
    monkeypatch.setattr(
        "stylize_video.models.steadying.stabilizer._ghosts", lambda off: np.zeros(off.shape[:2], np.float32)
    )
    trail = _left_behind(speed, pan)
    assert trail.mean() > 9
    assert np.percentile(trail, 95) > 20


@pytest.mark.parametrize("speed", [4, 10])
def test_the_ground_far_from_what_crosses_is_steadied(speed: int) -> None:
    """Not by giving up everywhere: with a flicker of 10 levels, less than 0.4 of it is left."""
    frames, paintings, _ = _crossing(speed)
    flicker = _flicker(len(frames))
    painted = [_bytes(painting * 0.6 + 50 + blob) for painting, blob in zip(paintings, flicker, strict=True)]
    steadied = _steady(_stabilizer(), frames, painted)
    far = np.s_[:35]
    found, before = (
        np.stack([frame[far] for frame in film[8:]]).astype(np.float32).std(0).mean()
        for film in (steadied, painted)
    )
    assert found < 0.4 * before


# -- another shot --


def test_forgotten_the_next_frame_is_its_painting() -> None:
    stabilizer = _stabilizer(halved=True)
    for blob in _flicker(4):
        stabilizer.steady(_texture(0), _bytes(_texture(1) + blob))
    other = _bytes(_texture(1) + 10)
    stabilizer.state.forget()
    assert (stabilizer.steady(_texture(0), other) == other).all()


def test_after_a_cut_all_is_as_if_the_film_began_there() -> None:
    paintings = [_bytes(_texture(3) + blob) for blob in _flicker(8)]
    stabilizer = _stabilizer(halved=True)
    for number, blob in enumerate(_flicker(8)):
        shifted = np.roll(_texture(0), 3 * number, axis=1)
        stabilizer.steady(shifted, _bytes(_texture(1) + blob))
    stabilizer.state.forget()
    later = _steady(stabilizer, [_texture(2)] * 8, paintings)
    alone = _steady(_stabilizer(halved=True), [_texture(2)] * 8, paintings)
    assert all((a == b).all() for a, b in zip(later, alone, strict=True))


def test_a_change_of_size_is_another_shot() -> None:
    stabilizer = _stabilizer(halved=True)
    for size in ((180, 320), (181, 320), (180, 318), (64, 48), (64, 48), (180, 320)):
        original, painting = (
            np.ascontiguousarray(_texture(seed, height=181)[: size[0], : size[1]]) for seed in (0, 1)
        )
        first = stabilizer.steady(original, painting)
        assert first.shape == painting.shape
        if size != (64, 48):
            assert (first == painting).all()


# -- all kinds of paintings --


def _moving(count: int) -> Iterator[tuple[Picture, Picture]]:
    rng = np.random.default_rng(2)
    for number in range(count):
        part = np.s_[:90, 3 * number : 3 * number + 160]
        grain = rng.normal(0, 6, (90, 160, 1))
        yield np.ascontiguousarray(_texture(0)[part]), _bytes(_texture(1)[part] * 0.5 + 60 + grain)


@pytest.mark.parametrize("halved", [True, False])
def test_floats_stay_floats_and_agree_with_bytes(halved: bool) -> None:
    deep, wide = _stabilizer(halved=halved), _stabilizer(halved=halved)
    for original, painting in _moving(20):
        as_float = painting.astype(np.float32) / np.float32(255)
        one, other = deep.steady(original, as_float), wide.steady(original, painting)
        assert one.dtype == np.float32
        assert other.dtype == np.uint8
        assert one.min() >= 0
        assert one.max() <= 1
        difference = np.abs(one * 255 - other)
        assert difference.mean() < 0.9
        # Luma and chroma of bytes are rounded twice, and sharpened; blue is 1.77 times its chroma.
        assert difference.max() < 6


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_flat_frames_stay_flat(kind: type) -> None:
    stabilizer = _stabilizer(halved=True)
    for grey in (0, 0, 128, 128, 255, 255, 0, 128, 1, 1):
        flat = np.full((64, 96, 3), grey, np.uint8)
        steadied = stabilizer.steady(flat, flat if kind is np.uint8 else flat / np.float32(255))
        assert np.isfinite(steadied).all()
        assert steadied.dtype == kind
        assert steadied.std() < 1 / 255


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_fade_to_black_and_back_is_finite_and_ends_where_it_should(kind: type) -> None:
    stabilizer = _stabilizer(halved=True)
    gains = [*np.linspace(1, 0, 12), *[0.0] * 90, *np.linspace(0, 1, 12), *[1.0] * 90]
    means = []
    for gain in gains:
        original = _bytes(_texture(0)[:64, :96] * gain)
        steadied = stabilizer.steady(original, original if kind is np.uint8 else original / np.float32(255))
        assert np.isfinite(steadied).all()
        means.append(float(steadied.mean()) * (1 if kind is np.uint8 else 255))
    assert means[101] < 1
    assert means[-1] == pytest.approx(float(_texture(0)[:64, :96].mean()), abs=1)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("halved", [True, False])
@pytest.mark.parametrize(
    "size",
    [(1, 1), (8, 8), (15, 400), (16, 16), (17, 33), (64, 48), (33, 17), (97, 65), (91, 161), (135, 201)],
)
def test_any_size_will_do(size: tuple[int, int], halved: bool, kind: type) -> None:
    stabilizer = _stabilizer(halved=halved)
    original = _texture(0, height=size[0], width=size[1])
    painting = _texture(1, fine=6, height=size[0], width=size[1])
    given = painting if kind is np.uint8 else painting.astype(np.float32) / np.float32(255)
    for _ in range(5):
        steadied = stabilizer.steady(original, given)
        assert steadied.shape == painting.shape
        assert steadied.dtype == kind
    levels = np.abs(steadied * (1.0 if kind is np.uint8 else 255.0) - painting)
    assert levels.max() <= (20 if halved else 4)


@pytest.mark.parametrize("size", [(8, 8), (15, 400)])
def test_what_is_too_small_for_motion_keeps_its_paintings(size: tuple[int, int]) -> None:
    stabilizer = _stabilizer()
    for seed in range(3):
        painting = _texture(seed, height=size[0], width=size[1])
        steadied = stabilizer.steady(_texture(9, height=size[0], width=size[1]), painting)
        assert (steadied == painting).all()


def test_neither_original_nor_painting_is_changed() -> None:
    stabilizer = _stabilizer(halved=True)
    for original, painting in _moving(4):
        before = original.copy(), painting.copy()
        stabilizer.steady(original, painting)
        assert (original == before[0]).all()
        assert (painting == before[1]).all()


def test_what_came_out_is_not_changed_by_the_frames_after_it() -> None:
    stabilizer = _stabilizer(halved=True)
    frames = [stabilizer.steady(*pair) for pair in _moving(3)]
    copies = [frame.copy() for frame in frames]
    for pair in _moving(3):
        stabilizer.steady(*pair)
    assert all((a == b).all() for a, b in zip(frames, copies, strict=True))


def test_a_fade_to_black_leaves_no_ghost() -> None:
    """A painter that keeps its contrast until the film is black, as one with instance normalisation does."""
    stabilizer, painting = _stabilizer(halved=True), _texture(1)
    for light in np.linspace(1, 0.05, 20):
        stabilizer.steady(_bytes(_texture(0) * np.float32(light)), painting)
    black = np.zeros_like(painting)
    for _ in range(12):
        left = stabilizer.steady(black, black)
    assert left.mean() < 8
