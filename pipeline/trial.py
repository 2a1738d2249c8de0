"""Whether a muxer takes a packet, found out before it matters.

A muxer may refuse a single damaged packet, and then nobody can say of the film being written which one it
was, for it holds packets back to interleave them. So each stream is written by itself first, into nothing.
"""

from __future__ import annotations

import contextlib
from typing import Any

import av
from av.container import OutputContainer
from av.stream import Stream

from stylize_video.pipeline.formats import Container

_TRIED = 4096  # packets after which a new trial begins: muxers keep a table of all


class _Nowhere:
    """A file that forgets what is written."""

    def __init__(self) -> None:
        self._position = self._end = 0

    def write(self, data: bytes) -> int:
        """Pretend."""
        self._position += len(data)
        self._end = max(self._end, self._position)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As in a file of what was written."""
        self._position = (0, self._position, self._end)[whence] + offset
        return self._position

    def tell(self) -> int:
        """As in a file of what was written."""
        return self._position


class Trial:
    """Tries the packets of one stream that is to be copied. `close` it."""

    def __init__(self, stream: Stream, container: Container) -> None:
        self._stream = stream
        self._container = container
        self._output: OutputContainer | None = None
        self._copy: Stream | None = None
        self._count = 0
        self._time = 0  # ticks of the packets

    def takes(self, packet: av.Packet[Any]) -> bool:
        """Whether the container holds `packet`, which stays as it is."""
        if self._count % _TRIED == 0:
            self.close()
            self._open()
        self._count += 1
        if self._output is None or self._copy is None:
            return True
        twin: av.Packet[Any] = av.Packet(bytes(packet))
        twin.stream = self._copy
        twin.is_keyframe = packet.is_keyframe
        twin.time_base = packet.time_base
        twin.duration = packet.duration
        # Times of its own, for about those nobody asked.
        twin.pts = twin.dts = self._time
        self._time += max(packet.duration or 0, 1)
        try:
            self._output.mux_one(twin)
        except (av.error.ArgumentError, av.error.InvalidDataError):
            return False
        return True

    def close(self) -> None:
        """Let go of the muxer. Safe to call again."""
        output, self._output = self._output, None
        if output is not None:
            with contextlib.suppress(av.FFmpegError):  # of a file of no use
                output.close()

    def _open(self) -> None:
        output = av.open(_Nowhere(), "w", format=self._container.muxer)
        try:
            self._copy = output.add_stream_from_template(self._stream, opaque=True)
            self._copy.time_base = self._stream.time_base
            output.start_encoding()
        except (ValueError, av.FFmpegError):
            return  # only the film itself can tell
        self._output = output
