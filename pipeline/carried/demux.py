"""What a film file holds, packet by packet; nothing is decoded."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from stylize_video.pipeline.carried.report import Tally
from stylize_video.pipeline.containers import streams


def tally_streams(
    container: InputContainer, film: VideoStream, others: Iterable[Stream]
) -> tuple[list[int], dict[int, Tally]]:
    """Read a file once, to its end.

    Args:
        container: newly opened.
        film: the pictures.
        others: the streams to count and hash.

    Returns:
        Times of the film's packets, sorted, in its ticks; and a tally of each other stream by its index.

    Raises:
        av.FFmpegError: the file breaks off.
    """
    times = array("q")
    tallies = {s.index: Tally(streams.codec_name(s)) for s in others}
    for packet in container.demux():
        if packet.stream.index == film.index:
            if packet.size:
                times.append(_time(packet))
        elif packet.stream.index in tallies and (packet.size or packet.dts is not None):
            tallies[packet.stream.index].add(packet)
    return sorted(times), tallies


def _time(packet: av.Packet[Any]) -> int:
    for time in (packet.pts, packet.dts):
        if time is not None:
            return time
    return 0
