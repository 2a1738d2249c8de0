"""Which packets of a film became no picture. Decoders often don't say so."""

from __future__ import annotations

import heapq
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av

if TYPE_CHECKING:
    Packet = av.Packet[Any]

_FIELDS = Fraction(3, 4)  # of a frame's time: within it lies its second field
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"
_NOT_CODED = 8  # bytes at most of MPEG-4's picture that says "as before"


class MissingFrames:
    """Compares the packets that went into a decoder with the pictures that came out of it."""

    def __init__(self, codec: str, frame_ticks: Fraction, first: int | None = None) -> None:
        """Before any packet.

        Args:
            codec: FFmpeg's name.
            frame_ticks: how long a frame lasts, in ticks of the packets.
            first: pts of the first packet that counts; None: all do.
        """
        self._first = first
        self._codec = codec
        self._second_field = frame_ticks * _FIELDS
        self._awaited: list[int] = []  # a heap of pts
        self._begun = False
        self.count = 0  # packets that gave nothing, as far as is known

    def sent(self, packet: Packet) -> None:
        """`packet` goes into the decoder."""
        pts = packet.pts
        if pts is None or (self._first is not None and pts < self._first):
            return
        if is_shown(packet, self._codec):
            heapq.heappush(self._awaited, pts)

    def came(self, picture: av.VideoFrame) -> int:
        """`picture` came out; how many before it, but not before the film's first, won't any more.

        Before a film's first, pictures are often wanting: it was cut there.
        """
        if picture.pts is None:
            return 0
        passed = 0
        while self._awaited and self._awaited[0] < picture.pts:
            heapq.heappop(self._awaited)
            passed += 1
        last = picture.pts + (self._second_field if picture.interlaced_frame else 0)
        if self._awaited and self._awaited[0] <= last:
            heapq.heappop(self._awaited)
        if picture.interlaced_frame and self._awaited and self._awaited[0] <= last:
            heapq.heappop(self._awaited)  # of the second field
        begun, self._begun = self._begun, True
        self.count += passed
        return passed if begun else 0

    def ended(self) -> int:
        """Nothing more comes out; how many are missing at the end."""
        missing = len(self._awaited)
        self._awaited.clear()
        self.count += missing
        return missing


def is_cut_jpeg(data: bytes) -> bool:
    """Whether a JPEG file lacks its end: no picture's data may follow on the last mark of an end."""
    return data.rfind(_END_OF_IMAGE) < data.rfind(_START_OF_SCAN)


def is_shown(packet: Packet, codec: str) -> bool:
    """Whether a packet is to become a picture by itself."""
    if packet.is_discard or not packet.size:
        return False
    data = memoryview(packet)
    if codec == "vp8":
        return bool(data[0] & 0x10)
    if codec == "vp9":
        return _is_shown_by_vp9(data[0], data[packet.size - 1])
    return codec != "mpeg4" or packet.size > _NOT_CODED


def _is_shown_by_vp9(first: int, last: int) -> bool:
    """From a packet's first and last byte."""
    is_profile_3 = first & 0x30 == 0x30
    is_superframe = last & 0xE0 == 0xC0  # hidden frames, and one to be seen
    repeats, shows = (0x04, 0x01) if is_profile_3 else (0x08, 0x02)
    return is_superframe or bool(first & (repeats | shows))
