"""How pictures must be coded for an encoder so that least of the source is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

from av.codec import Codec
from av.video.format import VideoFormat

from stylize_video.errors import UnknownFormatError
from stylize_video.pipeline.frames import UNSPECIFIED, ColorTags

_SAMPLINGS = {"444": (1, 1), "440": (1, 2), "422": (2, 1), "420": (2, 2), "411": (4, 1), "410": (4, 4)}
_PLANAR = re.compile(r"yuvj?(4\d\d)p(\d*)(?:le)?")
_FIXED = {"gif": "rgb24", "libwebp": "bgra", "png": "rgb24"}  # encoders that take RGB
_EVEN = ("libx264", "libx265", "h264_nvenc", "hevc_nvenc")  # sizes in whole chroma samples


def choose_pixel_format(encoder: str, source: str, bit_depth: int, width: int = 2, height: int = 2) -> str:
    """The pixel format for `encoder` that loses least of a `source` of `bit_depth` bits.

    The same subsampling and depth where the encoder has them, without alpha. Grey becomes 4:2:0,
    as a painting has colours; RGB becomes 4:4:4. H.264 and H.265 can't cut a chroma sample in
    two, so odd sizes (px) take the next finer subsampling.

    Raises:
        UnknownFormatError: the encoder takes no format that is known here.
    """
    if encoder == "png" and bit_depth > 8:
        return "rgb48be"
    if encoder in _FIXED:
        return _FIXED[encoder]
    across, down = _subsampling(source)
    best: tuple[tuple[int, ...], str] | None = None
    for name, (x, y), depth in _planar_formats(encoder):
        if encoder in _EVEN and (width % x or height % y):
            continue
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


def output_color(color: ColorTags, pixel_format: str, encoder: str, height: int) -> ColorTags:
    """How pictures in `pixel_format` must be coded, and are labelled, for a source of `color`.

    RGB has no matrix; JPEG is BT.601 at full range by definition; and YUV made of an RGB source
    (matrix code 0) takes BT.709 from 720 lines up, else BT.601.
    """
    if VideoFormat(pixel_format).is_rgb:
        return ColorTags(0, 2, color.primaries, color.transfer)
    if encoder == "mjpeg":
        return ColorTags(5, 2, UNSPECIFIED, UNSPECIFIED)
    if color.matrix == 0:
        return color._replace(matrix=1 if height >= 720 else 6)
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
