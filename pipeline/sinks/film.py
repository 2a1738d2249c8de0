"""Painted pictures as a film: encoded, with all other streams of their source, and whole or not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Self

import av

from stylize_video.errors import OutputError, VerificationError
from stylize_video.files.partial import PartialFile, output_errors
from stylize_video.pipeline.carried.other_streams import OtherStreams
from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.signal import ColorTags, Signal
from stylize_video.pipeline.sinks.coding import Coding, EncoderOptions
from stylize_video.pipeline.sinks.encoded import Encoded, joined
from stylize_video.pipeline.sinks.muxer import Muxer
from stylize_video.pipeline.sinks.output_clock import OutputClock
from stylize_video.pipeline.sinks.picture_encoder import PictureEncoder
from stylize_video.pipeline.sinks.report import WriteReport
from stylize_video.pipeline.sinks.sink import Check
from stylize_video.process.interrupts import patient


class FilmSink:
    """Encodes pictures into `path`, which appears only at `finish()`. A `Sink`.

    Attributes, once it is open:
        pixel_format: what pictures handed to `write` must be in.
        color: how they must be coded, and are labelled.
        upright: whether they must be upright (the container can't store a rotation, or there is
            none) rather than in stored orientation.
        width, height: their size, px.
    """

    pixel_format: str
    color: ColorTags
    upright: bool
    width: int
    height: int

    def __init__(self, path: Path, options: EncoderOptions, *, others: OtherStreams | None = None) -> None:
        """See whether there is such a format; nothing is made before `open`.

        Args:
            path: its extension decides the container.
            options: how to encode.
            others: what is carried beside the pictures, as their source says; None: nothing.

        Raises:
            UsageError: unknown extension or codec, or a codec that the container can't hold.
        """
        self.path = path
        self._options = options
        self._others = others
        self._format, self._encoder_name = formats.check_output(path, options.codec)
        self._closed = False
        self._whole = False  # whether the file is finished, if only under its partial name
        self._file: PartialFile | None = None
        self._muxer: Muxer | None = None

    def open(self, signal: Signal) -> Self:
        """Open the output, and its source again for what is carried, and write the header.

        Raises:
            UsageError: a setting or a pixel format that the encoder does not take.
            OutputExistsError: `path` exists and is not to be overwritten.
            OutputError: it can't be written, or the encoder refuses.
            InputError: the source can't be opened again.
        """
        if self._file is not None or self._closed:
            raise ValueError("a sink is opened once")
        coding = self._coding = Coding(signal, self._format, self._encoder_name, self._options)
        self.upright, self.width, self.height = coding.upright, coding.width, coding.height
        self.pixel_format, self.color = coding.pixel_format, coding.color
        self._clock = OutputClock(self._format, signal)
        self._encoder = PictureEncoder(coding, self._clock.time_base)
        if self._others is not None:
            self._others.captions.wanted = True
        self._file = PartialFile(self.path, overwrite=self._options.overwrite)
        try:
            carrier = None if self._others is None else self._others.carrier(self._format)
            self._muxer = Muxer(self._file, self._format, self._encoder, carrier)
            with output_errors(self.path):
                self._muxer.open(signal)
        except BaseException:
            self.close()
            raise
        return self

    def write(self, picture: av.VideoFrame) -> None:
        """Encode `picture`, whose pts and time base are the signal's; takes it over.

        Raises:
            OutputError: it can't be written; the partial file is gone.
        """
        muxer = self._muxer
        if muxer is None:
            raise ValueError("the sink is not open")
        if self._format.is_picture and self._clock.times:
            raise OutputError(
                f"{self.path}: the input has more than one frame and {self.path.suffix} holds one; "
                "give an output with another extension, e.g. `output` film.mp4"
            )
        self._coding.check(picture)
        captions = None if self._others is None else self._others.captions.take(picture.pts)
        self._clock.stamp(picture)
        with self._failing():
            for packets in self._encoder.encode(picture, captions):
                muxer.mux(packets)

    def join(
        self,
        segments: Iterable[Sequence[Encoded]],
        clock: OutputClock,
        *,
        ahead: int,
        captions_lost: int = 0,
    ) -> None:
        """Take all packets of a film that was encoded by segments, instead of pictures.

        Args:
            segments: from first to last; by `SegmentEncoder`, opened for the same.
            clock: theirs, at the end.
            ahead: see `joined`.
            captions_lost: of how many frames captions could not be kept.

        Raises:
            OutputError: they can't be written; the partial file is gone.
        """
        _, muxer = self._opened()
        self._clock, self._encoder.captions_lost = clock, captions_lost
        with self._failing():
            for encoded in joined(segments, clock.times, ahead):
                muxer.mux([encoded.packet(self._encoder.stream, clock.time_base)])

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
        file, muxer = self._opened()
        if not self._clock.times:
            self.close()
            raise OutputError(f"{self.path}: not one frame to write")
        with self._failing(), patient():
            self._complete(file, muxer, None)
        report = self._report(muxer)
        if check is not None:
            with self._failing():
                _check_finished(check, file, report)
        file.commit()
        return report

    def keep_partial(self) -> Path | None:
        """End the film after the last frame written and leave it as the partial file.

        Where that lies, for it can be played; None, and nothing left, if no frame was written.
        After `finish` was interrupted that is the whole film, under whichever name it has by now.

        Raises:
            OutputError: it can't be written.
        """
        if self._whole and self._file is not None:
            return self._file.keep()
        if self._file is None or self._muxer is None or not self._clock.times:
            self.close()
            return None
        with self._failing(), patient():
            self._complete(self._file, self._muxer, self._clock.end)
        return self._file.keep()

    def close(self) -> None:
        """Let go of everything; without `finish` or `keep_partial` the partial file goes too.

        Safe to call again.
        """
        self._closed = True
        if self._file is not None:
            self._file.discard()  # first: with the file closed already, the muxer writes no trailer
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
            if self._whole and isinstance(error, KeyboardInterrupt) and self._file is not None:
                self._file.keep()
            self.close()
            raise

    def _complete(self, file: PartialFile, muxer: Muxer, end: Fraction | None) -> None:
        """Drain everything, write the trailer, bring it to the disk."""
        for packets in self._encoder.drain():
            muxer.mux(packets)
        muxer.finish(end)
        file.sync()
        self._whole = True
        self._release()

    def _release(self) -> None:
        """Close muxer and source."""
        muxer, self._muxer = self._muxer, None
        if muxer is not None:
            muxer.close()

    def _opened(self) -> tuple[PartialFile, Muxer]:
        if self._file is None or self._muxer is None:
            raise ValueError("the sink is not open")
        return self._file, self._muxer

    def _report(self, muxer: Muxer) -> WriteReport:
        late = [note for note in (self._clock.note(), self._encoder.note()) if note]
        return WriteReport(
            self.path,
            self._format,
            self._clock.times,
            self._clock.time_base,
            self.color,
            muxer.carried(),
            (*self._coding.notes, *muxer.notes, *late),
            muxer.edit_tick,
            muxer.index,
            self._coding.size,
        )


def _check_finished(check: Check, file: PartialFile, report: WriteReport) -> None:
    try:
        check(file.partial, report)
    except Exception as error:
        kept = file.keep_as("unverified")
        raise VerificationError(
            f"{error}; the finished film is kept as {kept}: check whether it will do"
        ) from error
