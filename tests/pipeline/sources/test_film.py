"""Every frame once, in order, with its exact time and its own colours; damage is counted."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stylize_video.errors import InputError
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.sources.film import FilmSource
from tests import drawing, media
from tests.test_media import FILMS


def read(path: Path, **options) -> tuple[FilmSource, list[Frame]]:
    with FilmSource(path, **options) as reader:
        return reader, list(reader.frames())


def numbers(frames: list[Frame]) -> tuple[int, ...]:
    return tuple(drawing.read_number(frame.pixels) for frame in frames)


HDR = ("pq", "hlg")  # whose first frame takes seconds, so they are read once, below


@pytest.mark.parametrize("name", [name for name in FILMS if name not in HDR])
def test_each_frame_once_in_order_at_its_time(name: str, tmp_path: Path) -> None:
    clip = FILMS[name](tmp_path)
    reader, frames = read(clip.path)
    assert_each_once(reader, frames, clip)


def assert_each_once(reader: FilmSource, frames: list[Frame], clip: media.Clip) -> None:
    """All frames of a whole film, in order, at their times, upright."""
    assert numbers(frames) == clip.numbers
    assert tuple(frame.time for frame in frames) == clip.times
    assert all(frame.pixels.shape[1::-1] == clip.upright_size for frame in frames)
    assert (reader.signal.width, reader.signal.height) == clip.upright_size
    assert reader.report.damaged == 0
    assert reader.report.retimed == 0
    assert not reader.report.truncated


def test_the_time_base_is_the_files_own(tmp_path: Path) -> None:
    reader, frames = read(media.ntsc(tmp_path).path)
    assert reader.signal.time_base.denominator % 30000 == 0
    assert reader.signal.rate == Fraction(30000, 1001)
    assert frames[1].time == Fraction(1001, 30000)


def test_sample_aspect_ratio_and_display_matrix(tmp_path: Path) -> None:
    assert read(media.anamorphic(tmp_path).path)[0].signal.sample_aspect_ratio == Fraction(4, 3)
    info = read(media.rotated(tmp_path, 90).path)[0].signal
    assert info.quarter_turns == 1
    assert info.display_matrix is not None
    assert (info.coded_width, info.coded_height) == (info.height, info.width)


@pytest.mark.parametrize("tagged", [True, False], ids=["tagged", "untagged"])
@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", ["601", "709", "2020"])
def test_pixels_by_the_films_own_matrix_and_range(
    matrix: str, full_range: bool, tagged: bool, tmp_path: Path
) -> None:
    if not tagged and (full_range or matrix == "2020"):
        pytest.skip("nothing in such a file says so")
    size = (960, 720) if matrix == "709" and not tagged else media.SMALL
    clip = media.chart(tmp_path, matrix, full_range=full_range, tagged=tagged, size=size)
    _, frames = read(clip.path)
    expected = drawing.chart_colours() * 255
    # A code of limited range is up to 1.9 of these.
    assert np.abs(drawing.read_chart(frames[0].pixels) - expected).max() < 2


@pytest.mark.parametrize("name", sorted(drawing.LAYOUTS))
def test_every_pixel_format(name: str, tmp_path: Path) -> None:
    clip = media.pixel_format(tmp_path, name)
    _, frames = read(clip.path)
    assert numbers(frames) == clip.numbers
    deep = "10" in name
    assert frames[0].pixels.dtype == (np.uint16 if deep else np.uint8)
    picture = clip.video.picture(0)
    if "gray" in name:
        weights = drawing.LUMA_WEIGHTS["709"]
        picture = (picture * [weights[0], 1 - sum(weights), weights[1]]).sum(-1, keepdims=True)
    error = np.abs(frames[0].pixels / (65535 if deep else 255) - picture)[20:-4, 4:-4]
    assert np.median(error) < 0.006


def test_ten_bits_stay_ten_bits(tmp_path: Path) -> None:
    clip = media.pixel_format(tmp_path, "yuv444p10le")
    _, frames = read(clip.path)
    assert len(np.unique(frames[0].pixels)) > 300


@pytest.mark.parametrize("name", ["truncated.mkv", "truncated.mp4"])
def test_a_truncated_file_gives_all_before_the_damage(name: str, tmp_path: Path) -> None:
    clip = media.truncated(tmp_path, name=name)
    reader, frames = read(clip.path)
    assert len(frames) >= clip.whole
    assert numbers(frames[: clip.whole]) == tuple(range(clip.whole))
    assert reader.report.truncated
    assert "all frames there are were read" in reader.report.notes[0]
    # A decoder may make a picture of half a frame; on a machine with one core FFmpeg's does.
    assert len(reader.report.notes) == 1 + (reader.report.damaged > 0)


@pytest.mark.parametrize("beyond_decoding", [False, True])
def test_damage_is_counted_and_passed(beyond_decoding: bool, tmp_path: Path) -> None:
    clip = media.damaged(tmp_path, beyond_decoding=beyond_decoding)
    reader, frames = read(clip.path)
    assert reader.report.damaged >= 1
    assert len(frames) >= len(clip.times) - reader.report.damaged
    assert numbers(frames[: clip.whole]) == tuple(range(clip.whole))
    assert frames[-1].time == clip.times[-1]
    assert not reader.report.truncated


# Each makes libswscale find its map anew, which takes seconds.
@pytest.mark.parametrize("transfer", ["pq", pytest.param("hlg", marks=pytest.mark.slow)])
def test_hdr_becomes_sdr(transfer: str, tmp_path: Path) -> None:
    clip = media.hdr(tmp_path, transfer)
    reader, frames = read(clip.path)
    assert_each_once(reader, frames, clip)
    assert reader.signal.color == (1, 1, 1, 1)
    assert any("HDR" in note for note in reader.report.notes)
    assert frames[0].pixels.dtype == np.uint8  # players take SDR in 8 bits
    white = np.percentile(frames[0].pixels, 99) / 255
    assert 0.5 < white <= 1.0  # paper white is neither grey nor clipped away


def test_start_and_duration(tmp_path: Path) -> None:
    clip = media.constant(tmp_path, count=25)
    reader, frames = read(clip.path, start=Fraction(1, 5), duration=Fraction(2, 5))
    assert numbers(frames) == tuple(range(5, 15))
    assert reader.clip.shift(reader.signal.time_base) == Fraction(1, 5) / reader.signal.time_base
    assert reader.signal.frame_count == 10
    assert len(read(clip.path, duration=Fraction(1, 5))[1]) == 5
    with pytest.raises(InputError, match="`start`"):
        FilmSource(clip.path, start=Fraction(100))


def test_start_counts_from_where_the_film_begins(tmp_path: Path) -> None:
    clip = media.b_frames(tmp_path)
    assert numbers(read(clip.path, start=Fraction(1, 5))[1]) == tuple(range(5, 20))


def test_max_size_shrinks_and_never_enlarges(tmp_path: Path) -> None:
    clip = media.constant(tmp_path)
    assert read(clip.path, max_size=48)[1][0].pixels.shape == (32, 48, 3)
    assert read(clip.path, max_size=960)[1][0].pixels.shape == (64, 96, 3)


def test_source_planes_are_kept_when_asked_for(tmp_path: Path) -> None:
    clip = media.lossless(tmp_path)
    assert read(clip.path)[1][0].source is None
    _, frames = read(clip.path, keep_source=True)
    for frame, original in zip(frames, clip.video.frames(), strict=True):
        assert frame.source is not None
        assert frame.source.format.name == "yuv420p"
        assert np.array_equal(frame.source.to_ndarray(), original.to_ndarray())


@pytest.mark.parametrize("name", ["still.png", "still.jpg", "still.webp"])
def test_a_picture_is_a_film_of_one_frame(name: str, tmp_path: Path) -> None:
    still = media.still(tmp_path, name=name)
    _reader, frames = read(still.path)
    assert len(frames) == 1
    error = np.abs(drawing.read_chart(frames[0].pixels) - drawing.read_chart(still.pixels))
    assert error.max() < (0.6 if still.exact else 4)


def test_sixteen_bit_pictures(tmp_path: Path) -> None:
    still = media.deep_still(tmp_path)
    _, frames = read(still.path)
    assert np.array_equal(frames[0].pixels, still.pixels)


def test_a_turned_photograph_is_upright(tmp_path: Path) -> None:
    still = media.turned_still(tmp_path)
    _, frames = read(still.path)
    assert frames[0].pixels.shape == still.pixels.shape
    assert np.abs(drawing.read_chart(frames[0].pixels) - drawing.read_chart(still.pixels)).max() < 4


def test_an_animated_gif(tmp_path: Path) -> None:
    clip = media.animated_gif(tmp_path)
    _, frames = read(clip.path)
    assert numbers(frames) == clip.numbers
    assert tuple(frame.time for frame in frames) == clip.times


def test_bad_input_says_what_and_where(tmp_path: Path) -> None:
    expected = {
        tmp_path: "is a folder",
        tmp_path / "nothing.mp4": "no such file",
        media.no_video(tmp_path): "not a film",
        media.without_frames(tmp_path): "not one frame",
        media.audio_only(tmp_path): "no video in it, only sound",
        media.truncated_without_index(tmp_path): "not a film",
    }
    for path, message in expected.items():
        with pytest.raises(InputError, match=message) as caught:
            FilmSource(path)
        assert str(path) in str(caught.value)


def test_closing_twice_is_fine(tmp_path: Path) -> None:
    reader = FilmSource(media.one_frame(tmp_path).path)
    reader.close()
    reader.close()


def test_b_frames_in_avi_are_shown_at_their_places(tmp_path: Path) -> None:
    """AVI holds no presentation times; FFmpeg's guesses would leave holes."""
    path = tmp_path / "b_frames.avi"
    video = media.Video(
        times=media.steady(20), options={"preset": "fast", "bf": "3", "x264-params": "b-adapt=0"}
    )
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options=dict(video.options))
        stream.width, stream.height = video.size
        for frame in [*video.frames(), None]:
            if frame is not None:
                frame.pts, frame.time_base = round(frame.time * 25), Fraction(1, 25)
            for packet in stream.encode(frame):
                packet.pts = None
                container.mux(packet)
    reader, frames = read(path)
    assert numbers(frames) == tuple(range(20))
    assert [f.time - frames[0].time for f in frames] == [Fraction(n, 25) for n in range(20)]
    assert reader.report.retimed == 0


@pytest.mark.parametrize("suffix", ["ts", "mkv", "mp4", "avi"])
def test_start_where_seeking_is_hard(suffix: str, tmp_path: Path) -> None:
    video = media.Video(times=media.steady(50), options={"g": "50", "preset": "ultrafast"})
    clip = media.film(tmp_path / f"one_key.{suffix}", video)
    _, frames = read(clip.path, start=Fraction(1), duration=Fraction(1, 5))
    assert len(frames) == 5
    assert numbers(frames)[0] in ((25,) if suffix != "avi" else (24, 25))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi"])
def test_frames_from_a_place_that_was_sought(suffix: str, tmp_path: Path) -> None:
    video = media.Video(times=media.steady(150), options={"g": "25"})
    film = media.film(tmp_path / f"film{suffix}", video).path
    with FilmSource(film) as source:
        whole = list(source.frames())
    for number in (110, 149):
        with FilmSource(film) as source:
            assert source.seek(whole[number].pts)
            found = list(source.frames())
            assert [frame.pts for frame in found] == [frame.pts for frame in whole[number:]]
            assert all((a.rgb == b.rgb).all() for a, b in zip(found, whole[number:], strict=True))
    with FilmSource(film) as source:
        assert not source.seek(whole[20].pts)  # as fast from the beginning
        assert len(list(source.frames())) == 150


def test_an_unlabelled_film_keeps_its_matrix_when_it_is_shrunk(tmp_path: Path) -> None:
    clip = media.chart(tmp_path, "709", full_range=False, tagged=False, size=(1080, 720))
    reader, frames = read(clip.path, max_size=270)
    assert reader.signal.color.matrix == 1  # else players would take 180 lines for BT.601
    assert np.abs(drawing.read_chart(frames[0].pixels) - drawing.chart_colours() * 255).max() < 3
    assert read(clip.path)[0].signal.color.matrix == 2


def test_names_that_ffmpeg_would_take_for_something_else(tmp_path: Path) -> None:
    clip = media.one_frame(tmp_path)
    path = clip.path.rename(tmp_path / "Film: one.mp4")
    assert len(read(path)[1]) == 1
    media.still(tmp_path, name="a001.png")
    assert len(read(media.still(tmp_path, name="a%03d.png").path)[1]) == 1


def test_times_are_reported(tmp_path: Path) -> None:
    clip = media.variable_rate(tmp_path)
    reader, frames = read(clip.path)
    assert list(reader.report.times) == [frame.pts for frame in frames]
