"""Packets that a muxer would refuse are found before they reach the film's.

FFmpeg's muxers look at a packet only when its turn in the file has come, which may be while one of another
stream is handed over. What fails then is not said, and that one may be lost too: a frame of the film.
"""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
from av.stream import Stream

from stylize_video.pipeline.carried import aac, copying
from stylize_video.pipeline.containers import streams
from stylize_video.pipeline.containers.formats import Container

_FRAGMENT = "65536"  # bytes


class _Nowhere(io.RawIOBase):
    """A file that keeps nothing."""

    def __init__(self) -> None:
        self._position = self._end = 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._position += len(data)
        self._end = max(self._end, self._position)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + (0, self._position, self._end)[whence]
        return self._position


class Trial:
    """A muxer of the output's kind for one copied stream alone, which writes nowhere."""

    def __init__(self, stream: Stream, container: Container) -> None:
        """Write the header.

        Raises:
            av.FFmpegError: the container can't hold the codec.
        """
        self._needs_header = streams.codec_name(stream) == "aac" and not stream.codec_context.extradata
        self._count = 0
        self._file = _Nowhere()
        # In fragments, for MP4's muxer keeps a table of all packets until a file's, or a fragment's, end.
        options = {"frag_size": _FRAGMENT} if container.muxer in ("mp4", "mov") else {}
        self._muxer = av.open(self._file, "w", format=container.muxer, container_options=options)
        self._copy = copying.add_copy(self._muxer, stream)
        self._muxer.start_encoding()
        # Matroska's holds a packet of sound back until the next one; what fails is not the one it is given.
        self._is_late = container.muxer in ("matroska", "webm") and stream.type == "audio"

    def takes(self, packet: av.Packet[Any]) -> bool:
        """Whether the muxer writes `packet`, which stays as it is."""
        if self._needs_header and not aac.is_adts(memoryview(packet)):
            return False
        if self._is_late:
            return True
        was: tuple[Any, ...] = packet.stream, packet.time_base, packet.pts, packet.dts, packet.duration
        packet.stream, packet.time_base = self._copy, Fraction(self._copy.time_base or 1)
        packet.pts = packet.dts = self._count
        self._count += 1
        try:
            self._muxer.mux_one(packet)
        except av.FFmpegError:
            return False
        finally:
            packet.stream, packet.time_base, packet.pts, packet.dts, packet.duration = was
        return True

    def close(self) -> None:
        """Let go of the muxer, without a trailer."""
        self._file.close()
