"""The painting and the original, mixed in the film's own planes.

Mixing happens where the film is stored, not in RGB: the conversion to RGB clips colours that no screen
shows and smooths chroma, so an original that went through it would not come back as it was. Luma and
chroma are affine in RGB, so a mix of planes is the mix of the pictures.
"""

from __future__ import annotations

import av
import cv2

from stylize_video.pipeline import color
from stylize_video.pipeline.color import ColorConverter, planes_of
from stylize_video.pipeline.frames import ColorTags, Frame, VideoInfo


class Compositor:
    """Painted frames -> pictures for the encoder.

    Args:
        info: the film.
        pixel_format: what the encoder wants.
        output: how the encoder's pictures are coded; by default as the film's.
        strength: how much of the painting, 0..1; the rest is the original.
        preserve_color: take only the luminance from the painting, the colours from the original.
    """

    def __init__(
        self,
        info: VideoInfo,
        pixel_format: str,
        *,
        output: ColorTags | None = None,
        strength: float = 1.0,
        preserve_color: bool = False,
    ) -> None:
        if not 0 <= strength <= 1:
            raise ValueError(f"{strength = } must be in 0..1")
        self._strength = strength
        self._preserve_color = preserve_color
        self._pixel_format = pixel_format
        self._rgb = color.is_rgb(pixel_format)
        deep = "rgb48le" if color.bit_depth(pixel_format) > 8 else "rgb24"
        self._mixed_in = deep if self._rgb else pixel_format
        self._converter = ColorConverter(info.color, info.coded_height, info.quarter_turns, output=output)

    @property
    def needs_source(self) -> bool:
        """Whether frames must carry their original planes."""
        return self._strength < 1 or self._preserve_color

    def __call__(self, frame: Frame) -> av.VideoFrame:
        """One painted frame -> one picture in stored orientation, with its time."""
        picture = frame.painting
        if picture is None:
            picture = self._converter.planes(frame.rgb, self._mixed_in)
        if self.needs_source:
            if frame.source is None:
                raise ValueError("mixing needs the frame's original planes")
            original = self._converter.convert(frame.source, self._mixed_in)
            if self._preserve_color:
                self._restore_colors(picture, original)
            if self._strength < 1:
                self._mix(picture, original)
        if self._mixed_in != self._pixel_format:  # RGB to another order of RGB
            picture = picture.reformat(format=self._pixel_format)
        picture.pts = frame.pts
        picture.time_base = frame.time_base
        return picture

    def _restore_colors(self, picture: av.VideoFrame, original: av.VideoFrame) -> None:
        painted, source = planes_of(picture), planes_of(original)
        if self._rgb:
            size = (picture.height, picture.width, 3)
            ycc, colors = (cv2.cvtColor(p[0].reshape(size), cv2.COLOR_RGB2YCrCb) for p in (painted, source))
            ycc[..., 1:] = colors[..., 1:]
            painted[0][...] = cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB).reshape(painted[0].shape)
            return
        for mine, theirs in zip(painted[1:], source[1:], strict=True):
            mine[...] = theirs

    def _mix(self, picture: av.VideoFrame, original: av.VideoFrame) -> None:
        for mine, theirs in zip(planes_of(picture), planes_of(original), strict=True):
            # addWeighted rounds and saturates, in 8 and 16 bits alike.
            mine[...] = cv2.addWeighted(mine, self._strength, theirs, 1 - self._strength, 0)
