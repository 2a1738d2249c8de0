"""The films of `tests/media.py` are what they say they are, as plain PyAV and OpenCV see them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.stream import Disposition

from tests import drawing, media

Make = Callable[[Path], media.Clip]

FILMS: dict[str, Make] = {
    "constant": media.constant,
    "ntsc": media.ntsc,
    "ntsc mkv": lambda folder: media.ntsc(folder, name="ntsc.mkv"),
    "variable rate": media.variable_rate,
    "variable rate mkv": lambda folder: media.variable_rate(folder, name="variable.mkv"),
    "start offset": media.start_offset,
    "start offset mkv": lambda folder: media.start_offset(folder, name="offset.mkv"),
    "rotated 90": lambda folder: media.rotated(folder, 90),
    "rotated 180": lambda folder: media.rotated(folder, 180),
    "rotated 270": lambda folder: media.rotated(folder, 270),
    "rich": media.rich,
    "odd size": media.odd_size,
    "anamorphic": media.anamorphic,
    "pcm sound": media.pcm_sound,
    "one frame": media.one_frame,
    "b frames": media.b_frames,
    "pq": lambda folder: media.hdr(folder, "pq"),
    "hlg": lambda folder: media.hdr(folder, "hlg"),
    "interlaced": media.interlaced,
    "cover art": media.cover_art,
    "lossless": media.lossless,
}


def opened(path: Path) -> Any:
    """The file as PyAV opens it; its types can't say what a test knows."""
    return av.open(path)


def image(name: str, flags: int) -> np.ndarray[Any, Any]:
    """A picture file as OpenCV reads it."""
    found = cv2.imread(name, flags)
    assert found is not None
    return found


def decode(path: Path) -> list[Any]:
    """All frames of the first video stream that is no cover."""
    with opened(path) as container:
        return list(container.decode(_film_stream(container)))


def _film_stream(container: Any) -> Any:
    return next(s for s in container.streams.video if s.disposition != Disposition.attached_pic)


def upright(frame: Any) -> np.ndarray[Any, Any]:
    """A frame as swscale turns it into RGB, turned by its display matrix."""
    return np.rot90(frame.reformat(format="rgb24").to_ndarray(), frame.rotation // 90)


@pytest.mark.parametrize("make", FILMS.values(), ids=FILMS)
def test_every_film_has_the_frames_times_size_and_colours_it_claims(make: Make, tmp_path: Path) -> None:
    clip = make(tmp_path)
    frames = decode(clip.path)
    assert tuple(frame.pts * frame.time_base for frame in frames) == clip.times
    assert tuple(drawing.read_number(upright(frame)) for frame in frames) == clip.numbers
    first = frames[0]
    assert (first.width, first.height) == clip.video.size
    assert upright(first).shape[1::-1] == clip.upright_size
    assert first.format.name == clip.video.pixel_format
    tags = (first.colorspace, first.color_range, first.color_primaries, first.color_trc)
    assert tags == clip.video.color


@pytest.mark.parametrize("name", drawing.LAYOUTS)
def test_every_pixel_format_is_stored_without_loss(name: str, tmp_path: Path) -> None:
    clip = media.pixel_format(tmp_path, name, size=(97, 65))
    wanted_frames = list(clip.video.frames())
    for number, frame in enumerate(decode(clip.path)):
        stored = wanted_frames[number]
        assert drawing.read_number(upright(frame)) == number
        same_layout = frame if name != "rgb24" else frame.reformat(format="rgb24")
        assert same_layout.format.name == name
        for plane, wanted in zip(same_layout.planes, stored.planes, strict=True):
            assert np.array_equal(_used(plane, name), _used(wanted, name))


def _used(plane: Any, name: str) -> np.ndarray[Any, Any]:
    """The bytes of a plane that hold pixels."""
    depth = {"rgb24": 3, "bgr0": 4}.get(name, 1 + name.endswith("le"))
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height]
    used = rows[:, : plane.width * depth].reshape(len(rows), plane.width, depth)
    return used[..., :3]  # not the fourth byte of bgr0


@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", drawing.LUMA_WEIGHTS)
def test_charts_have_the_colours_they_claim(matrix: str, full_range: bool, tmp_path: Path) -> None:
    clip = media.chart(tmp_path, matrix, full_range=full_range)
    frame = decode(clip.path)[0]
    rgb = frame.reformat(format="rgb24", dst_color_range=2).to_ndarray()
    wanted = drawing.chart_colours() * 255
    assert np.abs(drawing.read_chart(rgb) - wanted).max() < 3


@pytest.mark.parametrize("codec", ["ffv1", "libx264"])
def test_untagged_charts_carry_no_tags(codec: str, tmp_path: Path) -> None:
    clip = media.chart(tmp_path, "709", full_range=False, tagged=False, codec=codec)
    frame = decode(clip.path)[0]
    assert (frame.colorspace, frame.color_primaries, frame.color_trc) == (2, 2, 2)
    assert frame.color_range in (0, 1)


def test_a_start_offset_is_the_pictures_and_not_the_sounds(tmp_path: Path) -> None:
    for name in ("offset.mp4", "offset.mkv"):
        clip = media.start_offset(tmp_path, name=name)
        with opened(clip.path) as container:
            packets = [p for p in container.demux() if p.pts is not None]
            first = {p.stream.type: p.pts * p.time_base for p in reversed(packets)}
        assert first["video"] == Fraction(1, 2)
        assert first["audio"] <= 0


def test_the_rich_film_holds_everything(tmp_path: Path) -> None:
    clip = media.rich(tmp_path)
    with opened(clip.path) as container:
        kinds = [stream.type for stream in container.streams]
        assert kinds == ["video", "audio", "audio", "subtitle", "attachment"]
        english, german = container.streams.audio
        assert (english.language, german.language) == ("eng", "ger")
        assert german.metadata["title"] == "Kommentar"
        assert english.disposition == Disposition.default
        assert german.disposition == Disposition.comment
        assert container.streams.subtitles[0].language == "eng"
        assert container.streams.attachments[0].data == b"attached\n" * 20
        titles = [chapter["metadata"]["title"] for chapter in container.chapters()]
        assert titles == ["Anfang", "Ende"]
        assert container.metadata["title"] == "Frühling"
        lines = [bytes(p) for p in container.demux(subtitles=0) if p.size]
    assert lines == [subtitle.text.encode() for subtitle in clip.extras.subtitles]


def test_b_frames_are_stored_out_of_order(tmp_path: Path) -> None:
    with opened(media.b_frames(tmp_path).path) as container:
        times = [packet.pts for packet in container.demux(video=0) if packet.size]
    assert times != sorted(times)


def test_properties_of_single_films(tmp_path: Path) -> None:
    assert decode(media.interlaced(tmp_path).path)[0].interlaced_frame
    with opened(media.anamorphic(tmp_path).path) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)
    with opened(media.pcm_sound(tmp_path).path) as container:
        assert container.streams.audio[0].codec_context.name == "pcm_s16le"
    with opened(media.cover_art(tmp_path).path) as container:
        cover = [stream.disposition == Disposition.attached_pic for stream in container.streams]
    assert cover == [False, False, True]


def test_gaps_of_the_variable_rate_differ() -> None:
    times = media.irregular()
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert min(gaps) > 0
    assert len(set(gaps)) > len(gaps) // 2


def test_what_is_no_film(tmp_path: Path) -> None:
    with opened(media.audio_only(tmp_path)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]
    empty = media.without_frames(tmp_path)
    with opened(empty) as container:
        assert container.streams.video
    assert decode(empty) == []
    for path in (media.no_video(tmp_path), media.truncated_without_index(tmp_path)):
        with pytest.raises(av.InvalidDataError):
            opened(path)


@pytest.mark.parametrize("name", ["truncated.mkv", "truncated.mp4"])
def test_a_truncated_film_ends_in_the_middle_of_a_frame(name: str, tmp_path: Path) -> None:
    clip = media.truncated(tmp_path, name=name)
    times: list[Fraction] = []
    with opened(clip.path) as container:
        try:
            times.extend(frame.pts * frame.time_base for frame in container.decode(video=0))
        except av.InvalidDataError:
            assert name.endswith("mp4")
    assert clip.whole == 12
    assert tuple(times[: clip.whole]) == clip.times[: clip.whole]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_damage_shows_up_to_the_next_key_frame(tmp_path: Path) -> None:
    whole = media.damaged(tmp_path, name="whole.mkv", index=24)  # the last frame
    clip = media.damaged(tmp_path)
    differ = [
        not np.array_equal(upright(frame), upright(intact))
        for frame, intact in zip(decode(clip.path), decode(whole.path), strict=True)
    ]
    assert clip.whole == 8
    assert differ[:24] == [False] * 8 + [True] * 4 + [False] * 12


def test_damage_beyond_decoding_raises(tmp_path: Path) -> None:
    with pytest.raises(av.InvalidDataError):
        decode(media.damaged(tmp_path, beyond_decoding=True).path)


@pytest.mark.parametrize("name", ["still.png", "still.jpg", "still.webp"])
def test_stills(name: str, tmp_path: Path) -> None:
    still = media.still(tmp_path, name=name)
    read = image(str(still.path), cv2.IMREAD_UNCHANGED)[..., ::-1].astype(int)
    assert read.shape == still.pixels.shape
    off = np.abs(drawing.read_chart(read) - drawing.read_chart(still.pixels)).max()
    assert off == 0 if still.exact else off < 3


def test_deep_and_turned_stills(tmp_path: Path) -> None:
    deep = media.deep_still(tmp_path)
    assert np.array_equal(image(str(deep.path), -1)[..., ::-1], deep.pixels)
    assert deep.pixels.dtype == np.uint16
    turned = media.turned_still(tmp_path)
    stored = image(str(turned.path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert stored.shape == (64, 96, 3)
    shown = image(str(turned.path), cv2.IMREAD_COLOR)[..., ::-1]
    assert shown.shape == turned.pixels.shape
    assert np.abs(drawing.read_chart(shown) - drawing.read_chart(turned.pixels)).max() < 3


def test_the_animated_gif_moves(tmp_path: Path) -> None:
    clip = media.animated_gif(tmp_path)
    frames = decode(clip.path)
    assert tuple(drawing.read_number(upright(frame)) for frame in frames) == clip.numbers
    assert tuple(frame.pts * frame.time_base for frame in frames) == clip.times


@pytest.mark.parametrize("width", [30, 96, 97, 640])
def test_numbers_are_read_back_from_any_size_and_depth(width: int) -> None:
    for number in range(0, 256, 5):
        picture = drawing.numbered_picture(number, width, width * 2 // 3)
        assert drawing.read_number((picture * 1023).astype(np.uint16)) == number
    with pytest.raises(ValueError, match="no number"):
        drawing.read_number(np.full((64, 96, 3), 128))
