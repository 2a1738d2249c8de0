"""Every codec in every container: copied, converted or left out, as docs/formats.md says."""

from __future__ import annotations

from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

import av
import pytest

from stylize_video.pipeline.containers import streams
from tests.pipeline import _clips, _codecs

_PAGE = Path(__file__).parents[3] / "docs" / "formats.md"
_CONTAINERS = ("mkv", "webm", "mp4", "mov", "ts", "avi")


def _table() -> dict[str, tuple[str, ...]]:
    """Rows of the page's first table: codec, what becomes of it in each container."""
    page = dropwhile(lambda line: line[:1] != "|", _PAGE.read_text().splitlines())
    lines = [line.strip("| \n").split(" | ") for line in takewhile(lambda line: line[:1] == "|", page)]
    assert tuple(lines[0][2:]) == _CONTAINERS
    return {line[0]: tuple(line[2:]) for line in lines[2:]}


def test_the_table_has_all_codecs() -> None:
    assert list(_table()) == list(_codecs.TRACKS)


@pytest.mark.parametrize("codec", _codecs.TRACKS)
def test_codec(tmp_path: Path, codec: str) -> None:
    track = _codecs.TRACKS[codec]
    film = _codecs.make(tmp_path / f"film.{track.source}", track)
    assert _stream(film)[1] == codec
    found = tuple(_becomes(film, tmp_path / f"out.{extension}", codec) for extension in _CONTAINERS)
    assert found == _table()[codec]


def _becomes(film: Path, output: Path, codec: str) -> str:
    """What the table says of `output`; its packets must be those of `film` if it says "copied"."""
    report = _clips.write(film, output, **({"preset": "8"} if output.suffix == ".webm" else {}))
    said = _clips.verify(output, report)
    notes = [note for note in report.notes if note.startswith("stream 1 (") and "can't hold it" in note]
    written = _stream(output)
    if written is None:
        assert notes
        # Some tracks are of zeros that no decoder takes, and a track without packets is not written.
        return notes[0].rsplit(" ", 1)[1] if "converted" in notes[0] else "left out"
    if written[1] != codec:
        assert notes
        assert f"converted to {written[1]}" in notes[0]
        return written[1]
    assert notes == []
    assert "1 stream (" in said
    assert written == _stream(film)
    return "copied"


def _stream(path: Path) -> Any:
    """Type, codec, samples/s, channels and payload of the stream beside the pictures; None without one."""
    with av.open(path) as film:
        others = [stream for stream in film.streams if stream.type != "video"]
        if not others:
            return None
        (stream,) = others
        data = b"".join(bytes(packet) for packet in film.demux(stream) if not _is_priming(packet))
        context = stream.codec_context
        codec = streams.codec_name(stream)
        if codec == "mp3" and data[:2] == b"\xff\xfd":
            codec = "mp2"  # MPEG-4 has one number for all layers; the packets say which
        if codec == "aac":
            data = _without_adts(data)
        if codec == "mov_text":
            data = data.replace(b"\0\0", b"")  # muxers add pauses, and take them away
        shape = (context.sample_rate, len(context.layout.channels)) if stream.type == "audio" else ()
        return stream.type, codec, *shape, data


def _is_priming(packet: Any) -> bool:
    """Whether it is over before the film begins; avi and ts can't hold that."""
    return packet.pts is not None and packet.pts < 0 and packet.pts + packet.duration <= 0


def _without_adts(data: bytes) -> bytes:
    if data[:1] != b"\xff":
        return data
    rest, payload = data, b""
    while rest:
        size = int.from_bytes(rest[3:6], "big") >> 5 & 0x1FFF
        payload += rest[7:size]
        rest = rest[size:]
    return payload
