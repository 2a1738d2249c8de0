"""What every source promises, of every source there is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stylize_video.errors import InputError
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.sources.arrays import ArraySource
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.sources.source import Source
from tests import media

Pictures = Iterator[tuple[int, np.ndarray]]


@dataclass(frozen=True)
class Case:
    """One source: as it should be, failing in its middle, and without a picture."""

    make: Callable[[], Source]
    times: list[Fraction]  # s, of its frames
    broken: Callable[[], Source]
    empty: Callable[[], Source]


def _film(clip: media.Clip, folder: Path) -> Case:
    return Case(
        lambda: FilmSource(clip.path),
        list(clip.times),
        lambda: FilmSource(media.truncated(folder).path),
        lambda: FilmSource(media.without_frames(folder)),
    )


def _constant(folder: Path) -> Case:
    return _film(media.constant(folder), folder)


def _variable(folder: Path) -> Case:
    return _film(media.variable_rate(folder), folder)


def _late(folder: Path) -> Case:
    return _film(media.start_offset(folder), folder)


def _reordered(folder: Path) -> Case:
    return _film(media.b_frames(folder), folder)


def _deep(folder: Path) -> Case:
    return _film(media.pixel_format(folder, "yuv422p10le"), folder)


def _gif(folder: Path) -> Case:
    return _film(media.animated_gif(folder), folder)


def _rotated(folder: Path) -> Case:
    return _film(media.rotated(folder, 90), folder)


TICK = Fraction(1, 1000)
PTS = [0, 40, 81, 200]


def _pictures(pts: list[int], dtype: type, error: Exception | None = None) -> Pictures:
    for number, time in enumerate(pts):
        yield time, np.full((6, 8, 3), 50 * number, dtype)
    if error is not None:
        raise error


def _arrays(folder: Path, dtype: type = np.uint8) -> Case:
    return Case(
        lambda: ArraySource(_pictures(PTS, dtype), time_base=TICK),
        [time * TICK for time in PTS],
        lambda: ArraySource(_pictures(PTS[:2], dtype, InputError("unplugged")), time_base=TICK),
        lambda: ArraySource(_pictures([], dtype), time_base=TICK),
    )


def _deep_arrays(folder: Path) -> Case:
    return _arrays(folder, np.uint16)


CASES = [_constant, _variable, _late, _reordered, _deep, _gif, _rotated, _arrays, _deep_arrays]


@pytest.fixture(params=CASES, ids=lambda make: make.__name__[1:])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    return request.param(tmp_path)


def test_the_signal_is_that_of_the_frames_and_known_before_them(case: Case) -> None:
    with case.make() as source:
        signal = source.signal
        for frame in source.frames():
            assert frame.rgb.shape == (signal.height, signal.width, 3)
            assert frame.rgb.dtype == (np.uint16 if signal.bit_depth > 8 else np.uint8)
            assert frame.time_base == signal.time_base
    assert signal.beginning == case.times[0]
    assert source.signal == signal


def test_every_frame_once_at_its_exact_time(case: Case) -> None:
    with case.make() as source:
        assert [frame.time for frame in source.frames()] == case.times
        assert [pts * source.signal.time_base for pts in source.report.times] == case.times
        assert list(source.frames()) == []
    assert source.report.notes == []


def test_stored_planes_where_nobody_wants_pixels(case: Case) -> None:
    with case.make() as source:
        signal = source.signal
        frames = list(source.frames(rgb=False))
        assert [frame.time for frame in frames] == case.times
        for frame in frames:
            assert frame.pixels is None
            assert (frame.planes.width, frame.planes.height) == (signal.coded_width, signal.coded_height)
            assert frame.planes.format.name.replace("yuvj", "yuv") == signal.pixel_format
            assert frame.planes.pts * frame.planes.time_base == frame.time


def test_frames_may_be_read_in_another_thread(case: Case) -> None:
    found: list[Frame] = []
    with case.make() as source:
        thread = threading.Thread(target=lambda: found.extend(source.frames()))
        thread.start()
        thread.join(30)
    assert [frame.time for frame in found] == case.times


def test_close_again_and_before_the_end(case: Case) -> None:
    source = case.make()
    frames = source.frames()
    assert next(frames).time == case.times[0]
    source.close()
    source.close()
    assert list(frames) == list(source.frames()) == []


def test_an_error_of_the_caller_comes_through_and_closes(case: Case) -> None:
    source = case.make()

    def fail() -> None:
        with source:
            next(source.frames())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(source.frames()) == []


def test_what_fails_in_the_middle_gives_what_was_before_and_says_so(case: Case) -> None:
    """By an error, or by a note where more could be lost than won by one."""
    found: list[Frame] = []
    said: list[str] = []
    with case.broken() as source:
        try:
            found.extend(source.frames())
        except InputError as error:
            said.append(str(error))
        said += source.report.notes
    assert found
    assert [frame.pts for frame in found] == list(source.report.times)
    assert said
    assert all("\n" not in line for line in said)


def test_nothing_at_all_is_refused_with_one_line(case: Case) -> None:
    with pytest.raises(InputError) as error:
        case.empty()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("pts", [40, 39])
def test_arrays_have_to_be_in_order(pts: int) -> None:
    with (
        ArraySource(_pictures([0, 40, pts], np.uint8), time_base=TICK) as source,
        pytest.raises(InputError, match=f"{pts} ticks follows one at 40"),
    ):
        list(source.frames())


def test_arrays_are_of_one_size() -> None:
    pictures = [(0, np.zeros((6, 8, 3), np.uint8)), (1, np.zeros((8, 6, 3), np.uint8))]
    with (
        ArraySource(pictures, time_base=TICK) as source,
        pytest.raises(InputError, match="follows one of uint8"),
    ):
        list(source.frames())


def test_arrays_may_be_made_for_ever() -> None:
    def for_ever() -> Pictures:
        pts = 0
        while True:
            yield pts, np.zeros((6, 8, 3), np.uint8)
            pts += 1

    with ArraySource(for_ever(), time_base=TICK) as source:
        frames = source.frames()
        assert [next(frames).pts for _ in range(5)] == [0, 1, 2, 3, 4]
