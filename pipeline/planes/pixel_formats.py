"""How pictures must be coded for an encoder so that least of the source is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

import av
from av.codec import Codec
from av.video.format import VideoFormat

from stylize_video.errors import UnknownFormatError
from stylize_video.pipeline.planes import color as colors
from stylize_video.pipeline.signal import UNSPECIFIED, ColorTags

_SAMPLINGS = {"444": (1, 1), "440": (1, 2), "422": (2, 1), "420": (2, 2), "411": (4, 1), "410": (4, 4)}
_PLANAR = re.compile(r"yuvj?(4\d\d)p(\d*)(?:le)?")
_FIXED = {"gif": "rgb24", "libwebp": "bgra", "png": "rgb24"}  # encoders that take RGB
_EVEN = ("libx264", "libx265", "h264_nvenc", "hevc_nvenc")  # sizes in whole chroma samples
# What is made to be played; of these, players take 4:2:0 and hardly anything else.
_PLAYED = frozenset({*_EVEN, "libvpx", "libvpx-vp9", "libsvtav1", "av1_nvenc"})


def choose_pixel_format(encoder: str, source: str, bit_depth: int, wanted: str | None = None) -> str:
    """The pixel format for `encoder`: as wanted, or one that loses little of a `source` of `bit_depth` bits.

    The same subsampling and depth where the encoder has them, without alpha. Grey becomes 4:2:0,
    as a painting has colours; so does RGB where the film is made to be played, and 4:4:4 elsewhere.

    Raises:
        UnknownFormatError: the encoder takes no format that is known here, or not the one that is wanted.
    """
    if wanted is not None:
        return _checked(encoder, wanted)
    if encoder == "png" and bit_depth > 8:
        return "rgb48be"
    if encoder in _FIXED:
        return _FIXED[encoder]
    across, down = (2, 2) if reduces_chroma(encoder, source) else _subsampling(source)
    best: tuple[tuple[int, ...], str] | None = None
    for name, (x, y), depth in _planar_formats(encoder):
        loss = (
            max(x // across, 1) * max(y // down, 1),
            max(bit_depth - depth, 0),
            max(across // x, 1) * max(down // y, 1),
            max(depth - bit_depth, 0),
            # "yuvj" says full range a second time; only JPEG insists on it
            int(("yuvj" in name) != (encoder == "mjpeg")),
        )
        if best is None or (loss, name) < best:
            best = (loss, name)
    if best is None:
        raise UnknownFormatError(f"{encoder} takes no planar YUV; use another codec")
    return best[1]


def _checked(encoder: str, wanted: str) -> str:
    """The user's own choice, if the encoder takes it and pictures can be made so."""
    names = [kind.name for kind in Codec(encoder, "w").video_formats or ()]
    known = [name for name in names if encoder != "gif" and (_PLANAR.fullmatch(name) or _is_opaque_rgb(name))]
    for name in (wanted, f"{wanted}le"):
        if name in known:
            return name
    taken = ", ".join(known) or "its own; leave `pixel_format` out"
    raise UnknownFormatError(f"{encoder} has no pixel format {wanted!r}; it takes {taken}")


def check_pixel_format(encoder: str, wanted: str | None) -> None:
    """Check that `encoder` takes the format (None: not asked for).

    Raises:
        UnknownFormatError: it doesn't.
    """
    if wanted is not None:
        _checked(encoder, wanted)


def _is_opaque_rgb(name: str) -> bool:
    kind = VideoFormat(name)
    return kind.is_rgb and not kind.has_palette and len(kind.components) == 3 and kind.components[0].bits >= 8


def reduces_chroma(encoder: str, source: str) -> bool:
    """Whether colours are stored coarser than in a source of RGB, as players take only that."""
    kind = VideoFormat(source)
    return encoder in _PLAYED and (kind.is_rgb or kind.has_palette)


def has_whole_chroma(encoder: str) -> bool:
    """Whether the encoder takes yuv444p."""
    return any(kind.name == "yuv444p" for kind in Codec(encoder, "w").video_formats or ())


def coded_size(
    encoder: str, pixel_format: str, width: int, height: int, *, fields: bool = False
) -> tuple[int, int]:
    """The size (px) that is encoded for such pictures, where each of two `fields` may have to be whole.

    H.264 and H.265 can't cut a chroma sample in two.
    """
    if encoder not in _EVEN:
        return width, height
    across, down = _subsampling(pixel_format)
    down *= 1 + fields
    return -(-width // across) * across, -(-height // down) * down


def padded(picture: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """A planar picture with its last column and row repeated up to that size (px); itself if it has it."""
    if (picture.width, picture.height) == (width, height):
        return picture
    target = av.VideoFrame(width, height, picture.format.name)
    target.duration = picture.duration
    colors.copy_labels(picture, target)
    for mine, theirs in zip(colors.planes_of(target), colors.planes_of(picture), strict=True):
        rows, columns = theirs.shape
        mine[:rows, :columns] = theirs
        mine[:rows, columns:] = theirs[:, -1:]
        mine[rows:] = mine[rows - 1]
    return target


def output_color(color: ColorTags, pixel_format: str, encoder: str, height: int) -> ColorTags:
    """How pictures in `pixel_format` must be coded, and are labelled, for a source of `color`.

    RGB has no matrix; JPEG is BT.601 at full range by definition; and YUV made of an RGB source
    (matrix code 0) takes BT.709 from 720 lines up, else BT.601, and the limited range that players expect.
    """
    if VideoFormat(pixel_format).is_rgb:
        return ColorTags(0, 2, color.primaries, color.transfer)
    if encoder == "mjpeg":
        return ColorTags(5, 2, UNSPECIFIED, UNSPECIFIED)
    if color.matrix == 0:
        return color._replace(matrix=1 if height >= 720 else 6, range=colors.LIMITED)
    return color


def chroma_is_halved(pixel_format: str) -> bool:
    """Whether a format stores one chroma sample for four pixels, or fewer."""
    across, down = _subsampling(pixel_format)
    return across * down >= 4


def _subsampling(source: str) -> tuple[int, int]:
    """Luma samples per chroma sample, across and down."""
    kind = VideoFormat(source)
    if kind.is_rgb or kind.has_palette:
        return 1, 1
    if len(kind.components) < 3:
        return 2, 2
    return 64 // kind.chroma_width(64), 64 // kind.chroma_height(64)


def _planar_formats(encoder: str) -> Iterator[tuple[str, tuple[int, int], int]]:
    """Name, subsampling and bit depth of each planar YUV format without alpha that it takes."""
    for kind in Codec(encoder, "w").video_formats or ():
        if kind.name == "p010le":  # NVENC's own name for 4:2:0 at 10 bits
            yield kind.name, (2, 2), 10
        elif match := _PLANAR.fullmatch(kind.name):
            yield kind.name, _SAMPLINGS[match[1]], int(match[2] or 8)
