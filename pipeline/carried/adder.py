"""Gives each of the source's other streams its place in the output: as it is, converted, or left out."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import AttachmentStream, Stream
from av.subtitles.codeccontext import SubtitleCodecContext
from av.video.stream import VideoStream

from stylize_video.pipeline.carried import copying, hidden, sound
from stylize_video.pipeline.carried.converted_tracks import AudioTrack, SubtitleTrack
from stylize_video.pipeline.carried.tracks import CopyTrack, Track
from stylize_video.pipeline.containers import streams, tags
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.time_range import TimeRange

_MICROSECOND = Fraction(1, av.time_base)
_COVER_NAMES = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}
_TEXT = {"mp4": "mov_text", "mov": "mov_text", "matroska": "subrip", "webm": "webvtt"}


class StreamAdder:
    """Adds streams of one source to one output.

    Attributes:
        tracks: what takes each stream's packets, by its index in the source.
        attached: files that went into the output whole: name, output stream, payload.
        notes: a line for whatever is left out or converted.
    """

    def __init__(self, path: Path, container: Container, clip: TimeRange) -> None:
        """For a `clip` of the file at `path`, into an output of the kind `container`."""
        self.tracks: dict[int, Track] = {}
        self.attached: list[tuple[str, int, bytes]] = []
        self.notes: list[str] = []
        self._path = path
        self._container = container
        self._clip = clip

    def add(self, output: OutputContainer, stream: Stream) -> None:
        """Add `stream` to `output` as it is, or converted, or leave it out."""
        if not self._container.streams:
            self._leave_out(stream)
            return
        if stream.type == "attachment":
            self._add_attachment(output, cast(AttachmentStream, stream))
        elif streams.is_cover(stream):
            self._add_cover(output, cast(VideoStream, stream))
        elif copying.can_copy(stream, self._container):
            self._add_whole_or_cut(output, stream)
        elif stream.type == "video":
            self._leave_out(stream, "a second picture, ")
        elif stream.type == "audio" and stream.codec_context is not None:
            self._convert_audio(output, cast(AudioStream, stream))
        elif stream.type == "subtitle":
            self._convert_subtitle(output, stream)
        else:
            self._leave_out(stream)

    def _add_whole_or_cut(self, output: OutputContainer, stream: Stream) -> None:
        """A copy; sound of which the file hides a part is cut where the container can't hide it."""
        is_past = self._clip.start is not None
        if is_past or not hidden.has_hidden_beginning(self._path, stream, self._container):
            self._add_copy(output, stream)
        elif stream.type == "audio":
            self._convert_audio(output, cast(AudioStream, stream), because="say what is cut away of it")
        else:
            self._leave_out(stream, "its beginning is cut away, and ")

    def _add_copy(self, output: OutputContainer, stream: Stream) -> None:
        copy = copying.add_copy(output, stream)
        self._dress(stream, copy)
        self.tracks[stream.index] = CopyTrack(streams.describe(stream), output, copy, self._container)
        if streams.kind(stream) == "video" and self._clip.start is not None:
            self.notes.append(f"{streams.describe(stream)}: begins at its first key frame after the start")

    def _dress(self, stream: Stream, copy: Stream, *, changed: bool = False) -> None:
        """Give `copy` the tags and the rest of what `stream` carries beside its packets."""
        changed = changed or self._clip != TimeRange()
        copy.metadata.update(tags.stream_tags(stream, self._container, changed=changed))
        copy.disposition = stream.disposition

    def _add_attachment(self, output: OutputContainer, stream: AttachmentStream) -> None:
        if self._container.muxer != "matroska":
            self._leave_out(stream)
            return
        name, kind = stream.name or "attachment", stream.mimetype or "application/octet-stream"
        copy = output.add_attachment(name, kind, stream.data)
        copy.metadata.update(stream.metadata)
        self.attached.append((streams.describe(stream), copy.index, stream.data))

    def _add_cover(self, output: OutputContainer, stream: VideoStream) -> None:
        if self._container.muxer == "mp4" and copying.can_copy(stream, self._container):
            self._add_copy(output, stream)
            return
        data = streams.cover_data(self._path, stream)
        codec = streams.codec_name(stream)
        if self._container.muxer != "matroska" or not data or codec not in _COVER_NAMES:
            self._leave_out(stream)
            return
        name, kind = _COVER_NAMES[codec]
        attached = output.add_attachment(stream.metadata.get("filename", name), kind, data)
        self.attached.append((streams.describe(stream), attached.index, data))

    def _convert_audio(self, output: OutputContainer, stream: AudioStream, because: str = "hold it") -> None:
        made = sound.conversion(stream, self._container, same_codec=because != "hold it")
        if isinstance(made, str):
            self.notes.append(f"{streams.describe(stream)}: {made}, left out")
            return
        copy = cast(AudioStream, output.add_stream(made.encoder, made.rate))
        sound.set_up(copy, made)
        self._dress(stream, copy, changed=True)
        name = streams.describe(stream)
        self.tracks[stream.index] = AudioTrack(name, output, stream, copy, self._container)
        self._note_conversion(stream, made.encoder, because, made.remark)

    def _convert_subtitle(self, output: OutputContainer, stream: Stream) -> None:
        encoder = _text_encoder(stream, self._container)
        if encoder is None:
            self._leave_out(stream)
            return
        decoder = cast(SubtitleCodecContext, stream.codec_context)
        with contextlib.suppress(av.FFmpegError):
            decoder.open(strict=False)  # only then it knows its header
        if decoder.subtitle_header is None:
            self.notes.append(f"{streams.describe(stream)}: can't be decoded, left out")
            return
        copy = output.add_stream(encoder)
        coder = cast(SubtitleCodecContext, copy.codec_context)
        coder.subtitle_header = decoder.subtitle_header
        coder.time_base = copy.time_base = stream.time_base or _MICROSECOND
        self._dress(stream, copy, changed=True)
        self.tracks[stream.index] = SubtitleTrack(
            streams.describe(stream), output, stream, copy, self._container
        )
        self._note_conversion(stream, encoder)

    def _leave_out(self, stream: Stream, what: str = "") -> None:
        self.notes.append(f"{streams.describe(stream)}: {what}{self._container.name} can't hold it, left out")

    def _note_conversion(
        self, stream: Stream, encoder: str, because: str = "hold it", remark: str = ""
    ) -> None:
        self.notes.append(
            f"{streams.describe(stream)}: {self._container.name} can't {because}, "
            f"converted to {av.Codec(encoder, 'w').canonical_name}{remark and f', {remark}'}"
        )


def _text_encoder(stream: Stream, container: Container) -> str | None:
    """The encoder for text subtitles that the container can't hold; None for pictures."""
    context = getattr(stream, "codec_context", None)
    if context is None or not context.codec.text_sub:
        return None
    return _TEXT.get(container.muxer)
