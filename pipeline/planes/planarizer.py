"""Decoded frames as planes of one size, format and orientation."""

from __future__ import annotations

from collections.abc import Callable

import av
from av.video.reformatter import VideoReformatter

from stylize_video.pictures.orientation import Orientation
from stylize_video.pipeline.planes import color, letterbox


class Planarizer:
    """Decoded frames -> planes of one size and one of `planar_format`'s formats.

    The values of luma and chroma stay as they are unless the frame is scaled, or HDR.

    Args:
        pixel_format: of the planes.
        width, height: px, of the planes before they are turned.
        orientation: how they are turned and mirrored then.
        fit: the size (px) for a decoded frame, which may be smaller; then there are black bars around it.
    """

    def __init__(
        self,
        pixel_format: str,
        width: int,
        height: int,
        *,
        orientation: Orientation | None = None,
        fit: Callable[[av.VideoFrame], tuple[int, int]] | None = None,
    ) -> None:
        self.pixel_format = pixel_format
        self.width = width
        self.height = height
        self._orientation = orientation or Orientation()
        self._fit = fit or (lambda _: (width, height))
        self._turnable = color.turnable_format(pixel_format, width, height, self._orientation)
        self._reformatter, self._after_turning = VideoReformatter(), VideoReformatter()
        self._tone_mapper: color.ToneMapper | None = None

    def __call__(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Convert one decoded frame; the result may be the frame itself."""
        if color.is_hdr(color.tags_of(picture)):
            if self._tone_mapper is None or not self._tone_mapper.takes(picture):
                self._tone_mapper = color.ToneMapper(picture)
            picture = self._tone_mapper(picture)
        if color.is_grey(picture.format.name):
            picture = _grey_to_planar(picture, self.pixel_format)
        name = picture.format.name.replace("yuvj", "yuv")  # the same planes
        size = self._fit(picture)
        if (name, picture.width, picture.height) != (self._turnable, *size):
            picture = self._reformat(self._reformatter, picture, *size, self._turnable)
        if size != (self.width, self.height):
            picture = letterbox.around(picture, self.width, self.height)
        picture = turned(picture, self._orientation)
        if self._turnable != self.pixel_format:
            shape = (picture.width, picture.height)
            picture = self._reformat(self._after_turning, picture, *shape, self.pixel_format)
        return picture

    def _reformat(
        self,
        reformatter: VideoReformatter,
        picture: av.VideoFrame,
        width: int,
        height: int,
        pixel_format: str,
    ) -> av.VideoFrame:
        tags = color.tags_of(picture)
        matrix = color.SWSCALE_MATRIX[color.matrix_of(tags, picture.height)]
        source_range = color.effective_range(picture.format.name, tags)
        return reformatter.reformat(
            picture,
            width=width,
            height=height,
            format=pixel_format,
            src_colorspace=matrix,
            src_color_range=source_range,
            dst_colorspace=matrix,
            dst_color_range=color.FULL if color.is_rgb(pixel_format) else source_range,
            interpolation=color.FLAGS,
        )


def turned(planes: av.VideoFrame, orientation: Orientation) -> av.VideoFrame:
    """Planes turned and mirrored; in a `turnable_format`."""
    if orientation == Orientation():
        return planes
    name = planes.format.name
    size = (planes.height, planes.width) if orientation.turns % 2 else (planes.width, planes.height)
    target = av.VideoFrame(*size, name)
    color.copy_labels(planes, target)
    samples = 3 if color.is_rgb(name) else 1
    for mine, theirs in zip(color.planes_of(target), color.planes_of(planes), strict=True):
        pixels = theirs.reshape(len(theirs), -1, samples)
        mine[...] = orientation.upright(pixels).reshape(mine.shape)
    return target


def _grey_to_planar(picture: av.VideoFrame, pixel_format: str) -> av.VideoFrame:
    """Grey with neutral chroma, done by hand: libswscale takes all grey as full range."""
    depth = color.bit_depth(pixel_format)
    grey = picture.reformat(format="gray" if depth <= 8 else f"gray{depth}le").to_ndarray()
    target = av.VideoFrame(picture.width, picture.height, pixel_format)
    color.copy_labels(picture, target)
    luma, *chroma = color.planes_of(target)
    luma[...] = grey
    for plane in chroma:
        plane[...] = 1 << (depth - 1)
    return target
