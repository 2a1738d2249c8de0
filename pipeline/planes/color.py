"""Between stored planes and RGB pixels: by the film's own matrix and range, never by a guess.

libswscale does the arithmetic; this module tells it what the pixels are. Where a file says nothing,
the matrix is BT.709 from 720 lines up and BT.601 below, which is what players assume.
"""

from __future__ import annotations

from typing import Any, cast

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from stylize_video.pictures.arrays import Pixels
from stylize_video.pictures.orientation import Orientation
from stylize_video.pipeline.signal import ColorTags

LIMITED, FULL = 1, 2
BT709, BT601 = 1, 6
_PQ, _HLG = 16, 18
_HD_LINES = 720
SDR_FORMAT = "yuv420p"  # what HDR becomes: players take SDR in 8 bits

# ISO/IEC 23091-2 matrix codes -> libswscale's SWS_CS_*. Constant-luminance BT.2020 (10) is taken as
# the other one, as every player does. YCgCo and the rest libswscale does not know.
SWSCALE_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}

# Without these, libswscale rounds carelessly and takes every second chroma sample as it is.
# Not bilinear: with 48-bit RGB it returns garbage (libswscale 9.5).
FLAGS = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)


def tags_of(picture: av.VideoFrame) -> ColorTags:
    """What a decoded frame says of its own colours."""
    return ColorTags(
        int(picture.colorspace),
        int(picture.color_range),
        int(picture.color_primaries),
        int(picture.color_trc),
    )


def copy_labels(source: av.VideoFrame, target: av.VideoFrame) -> None:
    """Give `target` the time and the colour tags of `source`."""
    target.pts = source.pts
    if source.time_base is not None:
        target.time_base = source.time_base
    target.colorspace, target.color_range = source.colorspace, source.color_range
    target.color_primaries, target.color_trc = source.color_primaries, source.color_trc


def is_hdr(tags: ColorTags) -> bool:
    """Whether the transfer function is PQ or HLG (ITU-R BT.2100)."""
    return tags.transfer in (_PQ, _HLG)


def is_rgb(pixel_format: str) -> bool:
    """Whether a pixel format holds RGB (or a palette of it) rather than luma and chroma."""
    return av.VideoFormat(pixel_format).is_rgb or pixel_format == "pal8"


def is_grey(pixel_format: str) -> bool:
    """Whether a pixel format holds luma alone."""
    return pixel_format.startswith(("gray", "ya8", "ya16", "mono"))


def bit_depth(pixel_format: str) -> int:
    """Bits a component."""
    return max((component.bits for component in av.VideoFormat(pixel_format).components), default=8)


def planar_format(pixel_format: str) -> str:
    """The format frames are kept in: planar luma and chroma of the same sampling and depth, or RGB.

    Alpha is left out, interleaved chroma is pulled apart, grey gains neutral chroma.
    """
    depth = bit_depth(pixel_format)
    if is_rgb(pixel_format):
        return "rgb24" if depth <= 8 else "rgb48le"
    suffix = "" if depth <= 8 else f"{min(depth, 16)}le"
    if is_grey(pixel_format):
        return "yuv420p" + suffix
    layout = av.VideoFormat(pixel_format)
    across = layout.chroma_width(64)
    down = layout.chroma_height(64)
    sampling = {(64, 64): "444", (32, 64): "422", (32, 32): "420", (64, 32): "440"}
    sampling |= {(16, 64): "411", (16, 16): "410"}
    name = f"yuv{sampling.get((across, down), '444')}p{suffix}"
    try:
        av.VideoFormat(name)
    except ValueError:  # a rare pairing of sampling and depth: keep all of both
        return "yuv444p16le"
    return name


def turnable_format(pixel_format: str, width: int, height: int, orientation: Orientation) -> str:
    """The nearest format in which planes of that size (px) can be turned, sample by sample.

    Chroma must be shared alike across and down for quarter turns, and lie alike from both ends.
    """
    if is_rgb(pixel_format) or orientation == Orientation():
        return pixel_format
    layout = av.VideoFormat(pixel_format)
    across, down = 64 // layout.chroma_width(64), 64 // layout.chroma_height(64)
    if (orientation.turns % 2 and across != down) or width % across or height % down:
        return pixel_format.replace(pixel_format[3:6], "444", 1)
    return pixel_format


class ColorConverter:
    """Between the planes of one film and upright RGB.

    Not for two threads at once: it keeps libswscale's contexts.

    Args:
        color: how the source's planes are coded.
        coded_height: px; decides between BT.709 and BT.601 where `color` says nothing.
        quarter_turns: anticlockwise turns that bring stored planes upright.
        output: how the planes that are made are coded; by default as the source's.
    """

    def __init__(
        self,
        color: ColorTags,
        coded_height: int,
        quarter_turns: int = 0,
        *,
        output: ColorTags | None = None,
    ) -> None:
        self._source = color
        self._output = output or color
        self._height = coded_height
        self._turns = quarter_turns
        self._to_rgb = VideoReformatter()
        self._from_rgb = VideoReformatter()
        self._between = VideoReformatter()

    def pixels(self, planes: av.VideoFrame) -> Pixels:
        """Stored planes of the source -> upright (H, W, 3) RGB; uint16 from more than 8 bits."""
        name = "rgb48le" if bit_depth(planes.format.name) > 8 else "rgb24"
        rgb = self._reformat(self._to_rgb, planes, name)
        return np.ascontiguousarray(np.rot90(rgb.to_ndarray(), self._turns))

    def planes(self, pixels: Pixels, pixel_format: str) -> av.VideoFrame:
        """Upright RGB pixels -> planes of the output, in stored orientation."""
        stored = np.ascontiguousarray(np.rot90(pixels, -self._turns))
        name = "rgb48le" if stored.dtype == np.uint16 else "rgb24"
        picture = av.VideoFrame.from_ndarray(stored, format=name)
        return self._reformat(self._from_rgb, picture, pixel_format)

    def convert(self, planes: av.VideoFrame, pixel_format: str) -> av.VideoFrame:
        """Stored planes of the source -> planes of the output, in stored orientation.

        Planes that need no conversion are returned as they are.
        """
        alike = planes.format.name.replace("yuvj", "yuv") == pixel_format.replace("yuvj", "yuv")
        if alike and self._source[:2] == self._output[:2]:
            return planes
        return self._reformat(self._between, planes, pixel_format)

    def _reformat(
        self, reformatter: VideoReformatter, picture: av.VideoFrame, pixel_format: str
    ) -> av.VideoFrame:
        name = picture.format.name
        return reformatter.reformat(
            picture,
            format=pixel_format,
            src_colorspace=SWSCALE_MATRIX[matrix_of(self._source, self._height)],
            src_color_range=effective_range(name, self._source),
            dst_colorspace=SWSCALE_MATRIX[matrix_of(self._output, self._height)],
            dst_color_range=effective_range(pixel_format, self._output),
            interpolation=FLAGS,
        )


def matrix_of(tags: ColorTags, height: int) -> int:
    """The matrix of planes: the tag's, or where it says nothing, what players assume at that height."""
    if tags.matrix in SWSCALE_MATRIX:
        return tags.matrix
    return BT709 if height >= _HD_LINES else BT601


def effective_range(pixel_format: str, tags: ColorTags) -> int:
    """The range of planes: full for RGB and the old yuvj formats, else the tag's, else limited."""
    if is_rgb(pixel_format) or pixel_format.startswith("yuvj"):
        return FULL
    return tags.range or LIMITED


class ToneMapper:
    """HDR (PQ or HLG) -> BT.709 SDR in `SDR_FORMAT`, by libswscale's perceptual mapping.

    That is ITU-R BT.2390's curve from the film's own peak (its mastering metadata, else the transfer
    function's) down to SDR's, so highlights are rolled off rather than clipped. Only the filter can be
    told to do so.
    """

    def __init__(self, picture: av.VideoFrame) -> None:
        transfer = {_PQ: "smpte2084", _HLG: "arib-std-b67"}[tags_of(picture).transfer]
        self._graph = av.filter.Graph()
        source = self._graph.add(
            "buffer",
            f"video_size={picture.width}x{picture.height}:pix_fmt={picture.format.name}:"
            "time_base=1/1:colorspace=bt2020nc:range=tv",
        )
        scale = self._graph.add(
            "scale",
            f"in_transfer={transfer}:in_primaries=bt2020:out_transfer=bt709:out_primaries=bt709:"
            "out_color_matrix=bt709:out_range=tv:intent=perceptual",
        )
        pixels = self._graph.add("format", f"pix_fmts={SDR_FORMAT}")
        sink = self._graph.add("buffersink")
        for one, other in ((source, scale), (scale, pixels), (pixels, sink)):
            one.link_to(other)
        self._graph.configure()
        self._source, self._sink = source, sink
        self._kind = _kind(picture)

    def takes(self, picture: av.VideoFrame) -> bool:
        """Whether it was made for such frames."""
        return _kind(picture) == self._kind

    def __call__(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Convert one frame."""
        pts, picture.pts = picture.pts, None
        self._source.push(picture)
        mapped = cast(av.VideoFrame, self._sink.pull())
        mapped.pts = picture.pts = pts
        return mapped


def _kind(picture: av.VideoFrame) -> tuple[object, ...]:
    return picture.width, picture.height, picture.format.name, tags_of(picture).transfer


Samples = NDArray[Any]  # uint8 or uint16


def planes_of(picture: av.VideoFrame) -> list[Samples]:
    """Writable views of a picture's planes without padding: (H, W * samples a pixel) each."""
    layout = picture.format
    dtype = np.dtype(np.uint8 if bit_depth(layout.name) <= 8 else np.uint16)
    views = []
    for index, plane in enumerate(picture.planes):
        samples = sum(component.plane == index for component in layout.components)
        rows = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, -1)
        views.append(rows[:, : samples * plane.width])
    return views
