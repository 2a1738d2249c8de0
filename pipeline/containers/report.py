"""What was read and written, in a form that can be found again in the file."""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from stylize_video.pipeline.carried import aac
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.frames import ColorTags

EMPTY_CUE = b"\0\0"  # mov_text between two subtitles; muxers add and drop them as they need


@dataclass
class ReadingReport:
    """What was read, and what went wrong without stopping it."""

    times: array[int] = field(default_factory=lambda: array("q"))  # pts of each frame, source's ticks
    damaged: int = 0  # frames or packets decoded only in part, or not at all
    undecoded: int = 0  # of these, packets at which the decoder failed
    missing: int = 0  # packets that gave no frame, with or without a word from the decoder
    retimed: int = 0  # frames whose own time was missing or went backwards
    truncated: bool = False
    remarks: list[str] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        """A line for each thing that is worth one."""
        lines = [*self.remarks, *self.losses]
        if self.retimed:
            were = "1 frame" if self.retimed == 1 else f"{self.retimed} frames"
            lines.append(f"{were} came without a time or out of order, each shown right after the one before")
        return lines

    @property
    def losses(self) -> list[str]:
        """A line for frames that are damaged, and one for those that are missing."""
        lines = []
        in_part = self.damaged - self.undecoded
        if in_part:
            lines.append(f"{in_part} damaged frame{'s' * (in_part > 1)}, decoded as far as possible")
        gone = max(self.undecoded, self.missing)
        if gone:
            they = (
                "1 frame is missing, because it" if gone == 1 else f"{gone} frames are missing, because they"
            )
            lines.append(f"{they} could not be decoded")
        return lines


@dataclass(frozen=True)
class FramesRead:
    """What the reader yielded, in the source's clock."""

    times: array[int]  # pts of each frame, ticks of time_base, before the clip's shift
    time_base: Fraction  # s
    shift: int  # ticks by which the output's times lie before the source's


@dataclass(frozen=True)
class CarriedStream:
    """One carried stream, to be found again in the output.

    Of a copy, packets, digest and times are those that the source held, so that nothing that
    stands between demuxer and muxer can lose or alter a packet unseen. Of a converted stream they
    are those that were written, and `span` is what the source held.
    """

    name: str  # "stream 1 (audio, aac, eng)"
    index: int  # of the stream in the output
    type: str  # "audio", "subtitle", "data", "video", "cover", "attachment"
    converted: bool
    packets: int
    digest: bytes  # BLAKE2b of the payloads, one after the other
    times: array[int]  # pts of each packet, ticks of time_base, in the output's clock
    time_base: Fraction  # s
    moved: frozenset[int] = frozenset()  # packets whose time the container could not hold
    cut: int = 0  # cues that had to end before their time
    damaged: int = 0  # packets of which a conversion could make nothing
    span: tuple[Fraction, Fraction] | None = None  # first and last time (s) that the source held


class Tally:
    """Counts and hashes the packets of one stream, the same way when writing and when verifying.

    Payloads are hashed without what belongs to the container: AAC's headers, which transport
    streams need and MP4 must not have, and the empty cues of mov_text.
    """

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._hash = hashlib.blake2b(digest_size=16)
        self.times = array("q")

    def add(self, packet: av.Packet[Any]) -> None:
        """Count `packet`; its pts must be in the output's ticks."""
        data: Any = memoryview(packet)
        if self._codec == "mov_text" and bytes(data) == EMPTY_CUE:
            return
        if self._codec == "aac":
            data = aac.sound(data)
        self._hash.update(data)
        self.times.append(packet.pts if packet.pts is not None else packet.dts or 0)

    def span(self, time_base: Fraction) -> tuple[Fraction, Fraction] | None:
        """Time (s) of the first and of the last packet; None without any."""
        if not self.times:
            return None
        return min(self.times) * time_base, max(self.times) * time_base

    @staticmethod
    def of(data: bytes) -> bytes:
        """The hash of a payload that is no packet, 16 bytes."""
        return hashlib.blake2b(data, digest_size=16).digest()

    @property
    def packets(self) -> int:
        """How many packets were counted."""
        return len(self.times)

    @property
    def digest(self) -> bytes:
        """The hash of all payloads so far, 16 bytes."""
        return self._hash.digest()


@dataclass(frozen=True)
class WriteReport:
    """What was written, to be compared with what the file holds."""

    path: Path
    container: Container
    times: array[int]  # pts of each frame, ticks of time_base, in the output's clock
    time_base: Fraction  # s
    color: ColorTags
    carried: tuple[CarriedStream, ...]
    notes: tuple[str, ...]  # a line for everything that is not as in the source
    edit_tick: Fraction = Fraction(0)  # s, to a multiple of which a track's start may be rounded; 0: exact
    index: int = 0  # of the painted stream in the output
    size: tuple[int, int] | None = None  # px, as encoded; None: not said

    @property
    def frames(self) -> int:
        """Number of frames written."""
        return len(self.times)
