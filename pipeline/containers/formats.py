"""What can be written: containers by extension, codecs by name.

Knows FFmpeg's encoders and muxers, opens no file and needs no torch.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import av
from av.codec import Codec

from stylize_video.errors import UnknownFormatError, UsageError
from stylize_video.process import processor

# No shift of negative times (sound that starts with a decoder's priming, B-frames): FFmpeg's
# default moves the whole film instead, so that frame times no longer equal the source's.
_AS_IS = {"avoid_negative_ts": "disabled"}
# "infer" would mark a first track as default which the source did not mark.
_MATROSKA = {**_AS_IS, "default_mode": "passthrough"}


@dataclass(frozen=True)
class Container:
    """A file format: FFmpeg's muxer for it and what it can hold."""

    muxer: str
    codec: str  # default encoder
    options: Mapping[str, str] = field(default_factory=dict)
    only: frozenset[str] | None = None  # encoders allowed; None: ask FFmpeg
    b_frames: bool = True  # whether decoding order may differ from presentation order
    negative: bool = True  # whether times below 0 can be held, such as a sound decoder's priming
    strict: bool = True  # whether no two packets of a stream may have the same decoding time
    chapters: bool = False
    tags: frozenset[str] | None = None  # film tags that have a place, lower case; None: any
    rotation: bool = False  # whether a display matrix can be written
    color: bool = False  # whether the container itself, not only the codec, holds colour tags
    constant_rate: bool = False  # whether times lie on a grid of 1 / rate
    streams: bool = True  # whether other streams than the picture fit
    is_picture: bool = False

    @property
    def name(self) -> str:
        """What people call it."""
        return {"matroska": "mkv", "mpegts": "ts", "image2pipe": "a picture"}.get(self.muxer, self.muxer)


def _picture(codec: str, muxer: str = "image2pipe") -> Container:
    return Container(
        muxer,
        codec,
        only=frozenset({codec}),
        b_frames=False,
        tags=frozenset(),
        streams=False,
        is_picture=True,
    )


_ASPECT_CODECS = frozenset({"libx264", "libx265", "h264_nvenc", "hevc_nvenc", "mpeg4"})
_FIELD_CODECS = frozenset({"libx264", "mpeg2video", "mpeg4", "prores_ks", "ffv1"})
# RIFF's INFO list, as far as FFmpeg knows it
_AVI_TAGS = frozenset(
    {"artist", "comment", "copyright", "date", "genre", "language", "title", "album", "track"}
)
_MP4 = Container("mp4", "libx264", chapters=True, rotation=True, color=True)
CONTAINERS: Mapping[str, Container] = {
    "mp4": _MP4,
    "m4v": _MP4,
    "mov": Container("mov", "libx264", chapters=True, rotation=True, color=True),
    "mkv": Container(
        "matroska", "libx264", _MATROSKA, strict=False, chapters=True, rotation=True, color=True
    ),
    "webm": Container(
        "webm",
        "libvpx-vp9",
        _MATROSKA,
        frozenset({"libvpx-vp9", "libvpx", "libsvtav1", "av1_nvenc"}),
        strict=False,
        chapters=True,
        rotation=True,
        color=True,
    ),
    # AVI has no presentation times at all: frame n is shown at n / rate.
    "avi": Container(
        "avi", "libx264", _AS_IS, b_frames=False, negative=False, tags=_AVI_TAGS, constant_rate=True
    ),
    "gif": Container("gif", "gif", only=frozenset({"gif"}), b_frames=False, tags=frozenset(), streams=False),
    # Without B-frames no decoding time lies below 0, where a transport stream's clock wraps.
    "ts": Container(
        "mpegts",
        "libx264",
        _AS_IS,
        frozenset({"libx264", "libx265", "h264_nvenc", "hevc_nvenc", "mpeg2video"}),
        b_frames=False,
        negative=False,
        tags=frozenset(),
    ),
    "png": _picture("png"),
    "jpg": _picture("mjpeg"),
    "jpeg": _picture("mjpeg"),
    "webp": _picture("libwebp"),
}

CODECS: Mapping[str, str] = {
    "h264": "libx264",
    "h265": "libx265",
    "hevc": "libx265",
    "av1": "libsvtav1",
    "vp8": "libvpx",
    "vp9": "libvpx-vp9",
    "prores": "prores_ks",
    "mpeg4": "mpeg4",
    "ffv1": "ffv1",
    "jpeg": "mjpeg",
    "webp": "libwebp",
}

_X26X_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast",
    "medium", "slow", "slower", "veryslow", "placebo",
)  # fmt: skip


@dataclass(frozen=True)
class Quality:
    """How an encoder takes its quality and its speed."""

    crf: int  # default, about equal to the eye
    worst: int  # highest crf
    presets: tuple[str, ...]
    preset: str  # default
    preset_option: str = "preset"
    fixed: Mapping[str, str] = field(default_factory=dict)
    # Added unless a preset is given, and for large frames:
    usual: Mapping[str, str] = field(default_factory=dict)
    large: Mapping[str, str] = field(default_factory=dict)
    # In their place and that of the preset, where it need not be good but soon:
    draft: Mapping[str, str] = field(default_factory=dict)


_LARGE_FRAME = 2560 * 1440  # px; more than that is `large`
QUALITY: Mapping[str, Quality] = {
    # veryfast at 17 looks like medium at 18 and takes less than half of the time, which on a few cores is
    # the painter's. Trellis takes a fifth more, and keeps a third of the strokes' faint colours that are lost
    # without it. Adaptive quantisation saves on what is rough for what is flat, and a painting is rough all
    # over. With half of it files are 5 to 20 % larger and have up to a sixth less squared error, 1 to 9 %
    # less than with as many bytes by a lower CRF; a steadied film flickers by 1 to 2 % less.
    # A 4K frame looked ahead to takes 25 MB.
    "libx264": Quality(
        17,
        51,
        _X26X_PRESETS,
        "veryfast",
        usual={"trellis": "1", "aq-strength": "0.5"},
        large={"rc-lookahead": "5"},
        # Half the time, 2 dB less and a seventh more bytes; ultrafast saves a third of that, and has files
        # of almost three times the size.
        draft={"preset": "superfast", "aq-strength": "0.5"},
    ),
    # x265 and SVT-AV1 write to stderr on their own account.
    "libx265": Quality(
        20,
        51,
        _X26X_PRESETS,
        "medium",
        fixed={"x265-params": "log-level=none"},
        draft={"preset": "superfast"},
    ),
    "libsvtav1": Quality(24, 63, tuple(map(str, range(14))), "8", draft={"preset": "12"}),
    "libvpx-vp9": Quality(
        24,
        63,
        tuple(map(str, range(9))),
        "4",
        "cpu-used",
        {"row-mt": "1", "deadline": "good"},
        draft={"cpu-used": "5"},
    ),
    "libvpx": Quality(
        10, 63, tuple(map(str, range(17))), "4", "cpu-used", {"deadline": "good"}, draft={"cpu-used": "5"}
    ),
}


def check_output(path: Path, codec: str | None = None) -> tuple[Container, str]:
    """The container for `path` and FFmpeg's encoder for `codec` (None: the container's own).

    Raises:
        UnknownFormatError: no such extension or codec, or the one can't hold the other.
    """
    extension = path.suffix.lower().removeprefix(".")
    container = CONTAINERS.get(extension)
    if container is None:
        what = f'no format ".{extension}" here' if extension else "the name has no extension"
        raise UnknownFormatError(f"{path.name}: {what}; use one of {', '.join(CONTAINERS)}")
    encoder = container.codec if codec is None else _encoder(codec)
    if encoder not in _held(extension):
        held = [name for name, other in CODECS.items() if other in _held(extension)]
        raise UnknownFormatError(
            f"{path.name}: {extension} can't hold {codec}; use "
            f"{'one of ' + ', '.join(held) if held else container.codec} or another extension"
        )
    return container, encoder


def check_quality(encoder: str, crf: int | None, preset: str | None) -> None:
    """Check that `encoder` knows `crf` and `preset` (None: not asked for).

    Raises:
        UsageError: out of range, unknown, or the encoder has no such setting.
    """
    quality = QUALITY.get(encoder)
    if quality is None:
        if crf is not None or preset is not None:
            what = "`crf`" if crf is not None else "`preset`"
            raise UsageError(f"{encoder} has no {what}; leave it out or take another codec")
        return
    if crf is not None and not 0 <= crf <= quality.worst:
        raise UsageError(f"crf {crf} is out of range: {encoder} takes 0 to {quality.worst}")
    if preset is not None and preset not in quality.presets:
        raise UsageError(f'no preset "{preset}": {encoder} takes {", ".join(quality.presets)}')


def encoder_options(
    encoder: str, crf: int | None, preset: str | None, pixels: int = 0, *, draft: bool = False
) -> dict[str, str]:
    """FFmpeg options for `encoder`, with the defaults filled in; empty if it has no such settings.

    Args:
        encoder: by FFmpeg's name.
        crf, preset: as they are asked for; None: not asked for.
        pixels: of a frame.
        draft: whether it need not be good, but soon; a preset that is asked for wins.
    """
    quality = QUALITY.get(encoder)
    if quality is None:
        return {}
    made = {
        **quality.fixed,
        **_repeatable(encoder),
        "crf": str(quality.crf if crf is None else crf),
        quality.preset_option: quality.preset if preset is None else preset,
    }
    if preset is not None:
        return made
    if draft and quality.draft:
        return {**made, **quality.draft}
    return {**made, **quality.usual, **(quality.large if pixels > _LARGE_FRAME else {})}


def _repeatable(encoder: str) -> dict[str, str]:
    """What makes an encoder give the same for the same pictures.

    With AVX-512 x264 0.165 reads memory that it never wrote, where macroblock trees meet B-frames. Without it
    takes no longer.
    """
    if encoder == "libx264" and "avx512bw" in processor.flags():
        return {"x264-params": "asm=AVX2"}
    return {}


def _encoder(codec: str) -> str:
    name = CODECS.get(codec.lower(), codec.lower())
    try:
        if Codec(name, "w").type == "video":
            return name
    except ValueError:
        pass
    raise UnknownFormatError(
        f'no codec "{codec}" here; use one of {", ".join(CODECS)} or an encoder of FFmpeg'
    )


@cache
def _held(extension: str) -> frozenset[str]:
    """Names of the encoders whose output fits into files of that extension."""
    container = CONTAINERS[extension]
    if container.only is not None:
        return container.only
    with av.open(io.BytesIO(), "w", format=container.muxer) as muxer:
        return frozenset(muxer.supported_codecs)


def codec_tag(container: Container, encoder: str) -> str | None:
    """The name of four letters that a stream needs for players to take it; None: the muxer's choice is right.

    QuickTime, iOS and Safari play H.265 by "hvc1" only; FFmpeg writes "hev1".
    """
    is_hevc = encoder in ("libx265", "hevc_nvenc")
    return "hvc1" if is_hevc and container.muxer in ("mp4", "mov") else None


def holds_fields(encoder: str) -> bool:
    """Whether interlaced frames can be labelled so."""
    return encoder in _FIELD_CODECS


def field_options(encoder: str, first: str) -> dict[str, str]:
    """Options for an encoder of interlaced frames; `first`: "tff" or "bff".

    In the words of FFmpeg's containers "tb" and "bt" are woven fields, the top or the bottom one shown first.
    """
    options = {"flags": "+ildct+ilme", "field_order": "tb" if first == "tff" else "bt"}
    return options | ({"x264-params": f"{first}=1"} if encoder == "libx264" else {})


def holds_aspect(container: Container, encoder: str) -> bool:
    """Whether samples that are not square can be labelled so.

    MP4 does it itself. So could Matroska, but PyAV has no way to tell FFmpeg's muxer; there it
    takes a codec whose own bitstream says it.
    """
    return container.muxer in ("mp4", "mov") or encoder in _ASPECT_CODECS
