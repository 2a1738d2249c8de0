"""Writes painted pictures as a film: encodes them, carries all other streams over, ends atomically."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av
from av.container import OutputContainer

from stylize_video.errors import OutputError, VerificationError
from stylize_video.files.partial import PartialFile, output_errors
from stylize_video.pipeline.carried.captions import CaptionWriter
from stylize_video.pipeline.carried.carrier import Carrier
from stylize_video.pipeline.containers import formats, holding
from stylize_video.pipeline.containers.report import WriteReport
from stylize_video.pipeline.frames import TimeRange, VideoInfo
from stylize_video.pipeline.planes.palette import Palette
from stylize_video.pipeline.sinks.clock import OutputClock
from stylize_video.pipeline.sinks.coding import Coding, EncoderOptions
from stylize_video.process.interrupts import patient

__all__ = ["EncoderOptions", "FileWriter", "WriteReport"]

# Of so few frames none is stored out of order, but x265 takes their decoding times from memory that it never
# wrote.
_TOO_FEW = 2
_BUFFER = 1 << 20  # bytes FFmpeg gathers before it calls Python to write them


Check = Callable[[Path, WriteReport], object]


def _decode_when_shown(packets: list[av.Packet[Any]]) -> None:
    for packet in packets:
        packet.dts = packet.pts


def _end_with_what_is_shown(packets: list[av.Packet[Any]]) -> None:
    """MP4 ends with the packet decoded last, which with B-frames is not the one shown last."""
    if packets:
        shown = max(packets, key=lambda packet: packet.pts or 0)
        packets[-1].duration = max(packets[-1].duration or 0, shown.duration or 0)


class FileWriter:
    """Encodes pictures into `path`, which appears only at `finish()`. A context manager.

    Attributes:
        pixel_format: what pictures handed to `write` must be in.
        color: how they must be coded, and are labelled.
        upright: whether they must be upright (the container can't store a rotation, or there is
            none) rather than in stored orientation.
        width, height: their size, px.
    """

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        options: EncoderOptions,
        *,
        clip: TimeRange | None = None,
    ) -> None:
        """Open source and output, and write the header.

        Raises:
            UsageError: unknown extension, codec or setting, or a codec the container can't hold.
            OutputExistsError: `path` exists and is not to be overwritten.
            OutputError: it can't be written, or the encoder refuses.
            InputError: the source can't be opened again.
        """
        clip = clip or TimeRange()
        self.path = path
        self._format, encoder = formats.check_output(path, options.codec)
        self._info = info
        coding = self._coding = Coding(info, self._format, encoder, options)
        self.upright, self.width, self.height = coding.upright, coding.width, coding.height
        self.pixel_format, self.color = coding.pixel_format, coding.color
        self._clock = OutputClock(self._format, info, clip)
        self._captions = CaptionWriter(av.Codec(encoder, "w").canonical_name)
        info.captions.wanted = True
        self._palette: Palette | None = None
        self._whole = False  # whether the file is finished, if only under its partial name
        self._container: OutputContainer | None = None
        self._carrier: Carrier | None = None
        self._file = PartialFile(path, overwrite=options.overwrite)
        try:
            self._carrier = Carrier(info.path, self._format, clip, info.timeline, info.stream)
            with output_errors(path):
                self._open(self._carrier)
        except BaseException:
            self.close()
            raise

    def write(self, picture: av.VideoFrame) -> None:
        """Encode `picture`, whose pts and time base are the source's; takes it over.

        Raises:
            OutputError: it can't be written; the partial file is gone.
        """
        if self._container is None:
            raise ValueError("the writer is closed")
        if self._format.is_picture and self._clock.times:
            raise OutputError(
                f"{self.path}: the input has more than one frame and {self.path.suffix} holds one; "
                "give an output with another extension, e.g. -o film.mp4"
            )
        self._coding.check(picture)
        captions = self._info.captions.take(picture.pts)
        self._clock.stamp(picture)
        self._captions.add(picture.pts, captions)
        picture = self._coding.prepared(picture)
        with self._failing():
            self._encode(picture)

    def finish(self, check: Check | None = None) -> WriteReport:
        """Write what is left, close, and give the file its name. A first Ctrl-C waits for that.

        Args:
            check: called with the finished file, still under its partial name, and the report. What
                it raises is raised here; the film is then kept beside the output, as `NAME.unverified.EXT`,
                and an earlier output is untouched. After a Ctrl-C, which says nothing against the film,
                the partial file stays.

        Raises:
            OutputError: it can't be written, or no frame was.
            VerificationError: `check` failed; says where the film is.
        """
        if not self._clock.times:
            self.close()
            raise OutputError(f"{self.path}: not one frame to write")
        with self._failing(), patient():
            self._complete(None)
        report = self._report()
        if check is not None:
            with self._failing():
                self._check_finished(check, report)
        self._file.commit()
        return report

    def _check_finished(self, check: Check, report: WriteReport) -> None:
        try:
            check(self._file.partial, report)
        except Exception as error:
            kept = self._file.keep_as("unverified")
            raise VerificationError(
                f"{error}; the finished film is kept as {kept}: look whether it will do"
            ) from error

    def keep_partial(self) -> Path | None:
        """End the film after the last frame written and leave it as the partial file.

        Where that lies, for it can be played; None, and nothing left, if no frame was written.
        After `finish` was interrupted that is the whole film, under whichever name it has by now.

        Raises:
            OutputError: it can't be written.
        """
        if self._whole:
            return self._file.keep()
        if self._container is None or not self._clock.times:
            self.close()
            return None
        with self._failing(), patient():
            self._complete(self._clock.end)
        return self._file.keep()

    def close(self) -> None:
        """Let go of everything; without `finish` or `keep_partial` the partial file goes too.

        Safe to call again.
        """
        self._file.discard()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Errors as one line, and nothing left behind after any; only Ctrl-C spares a whole film."""
        try:
            with output_errors(self.path):
                yield
        except BaseException as error:
            if self._whole and isinstance(error, KeyboardInterrupt):
                self._file.keep()
            self.close()
            raise

    def _open(self, carrier: Carrier) -> None:
        film = None if carrier.film is None else carrier.film.index
        settings = holding.muxer_options(
            self._format, carrier.source, carrier.clip, self._info.beginning, film
        )
        self._edit_tick = holding.edit_tick(self._format, settings)
        container = av.open(
            self._file,
            "w",
            format=self._format.muxer,
            container_options=settings,
            metadata_errors="surrogateescape",
            buffer_size=_BUFFER,
        )
        self._container = container
        carrier.add_streams(container, lambda: self._add_film(container, carrier))
        container.start_encoding()

    def _add_film(self, container: OutputContainer, carrier: Carrier) -> None:
        time_base = self._clock.time_base
        if self._format.muxer == "gif":
            self._palette = Palette(self.width, self.height, time_base)
        self._stream = self._coding.add_stream(container, time_base, self._captions.encoder_options)
        if carrier.film is not None:
            self._coding.dress(self._stream, carrier.film, carrier.clip)

    def _encode(self, picture: av.VideoFrame | None) -> None:
        """Encode and mux; None drains."""
        if self._palette is None:
            packets = self._stream.encode(picture)
            if picture is None:
                if len(self._clock.times) <= _TOO_FEW:
                    _decode_when_shown(packets)
                _end_with_what_is_shown(packets)
            self._mux(packets)
            return
        for frame in self._palette.convert(picture):
            self._mux(self._stream.encode(frame))
        if picture is None:
            self._mux(self._stream.encode(None))

    def _mux(self, packets: list[av.Packet[Any]]) -> None:
        assert self._container is not None
        assert self._carrier is not None
        for packet in packets:
            # Whatever belongs before this frame goes first: so the file is interleaved well and
            # the muxer has nothing to hold back.
            if packet.dts is not None:
                self._carrier.mux_until(packet.dts * self._clock.time_base)
            self._container.mux_one(self._captions.put(packet))

    def _complete(self, end: Fraction | None) -> None:
        """Drain everything, write the trailer, bring it to the disk."""
        assert self._container is not None
        assert self._carrier is not None
        self._encode(None)
        self._carrier.finish(end)
        self._container.close()
        self._file.sync()
        self._whole = True
        self._release()

    def _release(self) -> None:
        """Close muxer and source. With the file closed already, the muxer writes no trailer."""
        container, self._container = self._container, None
        if container is not None:
            container.close()
        if self._carrier is not None:
            self._carrier.close()

    def _report(self) -> WriteReport:
        assert self._carrier is not None
        late = [note for note in (self._clock.note(), self._captions.note()) if note]
        notes = [*self._coding.notes, *self._carrier.notes, *late]
        return WriteReport(
            self.path,
            self._format,
            self._clock.times,
            self._clock.time_base,
            self.color,
            self._carrier.report(),
            tuple(notes),
            self._edit_tick,
            self._stream.index,
            self._coding.size,
        )
