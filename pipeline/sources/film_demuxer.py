"""The packets of a film file, on one clock, from its beginning or from a key frame on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av

from stylize_video.errors import InputError
from stylize_video.pipeline.clocks import survey as clock_survey
from stylize_video.pipeline.clocks.timeline import Timeline
from stylize_video.pipeline.containers import track_choice
from stylize_video.pipeline.containers.opening import open_media

if TYPE_CHECKING:
    Packet = av.Packet[Any]

_MICROSECOND = Fraction(1, 1_000_000)  # a container's own times are counted in these
_DEFAULT_RATE = Fraction(25)  # frames/s, where a file says nothing at all
_STEPS_BACK = (0, 2, 10)  # s to seek before the start, until a key frame is found there


class FilmDemuxer:
    """Opens a file and gives the packets of all of its streams, with their times on its `timeline`.

    Attributes:
        path: the file.
        stream: the film in it that is painted; another object after `reopen` and `seek`.
        choice: a line for people where there were several, or None.
        timeline: on which all times lie.
        time_base: of the film, s.
        rate: frames/s, a hint.
        beginning: when the film begins, s.
        length: how long it is, s; 0: unknown.
        begins_with_first: whether packets are read from the file's first one on.

    Args:
        path: the file.
        track: which of its films, from 1 on; None: the one that is most likely meant.

    Raises:
        InputError: no such file, a folder, not a film, or no video in it.
        UsageError: no film of that number.
    """

    def __init__(self, path: Path, track: int | None = None) -> None:
        self.path = path
        self._track = track
        self.begins_with_first = True
        self._ahead: list[Packet] = []
        self._open()
        self.timeline = self._survey()
        self._walk = self.timeline.walk()
        self.time_base = self.stream.time_base or 1 / _DEFAULT_RATE
        self.rate = self.stream.guessed_rate or self.stream.average_rate or _DEFAULT_RATE
        self.beginning, self.length = self._extent()

    @property
    def format(self) -> str:
        """FFmpeg's name of the container."""
        return self._container.format.name

    def packets(self) -> Iterator[Packet]:
        """All from here on; the other streams' too, which tell where the file really ends.

        Raises:
            av.FFmpegError: the file breaks off.
        """
        yield from self._ahead
        for packet in self._container.demux():
            self._walk.straighten(packet)
            yield packet

    def reopen(self) -> None:
        """Go back to the file's first packet.

        Raises:
            InputError: it can't be opened any more.
        """
        self._container.close()
        self._ahead = []
        self._walk = self.timeline.walk()
        self.begins_with_first = True
        self._open()

    def seek(self, time: Fraction) -> None:
        """Go to a key frame at or before `time`; where there is none to be found, to the beginning."""
        if self.timeline.has_breaks:
            return  # the file's own times say nothing of where in it they lie
        if self._container.format.name == "avi" and self.stream.codec_context.has_b_frames:
            return  # frames are counted, and behind a key frame some can't be decoded
        for back in _STEPS_BACK:
            with contextlib.suppress(av.FFmpegError):
                there = time - back - self.timeline.offset
                self._container.seek(int(there / self.time_base), stream=self.stream)
                if self._lands_on_key_frame(time):
                    self.begins_with_first = False
                    return
        self.reopen()

    def _lands_on_key_frame(self, time: Fraction) -> bool:
        for packet in self._container.demux(self.stream):
            if packet.size:
                self._walk.straighten(packet)
                self._ahead = [packet]
                at = packet.pts if packet.pts is not None else packet.dts
                return packet.is_keyframe and at is not None and at * self.time_base <= time
        return False

    def close(self) -> None:
        """Let go of the file. Safe to call again."""
        self._container.close()

    def _survey(self) -> Timeline:
        try:
            return clock_survey.survey(self.path, self._container, self.stream.index, self._opened)
        except BaseException:
            self._container.close()
            raise

    def _extent(self) -> tuple[Fraction, Fraction]:
        """Where the film begins, and how long it is; s, 0: unknown."""
        begin = (self._container.start_time or 0) * _MICROSECOND
        length = (self._container.duration or 0) * _MICROSECOND
        if self.timeline.beginning is not None:
            if self._container.format.name.startswith("matroska"):
                length = max(length + self.timeline.offset, Fraction(0))  # for it counts from 0
            begin = self.timeline.beginning
        if self.timeline.end is not None:
            length = self.timeline.end - begin
        return begin, length

    def _opened(self) -> av.container.InputContainer:
        container = _open_media(self.path)
        if container.format.name == "avi":
            # AVI has no presentation times: a frame's is its place. FFmpeg would guess them.
            container.close()
            container = _open_media(self.path, {"fflags": "nofillin"})
        return container

    def _open(self) -> None:
        self._container = self._opened()
        try:
            self.stream = track_choice.choose(self._container, self.path, self._track)
            self.choice = track_choice.note(
                self._container, self.path, self.stream, asked=self._track is not None
            )
        except BaseException:
            self._container.close()
            raise


def _open_media(path: Path, options: dict[str, str] | None = None) -> av.container.InputContainer:
    try:
        return open_media(path, options)
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error
