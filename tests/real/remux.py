"""Packets of finished films put together anew, undecoded: other times, other neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

Edit = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Part:
    """A film whose streams are taken over."""

    path: Path
    shift: Fraction = Fraction(0)  # s, added to all times
    default: bool = False  # whether its streams are those to be played
    language: str = ""
    edit: Edit | None = None  # of each packet's bytes


def join(target: Path, parts: Sequence[Part], options: Mapping[str, str] | None = None) -> Path:
    """All streams of all parts in one file, in that order."""
    with ExitStack() as stack:
        output = stack.enter_context(av.open(target, "w", container_options=dict(options or {})))
        sources = [stack.enter_context(av.open(part.path)) for part in parts]
        taken = [
            (part, source, {stream.index: _like(output, stream, part) for stream in source.streams})
            for part, source in zip(parts, sources, strict=True)
        ]
        packets = [packet for part, source, streams in taken for packet in _packets(part, source, streams)]
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            output.mux(packet)
    return target


def _like(output: Any, stream: Any, part: Part) -> Any:
    made = output.add_stream_from_template(stream, opaque=True)
    made.disposition = Disposition.default if part.default else Disposition(0)
    if part.language:
        made.metadata["language"] = part.language
    return made


def _packets(part: Part, source: Any, streams: Mapping[int, Any]) -> list[Any]:
    found = []
    for packet in source.demux():
        if packet.dts is None:
            continue
        made = packet
        if part.edit is not None and packet.stream.type == "video":
            made = _replaced(packet, part.edit(bytes(packet)))
        ticks = round(part.shift / packet.time_base)
        made.pts, made.dts = packet.pts + ticks, packet.dts + ticks
        made.stream = streams[packet.stream.index]
        found.append(made)
    return found


def _replaced(packet: Any, data: bytes) -> Any:
    made: Any = av.Packet(data)
    made.time_base, made.duration, made.is_keyframe = packet.time_base, packet.duration, packet.is_keyframe
    return made
