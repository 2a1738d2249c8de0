"""_clips.verify(): whatever is tampered with is found and named."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from stylize_video.errors import VerificationError
from stylize_video.pipeline.carried import converted_tracks, tracks
from tests.pipeline import _clips
from tests.pipeline._clips import Clip, Written

CLIP = Clip(sounds=[("aac", "eng"), ("aac", "deu")], cues=[(40, 200, "Hello")], rich=True)
Change = Callable[[Any], Any]  # a packet, or None to leave it out


@pytest.fixture(params=["mkv", "mp4"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Written]:
    film = _clips.make(tmp_path / "film.mkv", CLIP)
    output = tmp_path / f"out.{request.param}"
    return output, _clips.write(film, output)


def remux(path: Path, change: Change, *, leave_out: int | None = None) -> None:
    """Write `path` again, each packet through `change`, without stream `leave_out`."""
    copy = path.with_stem("copy")
    options = {} if path.suffix == ".mp4" else {"avoid_negative_ts": "disabled"}
    with av.open(path) as source, av.open(copy, "w", container_options=options) as output:
        streams = {}
        for stream in source.streams:
            if stream.type in ("video", "audio", "subtitle") and stream.index != leave_out:
                streams[stream.index] = output.add_stream_from_template(stream, opaque=True)
            elif stream.type == "attachment" and leave_out != stream.index:
                output.add_attachment(stream.name, stream.mimetype, stream.data)
        decode_times: dict[int, int] = {}
        for packet in source.demux():
            if packet.size == 0 or packet.stream.index not in streams:
                continue
            changed = change(packet)
            if changed is None:
                continue
            index = changed.stream.index
            if changed.dts is None:  # an mkv with B-frames
                changed.dts = decode_times.get(index, changed.pts - 200)
            decode_times[index] = changed.dts + 1
            changed.stream = streams[index]
            output.mux(changed)
    copy.replace(path)


def same(packet: Any) -> Any:
    return packet


def test_a_faithful_copy_passes(written: tuple[Path, Written]) -> None:
    path, report = written
    line = _clips.verify(path, report)
    assert line.startswith("verified: 12 frames, times equal, ")
    assert line.endswith("identical, colour tags equal")
    remux(path, same)
    assert _clips.verify(path, report) == line


def test_missing_frame(written: tuple[Path, Written]) -> None:
    path, report = written
    remux(path, lambda p: None if p.stream.type == "video" and not p.is_keyframe and p.pts < 90 * 128 else p)
    with pytest.raises(VerificationError, match=r"frames? in it, 12 were read"):
        _clips.verify(path, report)


def test_shifted_frame(written: tuple[Path, Written]) -> None:
    path, report = written
    moved: list[int] = []

    def change(packet: Any) -> Any:
        if packet.stream.type == "video" and not packet.is_keyframe and not moved:
            packet.pts += round(Fraction(1, 200) / packet.time_base)
            moved.append(packet.pts)
        return packet

    remux(path, change)
    with pytest.raises(VerificationError, match=r"frame \d+ is at 0\.\d+ s, not 0\.\d+ s"):
        _clips.verify(path, report)


def test_altered_sound(written: tuple[Path, Written]) -> None:
    path, report = written

    def change(packet: Any) -> Any:
        if packet.stream.index == 2 and packet.pts > 0:
            data = bytearray(bytes(packet))
            data[-1] ^= 1
            other = av.Packet(bytes(data))
            other.stream, other.time_base = packet.stream, packet.time_base
            other.pts, other.dts, other.duration = packet.pts, packet.dts, packet.duration
            other.is_keyframe = True
            return other
        return packet

    remux(path, change)
    with pytest.raises(VerificationError, match=r"stream 2 \(audio, aac, deu\) does not hold the bytes"):
        _clips.verify(path, report)


def test_shifted_sound(written: tuple[Path, Written]) -> None:
    path, report = written

    def change(packet: Any) -> Any:
        if packet.stream.index == 1 and packet.pts > 0:
            packet.pts += round(Fraction(1, 50) / packet.time_base)
            packet.dts = packet.pts
        return packet

    remux(path, change)
    with pytest.raises(VerificationError, match=r"stream 1 \(audio, aac, eng\): packet \d+ is at"):
        _clips.verify(path, report)


def test_missing_sound_packet(written: tuple[Path, Written]) -> None:
    path, report = written
    dropped: list[int] = []

    def change(packet: Any) -> Any:
        if packet.stream.index == 1 and packet.pts > 0 and not dropped:
            dropped.append(packet.pts)
            return None
        return packet

    remux(path, change)
    with pytest.raises(VerificationError, match=r"stream 1 \(audio, aac, eng\) has \d+ packets, not \d+"):
        _clips.verify(path, report)


@pytest.mark.parametrize(("index", "name"), [(2, "stream 2"), (3, "stream 3")])
def test_missing_stream(written: tuple[Path, Written], index: int, name: str) -> None:
    path, report = written
    remux(path, same, leave_out=index)
    with pytest.raises(VerificationError, match=rf"{name} \(\w+, \w+, \w+\) is missing"):
        _clips.verify(path, report)


def test_missing_attachment(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mkv", CLIP)
    report = _clips.write(film, tmp_path / "out.mkv")
    remux(tmp_path / "out.mkv", same, leave_out=4)
    with pytest.raises(VerificationError, match=r"stream 4 \(attachment, font.ttf\) is missing"):
        _clips.verify(tmp_path / "out.mkv", report)


def test_wrong_colour_tags(written: tuple[Path, Written]) -> None:
    path, report = written
    wrong = replace(report, report=replace(report.report, color=report.color._replace(matrix=1)))
    with pytest.raises(VerificationError, match=r"colour matrix is 2 \(not said\), not 1 \(BT.709\)"):
        _clips.verify(path, wrong)


def test_a_tick_where_the_clock_is_exact(tmp_path: Path) -> None:
    """mp4 takes the source's clock: not even a tick is forgiven."""
    film = _clips.make(tmp_path / "film.mp4", Clip())
    report = _clips.write(film, tmp_path / "out.mp4")
    times = array("q", report.read.times)
    times[5] += 1
    with pytest.raises(VerificationError, match="frame 5 is at"):
        _clips.verify(tmp_path / "out.mp4", replace(report, read=replace(report.read, times=times)))


@pytest.mark.parametrize("extension", ["mp4", "mkv", "avi", "gif"])
def test_a_stage_that_loses_frames(tmp_path: Path, extension: str) -> None:
    """What was written is what the writer got, and still not what was read."""
    film = _clips.make(tmp_path / "film.mp4", Clip())
    output = tmp_path / f"out.{extension}"
    half = replace(_clips.write(film, output, frames=6), read=_clips.read(film))
    with pytest.raises(VerificationError, match="6 frames in it, 12 were read"):
        _clips.verify(output, half)


@pytest.mark.parametrize("extension", ["mp4", "mkv", "avi", "gif"])
def test_a_stage_that_misplaces_frames(tmp_path: Path, extension: str) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())
    output = tmp_path / f"out.{extension}"
    report = _clips.write(film, output)
    times = array("q", [time * 2 for time in report.read.times])
    with pytest.raises(VerificationError, match=r"frame \d+ is at"):
        _clips.verify(output, replace(report, read=replace(report.read, times=times)))


def lossy(real: Callable[..., None]) -> Callable[..., None]:
    """A `mux` that loses every third packet."""
    count = 0

    def mux(self: Any, packet: Any) -> None:
        nonlocal count
        count += 1
        if count % 3:
            real(self, packet)

    return mux


def altering(real: Callable[..., None]) -> Callable[..., None]:
    """A `mux` that changes one byte of the fifth packet."""
    count = 0

    def mux(self: Any, packet: Any) -> None:
        nonlocal count
        count += 1
        if count == 5:
            other = av.Packet(bytes(packet)[:-1] + b"?")
            other.stream, other.time_base, other.is_keyframe = packet.stream, packet.time_base, True
            other.pts, other.dts, other.duration = packet.pts, packet.dts, packet.duration
            packet = other
        real(self, packet)

    return mux


def shifting(real: Callable[..., None]) -> Callable[..., None]:
    """A `mux` that puts everything a fifth of a second late."""

    def mux(self: Any, packet: Any) -> None:
        ticks = round(Fraction(1, 5) / packet.time_base)
        packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
        real(self, packet)

    return mux


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lossy, r"stream 1 \(audio, aac, eng\) has \d+ packets, not \d+"),
        (altering, r"stream \d \(audio, aac, \w+\) does not hold the bytes"),
        (shifting, r"stream 1 \(audio, aac, eng\): packet 0 is at"),
    ],
)
@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_a_track_that_does_not_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extension: str, fault: Any, words: str
) -> None:
    film = _clips.make(tmp_path / "film.mkv", CLIP)
    monkeypatch.setattr(tracks.CopyTrack, "mux", fault(tracks.CopyTrack.mux))
    report = _clips.write(film, tmp_path / f"out.{extension}")
    with pytest.raises(VerificationError, match=words):
        _clips.verify(tmp_path / f"out.{extension}", report)


def test_converted_sound_that_ends_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = _clips.make(tmp_path / "film.mkv", Clip(frames=40, sounds=[("pcm_s16le", "eng")]))
    real = converted_tracks.AudioTrack.mux

    def mux(self: converted_tracks.AudioTrack, packet: Any) -> None:
        if packet.pts * packet.time_base < 1:
            real(self, packet)

    monkeypatch.setattr(converted_tracks.AudioTrack, "mux", mux)
    report = _clips.write(film, tmp_path / "out.mp4")
    with pytest.raises(
        VerificationError, match=r"stream 1 .* goes from .* to 0.9\d+ s, not from 0.000 to 1.5"
    ):
        _clips.verify(tmp_path / "out.mp4", report)


def test_unreadable(written: tuple[Path, Written], tmp_path: Path) -> None:
    path, report = written
    with pytest.raises(VerificationError, match="can't be read back"):
        _clips.verify(tmp_path / "gone.mkv", report)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(VerificationError):
        _clips.verify(path, report)
