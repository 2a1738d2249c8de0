"""What lies below flat frames becomes strokes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from stylize_video.models.canvas import Canvas
from stylize_video.models.perceptual import brushwork
from stylize_video.models.runtimes.torch_runtime import TorchRuntime
from stylize_video.models.wct import levels as wct_levels
from stylize_video.models.wct import program as wct_program
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.grain import Grain, contrasts_of
from stylize_video.models.wct.painter import WctPainter, WctStyle

HEIGHT, WIDTH = 96, 128
FLATS = {"grey": 127, "black": 0, "white": 255}


@cache
def painter(seed: int = 0) -> WctPainter:
    """The bundled networks: small ones that have learned nothing paint no strokes."""
    weights = wct_weights.open_bundled()
    program = wct_program.program(weights.parameters, wct_levels.DEFAULT_LEVELS)
    runtime = TorchRuntime(program, torch.device("cpu"), half=False)
    return WctPainter(runtime, seed=seed)


@cache
def style() -> WctStyle:
    return WctStyle(wct_weights.open_bundled().paintings["kandinsky"])


def flat(level: int) -> NDArray[np.uint8]:
    return np.full((1, HEIGHT, WIDTH, 3), level, np.uint8)


def on_canvas(paints: WctPainter, picture: NDArray[np.uint8]) -> Any:
    return paints.paint(picture, [paints.new_canvas(HEIGHT, WIDTH)], style())


@pytest.mark.parametrize("level", FLATS.values(), ids=FLATS)
def test_a_flat_frame_gets_brushwork(level: int) -> None:
    painted, bare = on_canvas(painter(), flat(level)), painter().paint(flat(level), (), style())
    with_strokes, without = (np.mean(brushwork.energies(p[0]), axis=1) for p in (painted, bare))
    assert (with_strokes > 2).all()  # of L*a*b*, in each octave
    assert (without < 1).all()


def test_nothing_in_it_is_no_number() -> None:
    as_floats = on_canvas(painter(), np.zeros((1, HEIGHT, WIDTH, 3), np.float32))
    assert np.isfinite(as_floats).all()


def test_a_seed_paints_the_same_and_another_something_else() -> None:
    first = on_canvas(painter(), flat(127))
    assert np.array_equal(on_canvas(painter.__wrapped__(), flat(127)), first)
    other = on_canvas(painter(1), flat(127))
    assert np.abs(other.astype(int) - first).mean() > 5


def test_the_grain_has_a_few_levels_and_moves_with_the_canvas() -> None:
    canvas, grain = Canvas.of(HEIGHT, WIDTH, seed=0), Grain(0)
    still = Canvas.of(HEIGHT, WIDTH, seed=0)
    back = np.full((*canvas.places.shape[:2], 2), (-8.0, 0.0), np.float32)  # a pan to the right
    moved, _ = canvas.carried(back, np.ones(back.shape[:2], np.float32))
    contrasts = contrasts_of(flat(127))
    before, after = (grain.below(flat(127), [c], contrasts)[0, ..., 0] * 255 - 127 for c in (still, moved))
    assert 3 < before.std() < 20
    assert np.corrcoef(after[:, 32:].ravel(), before[:, 24:-8].ravel())[0, 1] > 0.95


def halves(difference: int) -> NDArray[np.uint8]:
    """A dark and a bright half, both flat."""
    return np.concatenate([flat(127 - difference), flat(127 + difference)], axis=2)[:, :, ::2]


def noisy(deviation: float, seed: int) -> NDArray[np.uint8]:
    """A frame of grey noise."""
    noise = np.random.default_rng(seed).normal(127, deviation, (1, HEIGHT, WIDTH, 1))
    return np.asarray(noise.clip(0, 255), np.uint8).repeat(3, axis=3)


def strengths(differences: Sequence[int], *, steady: bool = True, shots: int = 1) -> list[float]:
    """How strong the grain below each frame of a film of `halves` is, in levels."""
    paints, found = WctPainter(painter()._runtime, steady=steady), []
    canvas = paints.new_canvas(HEIGHT, WIDTH)
    for _ in range(shots):
        known = paints.new_shot()
        for difference in differences:
            frame = halves(difference)
            grained = paints._grained(frame, [canvas], known)
            found.append(float((grained * 255 - frame).std()))
    return found


def test_a_film_that_flickers_has_grain_that_does_not() -> None:
    film = [20, 80] * 6
    frame_by_frame, smoothed = strengths(film, steady=False), strengths(film)
    assert min(max(pair) / min(pair) for pair in pairwise(frame_by_frame)) > 2.5
    assert max(max(pair) / min(pair) for pair in pairwise(smoothed[-5:])) < 1.15


def test_each_shot_has_grain_of_its_own_contrast() -> None:
    assert strengths([60])[0] > 2.5 * strengths([10])[0]
    one = strengths([60, 10])
    assert strengths([60, 10], shots=2) == [*one, *one]


def test_flat_parts_have_more_grain_than_rich_ones() -> None:
    frame = np.concatenate([flat(127)[:, :, : WIDTH // 2], noisy(90, 0)[:, :, : WIDTH // 2]], axis=2)
    canvas = Canvas.of(HEIGHT, WIDTH, seed=0)
    grain = Grain(0).below(frame, [canvas], contrasts_of(frame))[0] - frame[0] / np.float32(255)
    plain, rich = grain[:, : WIDTH // 2 - 32].std(), grain[:, WIDTH // 2 + 32 :].std()
    assert plain > 2 * rich


def test_a_tensor_has_the_contrast_of_its_array() -> None:
    frame = noisy(40, 1)[:, :90, :70]  # no whole blocks
    one, other = contrasts_of(frame)[0], contrasts_of(torch.from_numpy(frame))[0]
    assert one.whole == pytest.approx(other.whole, rel=1e-4)
    np.testing.assert_allclose(one.of_blocks, other.of_blocks, rtol=1e-3)
    assert one.of_blocks.shape == (6, 5)
