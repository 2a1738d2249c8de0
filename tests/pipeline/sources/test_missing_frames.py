"""What is damaged or missing in a file is said, and costs no more than itself."""

from __future__ import annotations

import itertools
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from stylize_video.pipeline.sources import missing_frames
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.sources.film_decoder import FilmDecoder
from stylize_video.pipeline.stages.masks import FilmMask
from tests.pipeline import _clips
from tests.pipeline._trip import trip

HEVC = _clips.Clip(frames=10, codec="libx265", options={"x265-params": "log-level=none"})
_FLV_HEADER, _TAG_HEADER, _TAG_END = 13, 11, 4  # bytes
_SOUND_TAG, _RAW_AAC = 8, b"\xaf\x01"


def read(path: Path, **clip: Any) -> tuple[int, list[str]]:
    """How many frames the reader gives, and what it says."""
    with FilmSource(path, **clip) as reader:
        return sum(1 for _ in reader.frames(rgb=False)), reader.report.notes


def packets_of(path: Path) -> list[tuple[int, int]]:
    """Place and size of each packet of the film, bytes."""
    with av.open(path) as film:
        return [(p.pos, p.size) for p in film.demux(film.streams.video[0]) if p.size and p.pos is not None]


def damage(path: Path, number: int) -> Path:
    """Let a packet of an MP4 say that its first part is longer than all of it."""
    data = bytearray(path.read_bytes())
    place, _ = packets_of(path)[number]
    data[place : place + 4] = b"\x7f\xff\xff\xff"
    path.write_bytes(data)
    return path


def frames_without_threads(path: Path) -> int:
    count = 0
    with av.open(path) as film:
        stream = film.streams.video[0]
        stream.thread_type = "NONE"
        for packet in film.demux(stream):
            try:
                count += len(stream.decode(packet if packet.size else None))
            except av.FFmpegError:
                continue
    return count


def h265(path: Path) -> Path:
    with av.open(path, "w") as output:
        stream: Any = output.add_stream("libx265", 25, options=HEVC.options)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(HEVC.frames):
            pixels = np.full((64, 64, 3), 20 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("number", [9, 8, 4])
def test_damage_costs_no_more_than_without_frame_threads(tmp_path: Path, number: int) -> None:
    film = damage(h265(tmp_path / "film.mp4"), number)
    count, notes = read(film)
    wanted = frames_without_threads(film)
    assert count == wanted < 10
    missing = 10 - wanted
    assert any(note.startswith(f"{missing} frame") and "missing" in note for note in notes)


def test_frames_come_once_when_damage_is_decoded_again(tmp_path: Path) -> None:
    """Their times are those of the packets that are left."""
    film = damage(h265(tmp_path / "film.mp4"), 9)
    with FilmSource(film) as reader:
        times = [frame.time for frame in reader.frames(rgb=False)]
    assert len(times) == len(set(times))
    assert set(times) < set(_clips.times(film))


def test_masks_that_are_missing_are_said(tmp_path: Path) -> None:
    film = damage(h265(tmp_path / "film.mp4"), 9)
    with FilmMask(film) as mask:
        mask.at(Fraction(10), (64, 64))
        said = mask.notes
    assert f"{film}: 1 frame is missing, because it could not be decoded" in said
    assert not [note for note in said if "decoded as far as" in note]


def test_damage_far_into_a_film_is_looked_at_from_a_key_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stylize_video.pipeline.sources.film_decoder._FAR", 2)
    options = {"g": "25", "bf": "2"}
    film = _clips.make(tmp_path / "film.mp4", _clips.Clip(frames=150, options=options))
    damage(film, 140)
    count, notes = read(film)
    assert count == frames_without_threads(film)
    assert not any("header promises" in note for note in notes)


def test_a_film_that_begins_between_key_frames(tmp_path: Path) -> None:
    """As broadcasts are cut: what comes before the first key frame is counted."""
    whole = _clips.make(tmp_path / "whole.mp4", _clips.Clip(frames=40, codec="libx264", options={}))
    with av.open(whole) as film, av.open(tmp_path / "cut.mkv", "w") as output:
        copy = output.add_stream_from_template(film.streams.video[0], opaque=True)
        packets = [p for p in film.demux(film.streams.video[0]) if p.size]
        for packet in packets[:1] + packets[15:]:
            packet.stream = copy
            output.mux(packet)
    count, notes = read(tmp_path / "cut.mkv")
    assert count + sum(int(note.split()[0]) for note in notes if "missing" in note) == 26


CODECS = [
    ("mkv", "libx264", {"bf": "3"}),
    ("webm", "libvpx", {"auto-alt-ref": "1", "lag-in-frames": "12"}),
    ("webm", "libvpx-vp9", {"lag-in-frames": "12"}),
    ("mp4", "libx264", {"bf": "3"}),
    ("ts", "libx264", {"bf": "3"}),
    ("ts", "mpeg2video", {"bf": "2", "flags": "+ildct+ilme"}),
    ("avi", "mpeg4", {"bf": "2"}),
    ("mkv", "mpeg4", {"bf": "2"}),
]


@pytest.mark.parametrize(("suffix", "codec", "options"), CODECS, ids=[f"{c}-{s}" for s, c, _ in CODECS])
@pytest.mark.parametrize("start", [None, Fraction(1)], ids=["whole", "clip"])
def test_whole_films_miss_nothing(
    tmp_path: Path, suffix: str, codec: str, options: dict[str, str], start: Fraction | None
) -> None:
    """Hidden frames, reordered ones and fields are no losses."""
    path = tmp_path / f"film.{suffix}"
    with av.open(path, "w") as output:
        stream: Any = output.add_stream(codec, 25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        noise = np.random.default_rng(1).integers(0, 255, (64, 128, 3), np.uint8)
        for number in range(50):
            pixels = np.ascontiguousarray(noise[:, number : number + 64])
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with FilmSource(path, start=start) as reader:
        count = sum(1 for _ in reader.frames(rgb=False))
    assert count == (50 if start is None else 25)
    assert reader.report.missing == 0
    assert reader.report.damaged == 0


def jpeg() -> bytes:
    context: Any = av.CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt = 160, 96, "yuvj420p"
    context.time_base = Fraction(1, 25)
    noise = np.random.default_rng(1).integers(0, 255, (96, 160, 3), np.uint8)
    frame = av.VideoFrame.from_ndarray(noise, "rgb24").reformat(format="yuvj420p")
    frame.pts = 0
    return b"".join(bytes(p) for p in [*context.encode(frame), *context.encode(None)])


def test_a_jpeg_cut_in_half_is_said(tmp_path: Path) -> None:
    whole = jpeg()
    (tmp_path / "whole.jpg").write_bytes(whole)
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    assert read(tmp_path / "whole.jpg") == (1, [])
    count, notes = read(tmp_path / "half.jpg")
    assert count == 1
    assert any("damaged" in note for note in notes)


def test_a_thumbnail_within_a_jpeg_does_not_end_it() -> None:
    thumbnail = b"\xff\xd8\xff\xda..\xff\xd9"
    assert missing_frames.is_cut_jpeg(b"\xff\xd8" + thumbnail + b"\xff\xda....")
    assert not missing_frames.is_cut_jpeg(b"\xff\xd8" + thumbnail + b"\xff\xda....\xff\xd9 and more")


def sound_tags(data: bytes) -> list[int]:
    """Where the sound of an FLV lies, one place a tag."""
    place, found = _FLV_HEADER, []
    while place + _TAG_HEADER < len(data):
        size = int.from_bytes(data[place + 1 : place + 4], "big")
        if data[place] == _SOUND_TAG:
            found.append(place + _TAG_HEADER)
        place += _TAG_HEADER + size + _TAG_END
    return found


@pytest.mark.parametrize("extension", ["mkv", "mp4", "mov", "ts", "avi", "webm"])
def test_one_broken_tag_costs_no_film(tmp_path: Path, extension: str) -> None:
    """A packet that says it is AAC, of which no header tells anything: muxers refuse it."""
    film = _clips.make(tmp_path / "film.flv", _clips.Clip(frames=20, sounds=[("libmp3lame", "eng")]))
    data = bytearray(film.read_bytes())
    place = sound_tags(data)[10]
    data[place : place + 2] = _RAW_AAC
    film.write_bytes(data)
    result = trip(film, tmp_path / f"out.{extension}")
    assert len(result.times()) == 20
    if extension == "mkv":
        assert any("a damaged packet at 0." in note for note in result.notes)


def test_an_empty_packet_does_not_end_a_film(tmp_path: Path) -> None:
    """Theora has one where the frame before is shown on. PyAV can write one to NUT."""
    film = tmp_path / "film.nut"
    with av.open(film, "w") as output:
        video = output.add_stream("mjpeg", 25)
        video.width, video.height, video.pix_fmt = 64, 64, "yuvj420p"
        for number in range(6):
            picture = av.VideoFrame(64, 64, "yuvj420p")
            picture.pts = number
            for packet in video.encode(picture):
                data = b"" if number in (2, 3) else bytes(packet)
                made = av.Packet(data)
                made.stream, made.pts, made.dts, made.time_base = video, number, number, packet.time_base
                output.mux(made)
    with av.open(film) as written:
        assert sum(not packet.size for packet in written.demux(video=0)) == 3  # one is PyAV's own
    with FilmSource(film) as reader:
        times = [frame.pts * frame.time_base for frame in reader.frames(rgb=False)]
    assert times == [Fraction(number, 25) for number in (0, 1, 4, 5)]
    assert not reader.report.notes


def test_a_film_cut_short_while_it_is_read_gives_what_was_read(tmp_path: Path) -> None:
    """Its index lies at its end: it can't be opened again to be decoded with more care."""
    film = _clips.make(tmp_path / "film.mp4", _clips.Clip(size=(320, 240), frames=200))
    decoder = FilmDecoder(film, start=None, duration=None)
    frames = decoder.frames()
    count = sum(1 for _ in itertools.islice(frames, 5))
    os.truncate(film, 3000)
    count += sum(1 for _ in frames)
    decoder.close()
    assert 5 <= count < 200
    assert decoder.report.truncated
    assert decoder.report.remarks
