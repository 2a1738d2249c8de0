"""Closed captions in the picture's data reach the painted film, or a line says that they don't."""

from __future__ import annotations

import gc
from pathlib import Path

import av
import pytest

from stylize_video.pipeline.carried import captions
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sources.film import FilmSource
from tests.pipeline import _clips
from tests.pipeline._clips import Clip

_FRAMES = 6


def _pair(number: int) -> bytes:
    """A frame's captions: field 1, and what looks like a start code inside."""
    return bytes([0xFC, 0x80 | number + 0x41, 0x20, 0xFD, 0, 0, 0xFD, 0, 0])


def _film(path: Path) -> Path:
    """H.264 with a message of ATSC A/53 part 4, table 4.10, before each frame's slices."""
    clip = Clip(frames=_FRAMES)
    with av.open(path, "w") as output:
        video = _clips._add_video(output, clip)
        video.codec_context.options = {"tune": "zerolatency", "preset": "ultrafast"}
        for packet in _clips._video_packets(video, clip):
            payload = b"\xb5\x00\x31GA94\x03\x43\xff" + _pair(packet.pts) + b"\xff"
            body = bytes([4, len(payload)]) + payload + b"\x80"
            message = b"\0\0\0\1\6" + body
            data = bytes(packet)
            at = 0 if packet.pts else data.index(b"\0\0\1\x65")
            made = av.Packet(data[:at] + message + data[at:])
            made.stream, made.time_base, made.pts, made.dts = video, packet.time_base, packet.pts, packet.dts
            made.is_keyframe = packet.is_keyframe
            output.mux(made)
    return path


def _captions(path: Path) -> list[bytes]:
    """What FFmpeg's decoder finds beside each frame."""
    with av.open(path) as film:
        return [
            b"".join(bytes(data) for data in frame.side_data if data.type.name == "A53_CC")
            for frame in film.decode(video=0)
        ]


def _paint(film: Path, output: Path, **options: str) -> tuple[str, ...]:
    """Write the film's own frames, as the command writes painted ones; the notes."""
    with (
        FilmSource(film) as reader,
        FilmSink(output, EncoderOptions(**options), others=reader.others).open(reader.signal) as writer,
    ):
        for frame in reader.frames(rgb=False):
            assert frame.source is not None
            picture = frame.source.reformat(format=writer.pixel_format)
            picture.pts, picture.time_base = frame.pts, frame.time_base
            writer.write(picture)
        return writer.finish().notes


@pytest.mark.parametrize(
    ("extension", "codec"),
    [("mkv", "h264"), ("mp4", "h264"), ("ts", "h264"), ("avi", "h264"), ("mp4", "h265"), ("mkv", "h265")],
)
def test_captions_are_kept(tmp_path: Path, extension: str, codec: str) -> None:
    film = _film(tmp_path / "film.mp4")
    assert _captions(film) == [_pair(number) for number in range(_FRAMES)]
    output = tmp_path / f"out.{extension}"
    preset = "ultrafast" if codec == "h265" else "medium"  # of H.264 with frames out of order
    notes = _paint(film, output, codec=codec, preset=preset)
    assert not [note for note in notes if "captions" in note]
    assert _captions(output) == [_pair(number) for number in range(_FRAMES)]


def test_captions_that_the_codec_has_no_place_for(tmp_path: Path) -> None:
    notes = _paint(_film(tmp_path / "film.mp4"), tmp_path / "out.webm", preset="8")
    assert notes == (
        f"closed captions in the picture: vp9 can't hold them here, left out of {_FRAMES} frames",
    )


def test_frames_are_let_go_at_once(tmp_path: Path) -> None:
    """Not only when Python's collector of cycles comes round: at 4K that was gigabytes later."""
    film = _film(tmp_path / "film.mp4")
    gc.collect()
    gc.disable()
    try:
        before = _frames_in_memory()
        with FilmSource(film) as reader:
            reader.others.captions.wanted = True
            for frame in reader.frames():
                last = frame.pts
                del frame
            # The first is looked at for other labels, and a tiny picture is made of each with captions.
            left = [f for f in _frames_in_memory()[len(before) :] if f.width > 16]
        assert last > 0
        assert reader.others.captions.take(last) is not None
        assert len(left) <= 2
    finally:
        gc.enable()


def _frames_in_memory() -> list[av.VideoFrame]:
    return [found for found in gc.get_objects() if type(found) is av.VideoFrame]


def test_captions_that_nobody_takes_are_not_kept(tmp_path: Path) -> None:
    with FilmSource(_film(tmp_path / "film.mp4")) as reader:
        for frame in reader.frames():
            assert reader.others.captions.take(frame.pts) is None


def test_no_start_code_inside_a_message() -> None:
    for codec in ("h264", "hevc"):
        message = captions._message(bytes([0, 0, 1] * 4), codec)
        assert message.startswith(b"\0\0\0\1")
        assert not any(bytes([0, 0, n]) in message[4:] for n in range(3))
