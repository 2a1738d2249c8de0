"""Any two films: whether the one is what a painting job should have made of the other."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from stylize_video.errors import InputError, UsageError
from stylize_video.files import paths
from stylize_video.pictures.orientation import Orientation
from stylize_video.pipeline.containers import streams, track_choice
from stylize_video.pipeline.containers.formats import CONTAINERS, Container
from stylize_video.pipeline.containers.opening import PICTURES, open_media
from stylize_video.pipeline.planes import display_matrix
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.sources.film_decoder import FilmDecoder
from stylize_video.pipeline.verification import decoding, labels, shape
from stylize_video.pipeline.verification.comparison import Comparison, open_output
from stylize_video.pipeline.verification.expectation import Expectation, Part, expect
from stylize_video.pipeline.verification.finding import Finding, counted

# By FFmpeg's demuxer, where a name doesn't tell the kind of file; the likeliest first.
_KINDS = {"matroska": ("mkv",), "mov": ("mp4", "mov"), "avi": ("avi",), "mpegts": ("ts",), "gif": ("gif",)}

_EARLY = Fraction(1, 4)  # s before the promised end at which a last frame is early


@dataclass(frozen=True)
class Checked:
    """What was found."""

    source: Path
    output: Path
    findings: tuple[Finding, ...]
    verdict: str  # one line: what was found equal, or how much differs
    frames: int  # in the output
    decoded: bool  # whether they were decoded, too

    @property
    def verified(self) -> bool:
        """Whether nothing differs but what painting is known to change."""
        return all(finding.expected for finding in self.findings)


def check(source: Path, output: Path, part: Part | None = None, *, decode: bool = False) -> Checked:
    """Compare two films.

    Args:
        source: the film as it was before it was painted.
        output: the painted film.
        part: what of the source was painted; None: all of it.
        decode: decode the output, too.

    Raises:
        InputError: one of them can't be read, or is of a kind that is not written here.
        UsageError: they are one file, or there is no such part.
    """
    for film in (source, output):
        if why_not := paths.why_no_file(film):
            raise InputError(f"{film}: {why_not}")
    if source.samefile(output):
        raise UsageError(f"{output}: is the input itself; give the painted film")
    try:
        container = _kind(output)
        with open_output(output, container) as opened:
            return _check(source, output, part or Part(), container, opened, decode=decode)
    except (OSError, av.FFmpegError) as error:
        raise InputError(f"{output}: can't be read ({error.strerror})") from error


def _check(
    source: Path, output: Path, part: Part, container: Container, opened: InputContainer, *, decode: bool
) -> Checked:
    film = track_choice.choose(opened, output)
    with open_output(output, container) as again:
        wanted = expect(source, part, output, container, again, again.streams.video[_place(opened, film)])
    read = wanted.quick_times() or wanted.sure_times()
    comparison = Comparison(output, wanted.report, read, opened, wanted.carried.prints)
    if any(comparison.frames()):
        comparison.read = wanted.sure_times()
    found = [
        *_early_end(opened, comparison),
        *comparison.findings(),
        *_labels(wanted, opened, comparison),
        *_shape(wanted, output, comparison),
    ]
    undecoded = list(_undecoded(output, container, opened, comparison)) if decode else []
    found += undecoded
    found += [Finding("file", note, expected=True) for note in wanted.notes]
    bad = sum(not finding.expected for finding in found)
    verdict = f"not verified: {counted(bad, 'difference')}" if bad else comparison.summary()
    if decode and not bad and not undecoded:
        verdict += ", all of it decoded"
    return Checked(source, output, tuple(found), verdict, len(comparison.times), decode)


def _undecoded(
    output: Path, container: Container, opened: InputContainer, comparison: Comparison
) -> Iterator[Finding]:
    """What can't be decoded; where that was copied it is as it was."""
    if comparison.film is None:
        return
    copies = comparison.copies()
    with open_output(output, container) as fresh:
        pictures = fresh.streams.video[_place(opened, comparison.film)]
        for finding in decoding.findings(fresh, pictures, comparison.times):
            if finding.stream in copies:
                yield replace(finding, what=f"{finding.what}; so it is in the input", expected=True)
            else:
                yield finding


def _early_end(opened: InputContainer, comparison: Comparison) -> Iterator[Finding]:
    """Say that the file was cut off, where its last frames are missing and its header promises more.

    Where sound or text goes on to that end, only frames are missing.
    """
    film, times, read = comparison.film, comparison.times, comparison.read
    if film is None or len(times) >= len(read.times) or not opened.duration:
        return
    end = (times[-1] if times else 0) * Fraction(film.time_base or 1)
    wanted = (read.times[-1] - read.shift) * read.time_base
    promised = Fraction((opened.start_time or 0) + opened.duration, av.time_base)
    if wanted > end and promised > max(end, comparison.others_end()) + _EARLY:
        what = f"its last frame is at {float(end):.3f} s, but its header promises {float(promised):.3f} s"
        yield Finding("file", what, film.index, end)


def _kind(output: Path) -> Container:
    """The container, by what the file is; its name tells mov from mp4 and webm from mkv, if it may be so.

    Raises:
        InputError: none of those that are written here, or it holds what FFmpeg doesn't write to such a one.
    """
    with open_media(output) as opened:
        demuxer = opened.format.name.split(",")[0]
        extension = output.suffix.lower().removeprefix(".")
        kinds = _KINDS.get(demuxer, ())
        if extension in CONTAINERS and _is_read_by(CONTAINERS[extension], demuxer):
            kinds = (extension, *kinds)
        if not kinds:
            raise InputError(f"{output}: is a file of {demuxer}, which nobody here writes")
        film = track_choice.choose(opened, output)
        for kind in kinds:
            if _holds(CONTAINERS[kind], film):
                return CONTAINERS[kind]
        codec = streams.codec_name(film)
        raise InputError(f"{output}: can't be checked, as FFmpeg doesn't write {codec} to {kinds[-1]}")


def _is_read_by(container: Container, demuxer: str) -> bool:
    if container.is_picture:
        return demuxer in PICTURES
    return demuxer == {"mp4": "mov", "webm": "matroska"}.get(container.muxer, container.muxer)


def _holds(container: Container, film: VideoStream) -> bool:
    """Whether FFmpeg writes such a stream to it; some muxers say so only at the header."""
    if container.only == frozenset({streams.codec_name(film)}):
        return True  # a GIF's muxer asks for more than is known of a stream that was read
    try:
        with av.open(io.BytesIO(), "w", format=container.muxer) as trial:
            trial.add_stream_from_template(film, opaque=True)
            trial.start_encoding()
    except (ValueError, av.FFmpegError):
        return False
    return True


def _place(container: InputContainer, film: av.VideoStream) -> int:
    """Which of the file's pictures a stream is."""
    return [s.index for s in container.streams.video].index(film.index)


def _labels(wanted: Expectation, opened: InputContainer, comparison: Comparison) -> Iterator[Finding]:
    yield from labels.tags("the film", labels.kept(wanted.carried.tags), labels.kept(opened.metadata), None)
    if comparison.film is not None and (held := wanted.carried.labels.get(wanted.carried.film)) is not None:
        found = labels.Labels.of(comparison.film)
        yield from labels.streams_differ("the picture", held, found, comparison.film.index)
    for carried, stream in comparison.pairs:
        if (held := wanted.carried.labels.get(carried.index)) is not None:
            yield from labels.streams_differ(carried.name, held, labels.Labels.of(stream), stream.index)
    if wanted.report.container.chapters:
        yield from labels.chapters(wanted.chapters, opened.chapters())


def _shape(wanted: Expectation, output: Path, comparison: Comparison) -> Iterator[Finding]:
    if comparison.film is None or not wanted.report.container.streams:
        return
    with FilmSource(
        wanted.path, start=wanted.part.start, track=wanted.part.track, upright=wanted.coding.upright
    ) as whole:
        signal = whole.signal
    size = (
        (signal.width, signal.height) if wanted.coding.upright else (signal.coded_width, signal.coded_height)
    )
    yield from shape.differences(comparison.film, _turned(output), wanted.coding, size)


def _turned(path: Path) -> Orientation:
    decoder = FilmDecoder(path, start=None, duration=None)
    try:
        first = next(decoder.frames(), None)
        return (
            Orientation() if first is None else display_matrix.orientation(display_matrix.of_picture(first))
        )
    finally:
        decoder.close()
