"""Painted pictures as packets, segment by segment, each by an encoder of its own; no file is made."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av

from stylize_video.files.partial import output_errors
from stylize_video.pipeline.carried.captions import Captions
from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.sinks.coding import Coding, EncoderOptions
from stylize_video.pipeline.sinks.encoded import Encoded, lead
from stylize_video.pipeline.sinks.output_clock import OutputClock
from stylize_video.pipeline.sinks.picture_encoder import PictureEncoder

if TYPE_CHECKING:
    from av.container import OutputContainer

    Packets = Iterable[av.Packet[Any]]


class SegmentEncoder:
    """Encodes as a `FilmSink` does that is given the same.

    Attributes:
        pixel_format, color, width, height: as in `Sink`.
        clock: of the output, over all segments.
        captions_lost: of how many frames they could not be kept.
        ahead: the largest `lead` of a segment that has ended.
    """

    def __init__(
        self, path: Path, options: EncoderOptions, signal: Signal, captions: Captions | None = None
    ) -> None:
        """Settle how.

        Args:
            path: what the film will be called.
            options: how to encode.
            signal: of the pictures.
            captions: of the frames on their way from the source.

        Raises:
            UsageError: a setting or a pixel format that the encoder does not take.
        """
        container, name = formats.check_output(path, options.codec)
        self._path, self._container = path, container
        self._coding = coding = Coding(signal, container, name, options)
        self.pixel_format, self.color = coding.pixel_format, coding.color
        self.width, self.height = coding.width, coding.height
        self.clock = OutputClock(container, signal)
        self.captions_lost = self.ahead = 0
        self._captions = captions
        if captions is not None:
            captions.wanted = True
        self._output: OutputContainer | None = None
        self._encoder: PictureEncoder | None = None
        self._times: list[Encoded] = []  # of the segment's packets, without their bytes

    def write(self, picture: av.VideoFrame) -> list[Encoded]:
        """Encode the next picture, whose pts and time base are the signal's; what is ready, perhaps nothing.

        Raises:
            OutputError: the encoder can't be opened, or refuses.
        """
        self._coding.check(picture)
        captions = None if self._captions is None else self._captions.take(picture.pts)
        self.clock.stamp(picture)
        with output_errors(self._path):
            return self._noted(_plain(self._begun().encode(picture, captions)))

    def end(self, *, last: bool) -> list[Encoded]:
        """End the segment: what is left of it. The next picture begins another.

        Args:
            last: whether it is the film's last.
        """
        if self._encoder is None:
            return []
        with output_errors(self._path):
            left = self._noted(_plain(self._encoder.drain(last=last)))
        self.ahead = max(self.ahead, lead(self._times))
        self.captions_lost += self._encoder.captions_lost
        self.close()
        return left

    def close(self) -> None:
        """Let go of the encoder. Safe to call again."""
        self._encoder, self._times = None, []
        output, self._output = self._output, None
        if output is not None:
            output.close()

    def _noted(self, packets: list[Encoded]) -> list[Encoded]:
        self._times += [packet._replace(data=b"") for packet in packets]
        return packets

    def _begun(self) -> PictureEncoder:
        if self._encoder is None:
            # A muxer is needed all the same: by that an encoder knows where its headers go.
            self._output = av.open(_Nowhere(), "w", format=self._container.muxer)
            self._encoder = PictureEncoder(self._coding, self.clock.time_base)
            self._encoder.add_to(self._output)
        return self._encoder


def _plain(found: Iterable[Packets]) -> list[Encoded]:
    return [Encoded.of(packet) for packets in found for packet in packets]


class _Nowhere:
    """A file that nothing is written to."""

    name = os.devnull

    def write(self, data: bytes) -> int:
        return len(data)
