"""Carries everything but the pictures from the source into the output.

The source is opened a second time, with a demuxer of its own. So no packet has to pass through the
reader, the channels and the painter: memory stays constant however far sound and picture lie apart
in the file, and no full channel can make the two wait for each other.
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import AttachmentStream, Discard, Stream
from av.subtitles.codeccontext import SubtitleCodecContext
from av.video.stream import VideoStream

from stylize_video.errors import InputError
from stylize_video.pipeline import holding
from stylize_video.pipeline.formats import Container
from stylize_video.pipeline.frames import TimeRange
from stylize_video.pipeline.report import CarriedStream, Tally
from stylize_video.pipeline.tracks import AudioTrack, CopyTrack, SubtitleTrack, Track

_MICROSECOND = Fraction(1, av.time_base)
_SLACK = 30  # s that packets of one time may lie apart in a file
_COVER_NAMES = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}


class Carrier:
    """Muxes the source's other streams, up to a given time at each call.

    Use: make it, `add_streams`, write the output's header, then `mux_until` before each video
    packet, `finish` at the end, `close` in any case. All calls from one thread at a time.
    """

    def __init__(self, path: Path, container: Container, clip: TimeRange) -> None:
        """Open the source.

        Raises:
            InputError: it can't be opened (any more).
        """
        self.notes: list[str] = []
        self._container = container
        self.clip = clip
        self._path = path
        try:
            # Tags in an unknown coding come through byte by byte.
            self.source = av.open(str(path), metadata_errors="surrogateescape")
        except (OSError, av.FFmpegError) as error:
            raise InputError(f"{path}: can't be opened again for its sound: {error}") from error
        self.film = holding.film_stream(self.source)
        self._tracks: dict[int, Track] = {}
        self._attached: list[tuple[str, int, bytes]] = []  # name, output stream, payload
        self._next_dts: dict[int, int] = {}
        self._packets = self._demux()
        self._held: av.Packet[Any] | None = None  # read, but not due yet

    def add_streams(self, output: OutputContainer, add_film: Callable[[], object]) -> None:
        """Add a stream to `output` for everything it can hold, in the source's order.

        `add_film` adds the painted stream at its own place. What is left out or converted goes
        to `notes`.
        """
        self._add_film_tags(output)
        for stream in self.source.streams:
            if self.film is not None and stream.index == self.film.index:
                add_film()
            elif self._is_implied(stream):
                continue
            elif not self._container.streams:
                self._leave_out(stream)
            else:
                self._add(output, stream)
        if self.film is None:
            add_film()
        for stream in self.source.streams:
            if stream.index not in self._tracks:
                stream.discard = Discard.all

    def _add_film_tags(self, output: OutputContainer) -> None:
        """The film's own tags and its chapters."""
        tags, lost = holding.container_tags(self.source, self._container)
        output.metadata.update(tags)
        if lost:
            self.notes.append(f"tags {', '.join(lost)}: {self._container.name} can't hold them, left out")
        if self._container.chapters:
            output.set_chapters(holding.clipped_chapters(self.source, self.clip))
        elif self.source.chapters():
            self.notes.append(f"chapters: {self._container.name} can't hold them, left out")

    def mux_until(self, time: Fraction) -> None:
        """Mux every packet that is decoded at or before `time` (s, the output's clock)."""
        while (packet := self._next()) is not None and self._time(packet) <= time:
            self._held = None
            self._tracks[packet.stream.index].mux(packet)

    def finish(self, end: Fraction | None = None) -> None:
        """Mux the rest, up to `end` (s, the output's clock; None: all), and drain the converters."""
        while (packet := self._next()) is not None:
            self._held = None
            if end is None or self._time(packet) < end:
                self._tracks[packet.stream.index].mux(packet)
            elif self._time(packet) > end + _SLACK:
                break
        for track in self._tracks.values():
            track.finish()

    def report(self) -> tuple[CarriedStream, ...]:
        """What was written, a stream each."""
        return (*(track.report() for track in self._tracks.values()), *self._attachments())

    def close(self) -> None:
        """Close the source. Safe to call again."""
        self._packets.close()
        self._held = None
        self.source.close()

    def _add(self, output: OutputContainer, stream: Stream) -> None:
        if stream.type == "attachment":
            self._add_attachment(output, cast(AttachmentStream, stream))
        elif holding.is_cover(stream):
            self._add_cover(output, cast(VideoStream, stream))
        elif stream.type == "video":
            self.notes.append(f"{holding.describe(stream)}: a second picture, left out")
        elif holding.can_copy(stream, self._container):
            copy = output.add_stream_from_template(stream)
            self._dress(stream, copy)
            self._tracks[stream.index] = CopyTrack(holding.describe(stream), output, copy, self._container)
        elif stream.type == "audio" and stream.codec_context is not None:
            self._convert_audio(output, cast(AudioStream, stream))
        elif stream.type == "subtitle":
            self._convert_subtitle(output, stream)
        else:
            self._leave_out(stream)

    def _dress(self, stream: Stream, copy: Stream, *, changed: bool = False) -> None:
        """Give `copy` the tags and the rest of what `stream` carries beside its packets."""
        changed = changed or self.clip != TimeRange()
        copy.metadata.update(holding.stream_tags(stream, self._container, changed=changed))
        copy.disposition = stream.disposition

    def _add_attachment(self, output: OutputContainer, stream: AttachmentStream) -> None:
        if self._container.muxer != "matroska":
            self._leave_out(stream)
            return
        name, kind = stream.name or "attachment", stream.mimetype or "application/octet-stream"
        copy = output.add_attachment(name, kind, stream.data)
        copy.metadata.update(stream.metadata)
        self._attached.append((holding.describe(stream), copy.index, stream.data))

    def _add_cover(self, output: OutputContainer, stream: VideoStream) -> None:
        if self._container.muxer == "mp4" and holding.can_copy(stream, self._container):
            copy = output.add_stream_from_template(stream, opaque=True)
            self._dress(stream, copy)
            self._tracks[stream.index] = CopyTrack(holding.describe(stream), output, copy, self._container)
            return
        data = holding.cover_data(self._path, stream)
        codec = holding.codec_name(stream)
        if self._container.muxer != "matroska" or not data or codec not in _COVER_NAMES:
            self._leave_out(stream)
            return
        name, kind = _COVER_NAMES[codec]
        attached = output.add_attachment(stream.metadata.get("filename", name), kind, data)
        self._attached.append((holding.describe(stream), attached.index, data))

    def _convert_audio(self, output: OutputContainer, stream: AudioStream) -> None:
        encoder = holding.audio_encoder(self._container)
        if encoder is None:
            self._leave_out(stream)
            return
        rate, layout, bit_rate = holding.audio_settings(encoder, stream)
        copy = cast(AudioStream, output.add_stream(encoder, rate))
        copy.codec_context.layout = layout
        copy.codec_context.bit_rate = bit_rate
        copy.codec_context.time_base = copy.time_base = Fraction(1, rate)
        self._dress(stream, copy, changed=True)
        name = holding.describe(stream)
        self._tracks[stream.index] = AudioTrack(name, output, stream, copy, self._container)
        self._note_conversion(stream, encoder)

    def _convert_subtitle(self, output: OutputContainer, stream: Stream) -> None:
        encoder = holding.text_encoder(stream, self._container)
        if encoder is None:
            self._leave_out(stream)
            return
        decoder = cast(SubtitleCodecContext, stream.codec_context)
        decoder.open(strict=False)  # only then it knows its header
        copy = output.add_stream(encoder)
        coder = cast(SubtitleCodecContext, copy.codec_context)
        coder.subtitle_header = decoder.subtitle_header
        coder.time_base = copy.time_base = stream.time_base or _MICROSECOND
        self._dress(stream, copy, changed=True)
        self._tracks[stream.index] = SubtitleTrack(
            holding.describe(stream), output, stream, copy, self._container
        )
        self._note_conversion(stream, encoder)

    def _is_implied(self, stream: Stream) -> bool:
        """Whether the muxer makes this stream by itself: MP4's chapters and time code are tracks."""
        if stream.type != "data" or "mp4" not in self.source.format.name:
            return False
        is_chapters = stream.name == "bin_data" and bool(self.source.chapters())
        return is_chapters or "timecode" in stream.metadata

    def _attachments(self) -> Iterator[CarriedStream]:
        for name, index, data in self._attached:
            times = array("q")
            yield CarriedStream(name, index, "attachment", False, 1, Tally.of(data), times, Fraction(1))

    def _next(self) -> av.Packet[Any] | None:
        """The packet that is due next, held until somebody takes it."""
        if self._held is None:
            self._held = next(self._packets, None)
        return self._held

    @staticmethod
    def _time(packet: av.Packet[Any]) -> Fraction:
        assert packet.dts is not None  # `_timed` gave it one
        return packet.dts * Fraction(packet.time_base)

    def _demux(self) -> Generator[av.Packet[Any], None, None]:
        """Packets of the clip, with the output's times. A damaged source ends here with a note."""
        try:
            if self.clip.start is not None:
                # Nothing breaks if the file can't seek: packets before the clip are skipped anyway.
                with contextlib.suppress(av.FFmpegError):
                    self.source.seek(int((self.clip.start - 1) / _MICROSECOND))
            for packet in self.source.demux():
                if packet.stream.index not in self._tracks or not self._timed(packet):
                    continue
                time = self._time(packet)
                if self.clip.end is not None and time >= self.clip.end + _SLACK:
                    return
                if self.clip.holds(time):
                    self._shift(packet)
                    yield packet
        except av.FFmpegError as error:
            self.notes.append(
                f"{self._path}: the file breaks off ({error.strerror}); "
                "sound and subtitles are carried up to there"
            )

    def _timed(self, packet: av.Packet[Any]) -> bool:
        """Fill in missing times; False for the empty packets that mark the end."""
        if packet.dts is None and packet.pts is None:
            if not packet.size:
                return False
            packet.dts = self._next_dts.get(packet.stream.index, 0)
        if packet.pts is None:
            packet.pts = packet.dts
        if packet.dts is None:
            packet.dts = packet.pts
        assert packet.dts is not None
        self._next_dts[packet.stream.index] = packet.dts + (packet.duration or 0)
        return True

    def _shift(self, packet: av.Packet[Any]) -> None:
        ticks = self.clip.shift(Fraction(packet.time_base))
        if ticks:
            assert packet.dts is not None
            assert packet.pts is not None
            packet.dts -= ticks
            packet.pts -= ticks

    def _leave_out(self, stream: Stream) -> None:
        self.notes.append(f"{holding.describe(stream)}: {self._container.name} can't hold it, left out")

    def _note_conversion(self, stream: Stream, encoder: str) -> None:
        self.notes.append(
            f"{holding.describe(stream)}: {self._container.name} can't hold it, "
            f"converted to {av.Codec(encoder, 'w').canonical_name}"
        )
