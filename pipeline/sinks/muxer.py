"""Packets into a container: the painted stream and all that is carried beside it, in order of time."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import av
from av.container import OutputContainer

from stylize_video.files.partial import PartialFile
from stylize_video.pipeline.carried.carrier import Carrier
from stylize_video.pipeline.carried.report import CarriedStream
from stylize_video.pipeline.containers import muxer_options, tags
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.planes.side_data import STEREO_TAG
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.sinks.picture_encoder import PictureEncoder

_BUFFER = 1 << 20  # bytes FFmpeg gathers before it calls Python to write them


class Muxer:
    """One output of a container, from header to trailer. Takes the carrier over.

    Attributes:
        edit_tick: s, to a multiple of which a track's start may be rounded; 0: exact.
    """

    def __init__(
        self, file: PartialFile, container: Container, encoder: PictureEncoder, carrier: Carrier | None
    ) -> None:
        """Settle what goes where; nothing is written yet.

        Args:
            file: where to; once it is closed, no trailer is written any more.
            container: of which kind.
            encoder: gives the painted stream's packets; it gets its stream in `open`.
            carrier: gives the other streams; None if there are none.
        """
        self._file = file
        self._format = container
        self._encoder = encoder
        self._carrier = carrier
        self._output: OutputContainer | None = None
        self._own_notes: list[str] = []
        self.edit_tick = Fraction(0)

    def open(self, signal: Signal) -> None:
        """Add all streams and write the header, for pictures of that signal.

        Raises:
            OutputError: the encoder can't be opened.
            OSError, av.FFmpegError: the header can't be written.
        """
        if self._carrier is None:
            settings = muxer_options.choose(self._format, signal)
        else:
            settings = self._carrier.muxer_options(signal)
        self.edit_tick = muxer_options.edit_tick(self._format, settings)
        self._output = output = av.open(
            self._file,
            "w",
            format=self._format.muxer,
            container_options=settings,
            metadata_errors="surrogateescape",
            buffer_size=_BUFFER,
        )
        if self._carrier is None:
            self._encoder.add_to(output)
        else:
            self._carrier.add_streams(output, self._add_film)
        output.start_encoding()

    def mux(self, packets: Iterable[av.Packet[Any]]) -> None:
        """Write packets of the painted stream, and before each of them what belongs there."""
        output = self._opened
        for packet in packets:
            # Whatever belongs before this frame goes first: so the file is interleaved well and
            # the muxer has nothing to hold back.
            if self._carrier is not None and packet.dts is not None:
                self._carrier.mux_until(packet.dts * self._encoder.time_base)
            output.mux_one(packet)

    def finish(self, end: Fraction | None) -> None:
        """Write the other streams' rest, up to `end` (s; None: all), and the trailer."""
        if self._carrier is not None:
            self._carrier.finish(end)
        self._opened.close()

    def close(self) -> None:
        """Let go of output and source. Safe to call again."""
        output, self._output = self._output, None
        if output is not None:
            output.close()
        if self._carrier is not None:
            self._carrier.close()

    @property
    def index(self) -> int:
        """Of the painted stream in the output."""
        return self._encoder.stream.index

    @property
    def notes(self) -> list[str]:
        """A line for whatever is not as in the source."""
        return [*self._own_notes, *(self._carrier.notes if self._carrier is not None else [])]

    def carried(self) -> tuple[CarriedStream, ...]:
        """What the output must hold beside the pictures, a stream each."""
        return () if self._carrier is None else self._carrier.report()

    @property
    def _opened(self) -> OutputContainer:
        if self._output is None:
            raise ValueError("the muxer is not open")
        return self._output

    def _add_film(self) -> None:
        """The painted stream, with the tags and labels of the film, as far as the container can hold them."""
        self._encoder.add_to(self._opened)
        stream, carrier = self._encoder.stream, self._carrier
        if carrier is None or carrier.film is None:
            return
        film = carrier.film
        stream.metadata.update(tags.film_tags(film, self._format, carrier.clip))
        stream.disposition = film.disposition
        kind = film.metadata.get(STEREO_TAG)
        if kind not in (None, "mono") and self._format.muxer not in ("matroska", "webm"):
            self._own_notes.append(
                f"stereoscopic video ({kind}): its label can't be written to {self._format.name}; "
                "players have to be told"
            )
