"""Closed captions that lie in a film's pictures (CEA-608 and 708), from the source's frames to the output's.

PyAV can read what a decoder found beside a frame but give none to an encoder. So captions go past painter
and encoder, and into the packets that come out of it, as H.264 and H.265 store them: in a message (SEI) of
ATSC A/53 part 4, before the frame's first slice.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import av
from av.filter import Graph
from av.sidedata.sidedata import Type

from stylize_video.pipeline.planes import filters, side_data

_CODECS = frozenset({"h264", "hevc"})
_REGISTERED = 4  # type of the message: user data registered by ITU-T T.35
_ATSC = b"\xb5\x00\x31GA94\x03"  # United States, ATSC, its captions
_MOST = 31  # triples of bytes that a message holds
_START = re.compile(rb"\x00\x00\x01")
_FORBIDDEN = re.compile(rb"\x00\x00(?=[\x00-\x03])")  # would look like a start


class Captions:
    """Captions of frames that were read and are not written yet, by the source's time (ticks).

    Attributes:
        wanted: whether anybody will take them; else none are kept.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._waiting: dict[int, bytes] = {}
        self._finder: _Finder | None = None

    @property
    def waiting(self) -> dict[int, bytes]:
        """Those that nobody has taken yet, by the time of their frames."""
        return dict(self._waiting)

    def put_back(self, waiting: Mapping[int, bytes]) -> None:
        """Have some wait again, of frames that were read before."""
        self._waiting.update(waiting)

    def collect(self, picture: av.VideoFrame) -> None:
        """Keep the captions that come with a decoded frame, if there are any."""
        if not self.wanted or picture.pts is None:
            return
        if self._finder is None or not self._finder.takes(picture):
            self._finder = _Finder(picture)
        captions = self._finder.find(picture)
        if captions is not None:
            self._waiting[picture.pts] = captions

    def take(self, pts: int | None) -> bytes | None:
        """Hand out those of the frame at `pts` ticks; None if it has none."""
        return self._waiting.pop(pts, None) if pts is not None else None


class _Finder:
    """Finds captions beside frames of one size and format.

    A frame whose `side_data` was looked at holds itself, in PyAV, and its pixels stay in memory until
    Python's collector comes round: gigabytes later. So that is asked only of a tiny picture, which FFmpeg
    makes of a frame that has captions.
    """

    def __init__(self, picture: av.VideoFrame) -> None:
        self._kind = _kind(picture)
        self._graph: Graph | None = None
        with contextlib.suppress(ValueError, av.FFmpegError):  # a format that can't be scaled
            self._graph = filters.graph(
                picture, ("sidedata", "mode=select:type=A53_CC"), ("scale", "16:16:flags=neighbor")
            )

    def takes(self, picture: av.VideoFrame) -> bool:
        """Whether it was made for such frames."""
        return _kind(picture) == self._kind

    def find(self, picture: av.VideoFrame) -> bytes | None:
        """The captions of a frame; None if it has none."""
        if self._graph is None:
            return None
        self._graph.push(picture)
        tiny = next(filters.pulled(self._graph), None)
        found = None if tiny is None else side_data.of_picture(tiny).get(Type.A53_CC)
        return None if found is None else bytes(found)


def _kind(picture: av.VideoFrame) -> tuple[object, ...]:
    return picture.width, picture.height, picture.format.name


class CaptionWriter:
    """Puts captions into the packets of an encoder.

    Attributes:
        lost: of how many frames captions could not be kept, since the codec has no place for them.
        encoder_options: what the encoder must be told.
    """

    def __init__(self, codec: str) -> None:
        """`codec`: FFmpeg's name of the output's codec."""
        self.lost = 0
        # Frames that are written as they were read have their captions still; encoders would add them again.
        self.encoder_options = {"a53cc": "0"} if codec in _CODECS else {}
        self._codec = codec
        self._waiting: dict[int, bytes] = {}

    def add(self, pts: int | None, captions: bytes | None) -> None:
        """Keep `captions` for the packet of the frame at `pts` (ticks of the encoder)."""
        if captions is None or pts is None:
            return
        if self._codec in _CODECS:
            self._waiting[pts] = captions
        else:
            self.lost += 1

    def put(self, packet: av.Packet[Any]) -> av.Packet[Any]:
        """`packet` with the captions of its frame in it; itself if it has none."""
        captions = self._waiting.pop(packet.pts, None) if packet.pts is not None else None
        if captions is None:
            return packet
        data = bytes(packet)
        at = _first_slice(data, self._codec)
        if at is None:
            self.lost += 1
            return packet
        return _like(packet, data[:at] + _message(captions, self._codec) + data[at:])

    def note(self) -> str | None:
        """What became of the captions, if they are not all there."""
        if not self.lost:
            return None
        return (
            f"closed captions in the picture: {self._codec} can't hold them here, "
            f"left out of {self.lost} frames"
        )


def _message(captions: bytes, codec: str) -> bytes:
    """A unit of H.264's or H.265's stream that holds `captions`, triples of bytes."""
    count = min(len(captions) // 3, _MOST)
    payload = _ATSC + bytes([0x40 | count, 0xFF]) + captions[: 3 * count] + b"\xff"
    body = bytes([_REGISTERED, len(payload)]) + payload + b"\x80"
    header = b"\x06" if codec == "h264" else b"\x4e\x01"
    return b"\0\0\0\1" + header + _FORBIDDEN.sub(b"\0\0\3", body)


def _first_slice(data: bytes, codec: str) -> int | None:
    """Where the first unit with pixels begins, its start code included; None if there is none."""
    for found in _START.finditer(data):
        if found.end() == len(data):
            return None
        first = data[found.end()]
        is_slice = first & 0x1F in range(1, 6) if codec == "h264" else first >> 1 & 0x3F < 32
        if is_slice:
            zero = found.start() > 0 and data[found.start() - 1] == 0
            return found.start() - zero
    return None


def _like(packet: av.Packet[Any], data: bytes) -> av.Packet[Any]:
    """A packet of `data` in the place of `packet`."""
    made = type(packet)(data)
    made.stream, made.time_base = packet.stream, Fraction(packet.time_base)
    made.pts, made.dts, made.duration = packet.pts, packet.dts, packet.duration
    made.is_keyframe = packet.is_keyframe
    return made
