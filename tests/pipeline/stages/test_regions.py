"""Several painters in one picture, each where its mask is white."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylize_video.errors import InputError
from stylize_video.pipeline import runner
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.stage import AnyStage
from stylize_video.pipeline.stages.masks import open_mask
from stylize_video.pipeline.stages.paint import Unchanged
from stylize_video.pipeline.stages.regions import Coverage, Regions
from tests.pipeline._masks import ArrayMask, grey_film
from tests.pipeline._stages import Stateless, signal, through

H, W = 8, 12
LEFT = np.tile(np.arange(W) < W // 2, (H, 1)).astype(np.float32)
NOTHING, ALL = np.zeros((H, W)), np.ones((H, W))


class Flat(Stateless):
    """Paints everything in one colour (0..255), and notes the batches."""

    def __init__(self, value: int) -> None:
        self.value = value
        self.seen: list[FrameBatch] = []
        self.ended = False

    def step(self, _: None, batch: FrameBatch) -> list[FrameBatch]:
        self.seen.append(batch)
        scale = 1 if batch.pixels.dtype == np.uint8 else 255
        return [batch.with_pixels(np.full_like(batch.pixels, self.value / scale))]

    def finish(self, _: None) -> tuple[()]:
        self.ended = True
        return ()


def of(parts: Sequence[tuple[AnyStage, Any]], **options: Any) -> Regions:
    """Regions with these masks, as if they were opened when the film begins."""
    return Regions([(stage, partial(_opened, mask)) for stage, mask in parts], **options)


def _opened(mask: Any) -> Any:
    return mask


def frame(number: int) -> Frame:
    return Frame(np.zeros((H, W, 3), np.uint8), number, Fraction(1, 25))


def film(kind: Any = np.uint8) -> list[FrameBatch]:
    """Three batches of two frames and one of one."""
    sizes, batches, number = (2, 2, 2, 1), [], 0
    for size in sizes:
        pixels = np.full((size, H, W, 3), 7 if kind is np.uint8 else 7 / 255, kind)
        batches.append(FrameBatch(pixels, [frame(number + i) for i in range(size)]))
        number += size
    return batches


def painted(regions: Regions, batches: list[FrameBatch] | None = None) -> list[FrameBatch]:
    return list(through(regions, film() if batches is None else batches))


def test_each_painter_where_its_mask_is_white() -> None:
    given = film()
    found = painted(of([(Flat(100), ArrayMask(LEFT)), (Flat(200), ArrayMask(1 - LEFT))]), given)
    assert len(found) == len(given)
    for batch, source in zip(found, given, strict=True):
        assert batch.frames is source.frames
        assert batch.originals is source.pixels
        assert batch.pixels.dtype == np.uint8
        assert (batch.pixels[:, :, : W // 2] == 100).all()
        assert (batch.pixels[:, :, W // 2 :] == 200).all()


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_weights_mix_and_the_kind_stays(kind: type) -> None:
    parts = [(Flat(40), ArrayMask(ALL * 0.25)), (Flat(200), ArrayMask(ALL * 0.75))]
    (batch, *_) = painted(of(parts), film(kind))
    assert batch.pixels.dtype == kind
    expected = 160 if kind is np.uint8 else 160 / 255
    assert np.abs(batch.pixels.astype(float) - expected).max() < 0.001


def test_overlapping_masks_share_and_faint_ones_paint_in_full() -> None:
    overlap = of([(Flat(100), ArrayMask(ALL)), (Flat(200), ArrayMask(ALL))])
    assert (painted(overlap)[0].pixels == 150).all()
    faint = of([(Flat(100), ArrayMask(LEFT * 0.1)), (Flat(200), ArrayMask(NOTHING))])
    assert (painted(faint)[0].pixels == 100).all()  # the compositor does the rest


def test_a_soft_border_is_monotone() -> None:
    ramp = np.tile(np.linspace(0, 1, W), (H, 1))
    parts = [(Flat(20), ArrayMask(1 - ramp)), (Flat(220), ArrayMask(ramp))]
    row = painted(of(parts))[0].pixels[0, 0, :, 0].astype(int)
    assert (np.diff(row) > 0).all()
    assert row[0] == 20
    assert row[-1] == 220


def test_where_all_masks_are_black_there_is_the_first_painting() -> None:
    found = painted(of([(Flat(100), ArrayMask(NOTHING)), (Flat(200), ArrayMask(LEFT))]))
    assert (found[0].pixels[:, :, : W // 2] == 200).all()
    assert (found[0].pixels[:, :, W // 2 :] == 100).all()


def test_one_painter_needs_no_mask() -> None:
    mask = ArrayMask(LEFT)
    assert (painted(of([(Flat(100), mask)]))[0].pixels == 100).all()
    assert mask.asked == []


def test_masks_are_asked_for_each_frame_once_in_order() -> None:
    one, other = ArrayMask(LEFT), ArrayMask(1 - LEFT)
    painted(of([(Flat(100), one), (Flat(200), other)]))
    assert one.asked == other.asked == [Fraction(n, 25) for n in range(7)]


def test_painters_see_the_originals_and_the_end() -> None:
    painters = Flat(100), Flat(200)
    given = film()
    painted(of([(painters[0], ArrayMask(LEFT)), (painters[1], ArrayMask(NOTHING))]), given)
    for painter in painters:
        assert painter.seen == given
        assert painter.ended


def test_painters_whose_masks_are_black_can_be_left_out() -> None:
    first, second = Flat(100), Flat(200)
    parts = [(first, ArrayMask(ALL)), (second, ArrayMask(NOTHING))]
    assert (painted(of(parts, skip_empty=True))[0].pixels == 100).all()
    assert len(first.seen) == 4
    assert second.seen == []
    assert second.ended


def test_nothing_but_a_stage_that_paints_nothing() -> None:
    parts = [(Unchanged(), ArrayMask(LEFT)), (Flat(200), ArrayMask(1 - LEFT))]
    found = painted(of(parts))
    assert (found[0].pixels[:, :, : W // 2] == 7).all()


class _Loses(Stateless):
    def step(self, _: None, batch: FrameBatch) -> list[FrameBatch]:
        return [] if batch.frames[0].pts else [batch]


class _Doubles(Stateless):
    def step(self, _: None, batch: FrameBatch) -> list[FrameBatch]:
        return [batch, batch]


class _Splits(Stateless):
    def step(self, _: None, batch: FrameBatch) -> list[FrameBatch]:
        return [FrameBatch(batch.pixels[:1], batch.frames[:1])]


@pytest.mark.parametrize(
    ("stage", "words"),
    [(_Loses(), "gave 0 batches"), (_Doubles(), "gave 2 batches"), (_Splits(), "other frames")],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_painters_that_keep_another_pace_are_found_out(stage: AnyStage, words: str) -> None:
    parts = [(Flat(100), ArrayMask(LEFT)), (stage, ArrayMask(1 - LEFT))]
    with pytest.raises(RuntimeError, match=f"painter 2 of 2.*{words}"):
        painted(of(parts))


def test_painters_that_hold_frames_back_are_refused() -> None:
    class Holds(Flat):
        holds = 3

    with pytest.raises(ValueError, match="hold no frames back"):
        of([(Flat(100), ArrayMask(LEFT)), (Holds(200), ArrayMask(1 - LEFT))])


def test_one_batch_too_many_at_the_end() -> None:
    class Late(Flat):
        def finish(self, _: None) -> Any:
            return self.seen[-1:]

    with pytest.raises(RuntimeError, match="more batches"):
        painted(of([(Late(100), ArrayMask(LEFT))]))


def test_a_painters_error_ends_the_others_and_closes_the_masks() -> None:
    closed = []

    class Fails(Stateless):
        def step(self, _: None, batch: FrameBatch) -> Any:
            raise OSError("no paint")

    class Closes(Flat):
        @contextmanager
        def running(self, _: None) -> Iterator[None]:
            try:
                yield
            finally:
                closed.append("painter")

    class Closing(ArrayMask):
        def __exit__(self, *_: object) -> None:
            closed.append("mask")

    with pytest.raises(OSError, match="no paint"):
        painted(of([(Closes(100), Closing(LEFT)), (Fails(), Closing(LEFT))]))
    assert sorted(closed) == ["mask", "mask", "painter"]


def test_a_mask_that_cannot_be_opened_closes_those_that_were() -> None:
    closed = []

    class Closing(ArrayMask):
        def __exit__(self, *_: object) -> None:
            closed.append("mask")

    def missing() -> Any:
        raise InputError("no such mask")

    regions = Regions([(Flat(100), lambda: Closing(LEFT)), (Flat(200), missing)])
    with pytest.raises(InputError, match="no such mask"):
        painted(regions)
    assert closed == ["mask"]


def test_there_has_to_be_something() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Regions([])
    with pytest.raises(ValueError, match="at least one"):
        Coverage([])


# -- coverage --


def test_coverage_is_the_masks_sum_but_no_more_than_one() -> None:
    coverage = Coverage([ArrayMask(LEFT), ArrayMask(ALL * 0.25)])
    found = coverage.at(Fraction(0), (H, W))
    assert found.dtype == np.float32
    assert (found[:, : W // 2] == 1).all()
    assert (found[:, W // 2 :] == 0.25).all()
    assert coverage.at(Fraction(1), (H, W)) is found


def test_coverage_follows_films_and_tells_of_each_once(tmp_path: Path) -> None:
    path = grey_film(tmp_path / "mask.mkv", [0, 0.25, 0.5])
    with open_mask(path) as one, open_mask(path) as other:
        coverage = Coverage([one, other])
        means = [float(coverage.at(Fraction(n, 25), (H, W)).mean()) for n in range(4)]
        assert np.abs(np.array(means) - [0, 0.5, 1, 1]).max() < 0.01
        assert len(coverage.notes) == 1


def test_in_the_runner_ahead_of_the_writer(tmp_path: Path) -> None:
    path = grey_film(tmp_path / "mask.mkv", [0, 1] * 5)
    written: list[tuple[int, float]] = []
    with open_mask(path) as behind:
        coverage = Coverage([behind])

        def write(given: Frame) -> None:
            assert given.pixels is not None
            cover = coverage.at(given.time, (H, W)).mean()
            written.append((int(given.pixels.max()), float(cover)))

        parts = [(Flat(100), partial(ArrayMask, NOTHING)), (Flat(200), partial(open_mask, path))]
        frames = [frame(n) for n in range(10)]
        runner.run(frames, [Regions(parts)], write, signal=signal(), batch_size=3)
    assert written == [(100, 0.0), (200, 1.0)] * 5
