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

from stylize_video.pipeline.frames import ColorTags, Pixels

LIMITED, FULL = 1, 2
BT709, BT601 = 1, 6
_PQ, _HLG = 16, 18
_HD_LINES = 720
_WITH_ALPHA = ("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16")
SDR_FORMAT = "yuv420p10le"  # what HDR becomes

# ISO/IEC 23091-2 matrix codes -> libswscale's SWS_CS_*. Constant-luminance BT.2020 (10) is taken as
# the other one, as every player does. YCgCo and the rest libswscale does not know.
_SWSCALE_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}

# Without these, libswscale rounds carelessly and takes every second chroma sample as it is.
# Not bilinear: with 48-bit RGB it returns garbage (libswscale 9.5).
_FLAGS = (
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


def turnable_format(pixel_format: str) -> str:
    """The nearest format whose chroma is shared alike across and down, so that it can be turned."""
    sampling = pixel_format[3:6]
    return pixel_format.replace(sampling, "444", 1) if sampling in ("422", "440", "411") else pixel_format


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
            src_colorspace=_SWSCALE_MATRIX[matrix_of(self._source, self._height)],
            src_color_range=effective_range(name, self._source),
            dst_colorspace=_SWSCALE_MATRIX[matrix_of(self._output, self._height)],
            dst_color_range=effective_range(pixel_format, self._output),
            interpolation=_FLAGS,
        )


def matrix_of(tags: ColorTags, height: int) -> int:
    """The matrix of planes: the tag's, or where it says nothing, what players assume at that height."""
    if tags.matrix in _SWSCALE_MATRIX:
        return tags.matrix
    return BT709 if height >= _HD_LINES else BT601


def is_transparent(picture: av.VideoFrame) -> bool:
    """Whether any pixel of a frame is not opaque."""
    name = picture.format.name
    if name == "pal8" or not name.startswith(_WITH_ALPHA):
        return False
    return bool((picture.reformat(format="rgba").to_ndarray()[..., 3] < 255).any())


def effective_range(pixel_format: str, tags: ColorTags) -> int:
    """The range of planes: full for RGB and the old yuvj formats, else the tag's, else limited."""
    if is_rgb(pixel_format) or pixel_format.startswith("yuvj"):
        return FULL
    return tags.range or LIMITED


class Planarizer:
    """Decoded frames -> planes of one size and one of `planar_format`'s formats.

    The values of luma and chroma stay as they are unless the frame is scaled, or HDR.
    """

    def __init__(self, pixel_format: str, width: int, height: int, *, turns: int = 0) -> None:
        self.pixel_format = pixel_format
        self.width = width
        self.height = height
        self._turns = turns
        self._reformatter = VideoReformatter()
        self._tone_mapper: ToneMapper | None = None

    def __call__(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Convert one decoded frame; the result may be the frame itself."""
        if is_hdr(tags_of(picture)):
            self._tone_mapper = self._tone_mapper or ToneMapper(picture)
            picture = self._tone_mapper(picture)
        if is_grey(picture.format.name):
            picture = _grey_to_planar(picture, self.pixel_format)
        name = picture.format.name.replace("yuvj", "yuv")  # the same planes
        if (name, picture.width, picture.height) != (self.pixel_format, self.width, self.height):
            picture = self._reformat(picture)
        return turned(picture, self._turns)

    def _reformat(self, picture: av.VideoFrame) -> av.VideoFrame:
        tags = tags_of(picture)
        matrix = _SWSCALE_MATRIX[matrix_of(tags, picture.height)]
        source_range = effective_range(picture.format.name, tags)
        return self._reformatter.reformat(
            picture,
            width=self.width,
            height=self.height,
            format=self.pixel_format,
            src_colorspace=matrix,
            src_color_range=source_range,
            dst_colorspace=matrix,
            dst_color_range=FULL if is_rgb(self.pixel_format) else source_range,
            interpolation=_FLAGS,
        )


class ToneMapper:
    """HDR (PQ or HLG) -> BT.709 SDR, 10 bit 4:2:0, by libswscale's perceptual mapping.

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

    def __call__(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Convert one frame."""
        pts, picture.pts = picture.pts, None
        self._source.push(picture)
        mapped = cast(av.VideoFrame, self._sink.pull())
        mapped.pts = picture.pts = pts
        return mapped


def turned(planes: av.VideoFrame, turns: int) -> av.VideoFrame:
    """Planes turned by quarter turns anticlockwise. Chroma must be as wide as it is high, or RGB."""
    if turns == 0:
        return planes
    name = planes.format.name
    size = (planes.height, planes.width) if turns % 2 else (planes.width, planes.height)
    target = av.VideoFrame(*size, name)
    target.pts = planes.pts
    target.colorspace, target.color_range = planes.colorspace, planes.color_range
    samples = 3 if is_rgb(name) else 1
    for mine, theirs in zip(planes_of(target), planes_of(planes), strict=True):
        pixels = theirs.reshape(len(theirs), -1, samples)
        mine[...] = np.rot90(pixels, turns).reshape(mine.shape)
    return target


def _grey_to_planar(picture: av.VideoFrame, pixel_format: str) -> av.VideoFrame:
    """Grey with neutral chroma, done by hand: libswscale takes all grey as full range."""
    depth = bit_depth(pixel_format)
    grey = picture.reformat(format="gray" if depth <= 8 else f"gray{depth}le").to_ndarray()
    target = av.VideoFrame(picture.width, picture.height, pixel_format)
    target.pts = picture.pts
    target.colorspace, target.color_range = picture.colorspace, picture.color_range
    luma, *chroma = planes_of(target)
    luma[...] = grey
    for plane in chroma:
        plane[...] = 1 << (depth - 1)
    return target


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
