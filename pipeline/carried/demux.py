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
    reading = Reading(film, others)
    reading.read(container)
    return sorted(reading.times), reading.tallies


class Reading:
    """What one pass over a file has found so far; the rest is lost where the file breaks off.

    Attributes:
        times: of the film's packets, in the file's order, in its ticks.
        tallies: of each other stream, by its index.
    """

    def __init__(self, film: VideoStream, others: Iterable[Stream], tally: type[Tally] = Tally) -> None:
        """For the pictures, and the other streams to count and hash, each by a `tally`."""
        self.times = array("q")
        self.tallies = {s.index: tally(streams.codec_name(s)) for s in others}
        self._film = film.index

    def read(self, container: InputContainer) -> None:
        """Read the file, newly opened, to its end.

        Raises:
            av.FFmpegError: it breaks off.
        """
        film, times, tallies = self._film, self.times, self.tallies
        for packet in container.demux():
            if packet.stream.index == film:
                if packet.size:
                    times.append(_time(packet))
            elif packet.stream.index in tallies and (packet.size or packet.dts is not None):
                tallies[packet.stream.index].add(packet)


def _time(packet: av.Packet[Any]) -> int:
    for time in (packet.pts, packet.dts):
        if time is not None:
            return time
    return 0
