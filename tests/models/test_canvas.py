"""The canvas keeps its contrast and its grain, and moves with what the film shows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from stylize_video.models import canvas
from stylize_video.models.canvas import Array, Canvas, Field

HEIGHT, WIDTH = 128, 192  # px of a frame
CELLS = (HEIGHT // canvas.CELL, WIDTH // canvas.CELL)
ALL = np.ones(CELLS, np.float32)


@pytest.fixture(scope="module")
def field() -> Field:
    """The one of seed 0."""
    return Field.draw(0)


def moved(right: float, down: float) -> Array:
    """The way back of a scene that moves by so many px."""
    return np.broadcast_to(np.float32([-right, -down]), (*CELLS, 2)).copy()


def test_a_seed_gives_one_field_and_another_seed_another(field: Field) -> None:
    again, other = Field.draw(0), Field.draw(1)
    assert all(np.array_equal(a, b) for a, b in zip(field.octaves, again.octaves, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(field.octaves, other.octaves, strict=True))


def test_each_octave_has_mean_0_and_deviation_1_also_between_its_texels(field: Field) -> None:
    for shift in (0.0, 0.37, 1.0, 1.9):
        found = field.at(canvas.still(canvas.PERIOD, canvas.PERIOD) + np.float32(shift))
        assert found.shape == (canvas.CHANNELS, 512, 512)
        assert np.abs(found.mean((1, 2))).max() < 0.01
        assert np.abs(found.std((1, 2)) - 1).max() < 0.04


def test_octaves_are_twice_as_coarse_each(field: Field) -> None:
    found = field.at(canvas.still(canvas.PERIOD, canvas.PERIOD))
    steps = [np.diff(octave, axis=-1).std() for octave in np.split(found, canvas.OCTAVES)]
    assert all(1.6 < fine / coarse < 2.4 for fine, coarse in itertools.pairwise(steps[1:]))


def test_channels_are_not_alike(field: Field) -> None:
    found = field.at(canvas.still(canvas.PERIOD, canvas.PERIOD)).reshape(canvas.CHANNELS, -1)
    assert np.abs(np.corrcoef(found) - np.eye(canvas.CHANNELS)).max() < 0.1


def test_the_field_repeats_after_its_period_without_a_seam(field: Field) -> None:
    places = canvas.still(64, 64)
    np.testing.assert_allclose(field.at(places), field.at(places - canvas.PERIOD), atol=2e-3)
    across = field.at(canvas.still(64, 2 * canvas.PERIOD))[..., 500:524]
    assert np.abs(np.diff(across, axis=-1)).max() < 5


@pytest.mark.parametrize("by", [(4.0, 0.0), (0.37, 0.0), (-2.6, 1.3)])
def test_a_pan_carries_the_canvas_exactly_for_any_fraction_of_a_pixel(by: tuple[float, float]) -> None:
    first = now = Canvas.of(HEIGHT, WIDTH, seed=3)
    for _ in range(40):
        now, anew = now.carried(moved(*by), ALL)
        assert anew < 0.05  # a border
    wanted = first.places - 40 * np.float32(by)
    np.testing.assert_allclose(now.places, wanted, atol=0.01)  # also where the pan has uncovered it


def test_a_film_that_stands_still_keeps_its_canvas_to_the_bit() -> None:
    first = Canvas.of(HEIGHT, WIDTH, seed=3)
    now, anew = first.carried(moved(0, 0), ALL)
    assert anew == 0
    assert np.array_equal(now.places, first.places)


def test_what_is_not_trusted_goes_on_with_the_sheet_around_it() -> None:
    first = Canvas.of(HEIGHT, WIDTH, seed=3)
    trust = ALL.copy()
    trust[10:14, 20:30] = 0
    now, anew = first.carried(moved(0, 0), trust)
    assert anew == pytest.approx(40 / ALL.size)
    np.testing.assert_allclose(now.places, first.places, atol=0.01)


def test_without_any_trust_a_new_sheet_begins() -> None:
    first = Canvas.of(HEIGHT, WIDTH, seed=3)
    now, anew = first.carried(moved(0, 0), 0 * ALL)
    assert anew == 1
    away = now.places - first.places
    assert np.ptp(away.reshape(-1, 2), axis=0).max() < 0.01
    assert np.abs(away).max() > 10


def test_an_edge_between_two_things_mixes_no_places() -> None:
    back = moved(0, 0)
    back[:, :24] = [-3.0, 0.0]
    first = Canvas.of(HEIGHT, WIDTH, seed=3)
    now, _ = first.carried(back, ALL)
    shift = (now.places - first.places)[..., 0]
    assert set(np.unique(shift.round(2))) <= {-3.0, 0.0}


def seen_by(camera: Array) -> Array:
    """The way back where each frame shows the one before as a matrix (2, 2) leads there from its middle."""
    centred = canvas.still(HEIGHT, WIDTH) - np.float32([WIDTH / 2, HEIGHT / 2])
    return np.asarray(centred @ camera.T - centred, np.float32)


def turn(degrees: float) -> Array:
    """A rotation, (2, 2)."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.float32([[cos, -sin], [sin, cos]])


def test_a_camera_that_turns_takes_the_canvas_with_it() -> None:
    """Beyond 40 degrees all of it once counted as frayed, and began anew with each frame."""
    first = now = Canvas.of(HEIGHT, WIDTH, seed=3)
    for _ in range(60):
        now, anew = now.carried(seen_by(turn(1.5)), ALL)
        assert anew < 0.1  # corners
    around = canvas.still(HEIGHT, WIDTH) - np.float32([WIDTH / 2, HEIGHT / 2])
    middle = first.places.mean((0, 1))
    near = np.hypot(*np.moveaxis(around, -1, 0)) < HEIGHT / 3
    np.testing.assert_allclose((now.places - middle)[near], (around @ turn(90).T)[near], atol=0.5)


def test_after_a_zoom_strokes_do_not_slide_over_a_scene_that_pans() -> None:
    now = Canvas.of(HEIGHT, WIDTH, seed=3)
    for _ in range(12):
        now, _ = now.carried(seen_by(np.float32(1 / 1.02) * np.eye(2, dtype=np.float32)), ALL)
    zoomed = now
    for _ in range(12):
        now, _ = now.carried(moved(0, 1.3), ALL)
    way = (now.places - zoomed.places)[8:-8, 8:-8].mean((0, 1))
    np.testing.assert_allclose(way, [0, -12 * 1.3 / 1.02**12], atol=0.1)


@pytest.mark.parametrize("zoom", [1.02, 1 / 1.02])
def test_a_long_zoom_draws_the_canvas_anew_block_by_block(zoom: float, field: Field) -> None:
    """Once all at once where the flow was exact, and in films cell by cell, which drew nothing anew."""
    now, most = Canvas.of(HEIGHT, WIDTH, seed=3), 0.0
    back = seen_by(np.float32(1 / zoom) * np.eye(2, dtype=np.float32))
    for _ in range(120):
        now, anew = now.carried(back, ALL)
        most = max(most, anew)
    across, down = (np.hypot(*np.moveaxis(np.diff(now.places, axis=axis), -1, 0)) for axis in (1, 0))
    area = np.median(across) * np.median(down) / canvas.CELL**2
    assert 1 / 3.2 < area < 3.2  # 1.02 to the power of 240 is 115
    assert most < 0.5
    fine = field.at(now.places)[: canvas.CHANNELS_PER_OCTAVE]
    assert 0.9 < fine.std() < 1.1


def test_the_noise_keeps_its_contrast_where_all_moves_wildly(field: Field) -> None:
    rng, now = np.random.default_rng(0), Canvas.of(HEIGHT, WIDTH, seed=3)
    for _ in range(100):
        back = moved(*rng.uniform(-9, 9, 2)) + rng.normal(0, 0.2, (*CELLS, 2)).astype(np.float32)
        now, _ = now.carried(back, rng.uniform(0, 1, CELLS).astype(np.float32))
    fine = field.at(now.places)[: canvas.CHANNELS_PER_OCTAVE]
    assert np.isfinite(now.places).all()
    assert 0.9 < fine.std() < 1.1


def test_things_that_wander_do_not_fray_the_canvas(field: Field) -> None:
    """What they uncover and hide is begun anew patch by patch: after 150 frames 2 to 4 dB were lost once."""
    rng = np.random.default_rng(0)
    first = now = Canvas.of(512, 512, seed=2)
    y, x = np.mgrid[:128, :128]
    middle = rng.uniform(20, 108, (12, 2))  # cells
    for _ in range(150):
        step = rng.uniform(-12, 12, middle.shape)  # px
        middle = np.clip(middle + step / canvas.CELL, 8, 120)
        back = np.zeros((128, 128, 2), np.float32)
        for (row, column), (down, across) in zip(middle, step, strict=True):
            back[np.hypot(y - row, x - column) < 8] = [-across, -down]
        now, _ = now.carried(back, np.ones((128, 128), np.float32))
    for octave in range(canvas.OCTAVES):
        before, after = (_power(field, c, octave) for c in (first, now))
        assert abs(10 * np.log10(after / before)) < 1


def _power(field: Field, now: Canvas, octave: int) -> float:
    """Of an octave around the middle of its band."""
    found = np.split(field.at(now.places), canvas.OCTAVES)[octave]
    spectrum = np.square(np.abs(np.fft.rfft(found * np.hanning(found.shape[-1])))).mean((0, 1))
    middle = found.shape[-1] * canvas.CELL / (2 * 5.5 * 2**octave)  # cycles across the frame
    return float(spectrum[int(middle / 1.2) : int(middle * 1.2) + 2].mean())


def test_a_patch_too_small_for_strokes_joins_the_sheet_around_it() -> None:
    first = Canvas.of(HEIGHT, WIDTH, seed=3)
    torn = first.places.copy()
    torn[10:13, 20:23] += 300.0
    now, anew = Canvas(torn, seed=3).carried(moved(0, 0), ALL)
    assert anew == pytest.approx(9 / torn[..., 0].size)
    np.testing.assert_allclose(now.places, first.places, atol=1e-3)


def test_a_large_thing_keeps_the_sheet_of_its_own() -> None:
    first = Canvas.of(HEIGHT, WIDTH, seed=3)
    torn = first.places.copy()
    torn[4:28, 4:24] += 300.0
    now, _ = Canvas(torn, seed=3).carried(moved(0, 0), ALL)
    np.testing.assert_array_equal(now.places[8:24, 8:20], torn[8:24, 8:20])
