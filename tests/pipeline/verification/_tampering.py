"""A film written again as it is, but for one thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

Packets = Callable[[Any], Sequence[Any]]  # what becomes of a packet


def same(packet: Any) -> Sequence[Any]:
    """Nothing else."""
    return [packet]


@dataclass
class Tampering:
    """What is done to a film while it is written again. Streams go by their indices."""

    packets: Packets = same
    left_out: Sequence[int] = ()
    first: Sequence[int] = ()  # these streams come before the others
    tags: dict[str, str] = field(default_factory=dict)
    languages: dict[int, str] = field(default_factory=dict)
    unmarked: Sequence[int] = ()  # streams that lose their dispositions
    chapters: Callable[[list[Any]], list[Any]] = list
    font: bytes | None = None


def tamper(source: Path, target: Path, tampering: Tampering | None = None) -> Path:
    """Write `source` to `target`, byte for byte but for the tampering."""
    how = tampering or Tampering()
    options = {"avoid_negative_ts": "disabled", "default_mode": "passthrough"}
    if target.suffix == ".mp4":
        options = {"movflags": "use_metadata_tags"}
    with av.open(source) as film, av.open(target, "w", container_options=options) as output:
        output.metadata.update({**film.metadata, **how.tags})
        output.set_chapters(how.chapters(film.chapters()))
        copies = {stream.index: _copy(output, stream, how) for stream in _in_order(film, how)}
        decode_times: dict[int, int] = {}
        for packet in film.demux():
            if not packet.size or copies.get(packet.stream.index) is None:
                continue
            for made in how.packets(packet):
                index = packet.stream.index
                if made.dts is None or (index in decode_times and made.dts <= decode_times[index]):
                    made.dts = decode_times.get(index, made.pts - 200) + 1  # an mkv with B-frames
                decode_times[index] = made.dts
                made.stream = copies[index]
                output.mux(made)
    return target


def _in_order(film: Any, how: Tampering) -> list[Any]:
    chosen = [stream for stream in film.streams if stream.index not in how.left_out]
    return sorted(chosen, key=lambda stream: stream.index not in how.first)


def _copy(output: Any, stream: Any, how: Tampering) -> Any:
    if stream.type == "attachment":
        output.add_attachment(stream.name, stream.mimetype, how.font or stream.data)
        return None
    if stream.name == "bin_data":  # the track of chapters' titles, which the muxer makes
        return None
    copy = output.add_stream_from_template(stream, opaque=True)
    copy.metadata.update(stream.metadata)
    if "name" in stream.metadata:  # what FFmpeg reads from MP4 as one, it writes as the other
        copy.metadata["title"] = stream.metadata["name"]
    if stream.index in how.languages:
        copy.metadata["language"] = how.languages[stream.index]
    copy.disposition = 0 if stream.index in how.unmarked else stream.disposition
    return copy


def altered(packet: Any, data: bytes) -> Any:
    """The same packet with other bytes."""
    other: Any = av.Packet(data)
    other.stream, other.time_base, other.is_keyframe = packet.stream, packet.time_base, packet.is_keyframe
    other.pts, other.dts, other.duration = packet.pts, packet.dts, packet.duration
    return other


def delayed(packet: Any, seconds: Fraction) -> Any:
    """The same packet, later."""
    ticks = round(seconds / packet.time_base)
    packet.pts += ticks
    if packet.dts is not None:
        packet.dts += ticks
    return packet
