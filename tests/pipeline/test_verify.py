"""verify(): whatever is tampered with is found and named."""

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
from stylize_video.pipeline.encoder import WriteReport
from stylize_video.pipeline.verify import verify
from tests.pipeline import _clips
from tests.pipeline._clips import Clip

CLIP = Clip(sounds=[("aac", "eng"), ("aac", "deu")], cues=[(40, 200, "Hello")], rich=True)
Change = Callable[[Any], Any]  # a packet, or None to leave it out


@pytest.fixture(params=["mkv", "mp4"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, WriteReport]:
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


def test_a_faithful_copy_passes(written: tuple[Path, WriteReport]) -> None:
    path, report = written
    line = verify(path, report)
    assert line.startswith("verified: 12 frames, times equal, ")
    assert line.endswith("identical, colour tags equal")
    remux(path, same)
    assert verify(path, report) == line


def test_missing_frame(written: tuple[Path, WriteReport]) -> None:
    path, report = written
    remux(path, lambda p: None if p.stream.type == "video" and not p.is_keyframe and p.pts < 90 * 128 else p)
    with pytest.raises(VerificationError, match=r"frames in it, 12 were written"):
        verify(path, report)


def test_shifted_frame(written: tuple[Path, WriteReport]) -> None:
    path, report = written
    moved: list[int] = []

    def change(packet: Any) -> Any:
        if packet.stream.type == "video" and not packet.is_keyframe and not moved:
            packet.pts += round(Fraction(1, 200) / packet.time_base)
            moved.append(packet.pts)
        return packet

    remux(path, change)
    with pytest.raises(VerificationError, match=r"frame \d+ is at 0\.\d+ s, not 0\.\d+ s"):
        verify(path, report)


def test_altered_sound(written: tuple[Path, WriteReport]) -> None:
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
        verify(path, report)


def test_shifted_sound(written: tuple[Path, WriteReport]) -> None:
    path, report = written

    def change(packet: Any) -> Any:
        if packet.stream.index == 1 and packet.pts > 0:
            packet.pts += round(Fraction(1, 50) / packet.time_base)
            packet.dts = packet.pts
        return packet

    remux(path, change)
    with pytest.raises(VerificationError, match=r"stream 1 \(audio, aac, eng\): packet \d+ is at"):
        verify(path, report)


def test_missing_sound_packet(written: tuple[Path, WriteReport]) -> None:
    path, report = written
    dropped: list[int] = []

    def change(packet: Any) -> Any:
        if packet.stream.index == 1 and packet.pts > 0 and not dropped:
            dropped.append(packet.pts)
            return None
        return packet

    remux(path, change)
    with pytest.raises(VerificationError, match=r"stream 1 \(audio, aac, eng\) has \d+ packets, not \d+"):
        verify(path, report)


@pytest.mark.parametrize(("index", "name"), [(2, "stream 2"), (3, "stream 3")])
def test_missing_stream(written: tuple[Path, WriteReport], index: int, name: str) -> None:
    path, report = written
    remux(path, same, leave_out=index)
    with pytest.raises(VerificationError, match=rf"{name} \(\w+, \w+, \w+\) is missing"):
        verify(path, report)


def test_missing_attachment(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mkv", CLIP)
    report = _clips.write(film, tmp_path / "out.mkv")
    remux(tmp_path / "out.mkv", same, leave_out=4)
    with pytest.raises(VerificationError, match=r"stream 4 \(attachment, font.ttf\) is missing"):
        verify(tmp_path / "out.mkv", report)


def test_wrong_colour_tags(written: tuple[Path, WriteReport]) -> None:
    path, report = written
    wrong = replace(report, color=report.color._replace(matrix=1))
    with pytest.raises(VerificationError, match="colour matrix is 2, not 1"):
        verify(path, wrong)


def test_a_tick_where_the_clock_is_exact(tmp_path: Path) -> None:
    """mp4 takes the source's clock: not even a tick is forgiven."""
    film = _clips.make(tmp_path / "film.mp4", Clip())
    report = _clips.write(film, tmp_path / "out.mp4")
    times = array("q", report.times)
    times[5] += 1
    with pytest.raises(VerificationError, match="frame 5 is at"):
        verify(tmp_path / "out.mp4", replace(report, times=times))


def test_unreadable(written: tuple[Path, WriteReport], tmp_path: Path) -> None:
    path, report = written
    with pytest.raises(VerificationError, match="can't be read back"):
        verify(tmp_path / "gone.mkv", report)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(VerificationError):
        verify(path, report)
