"""Pictures with transparent parts, laid on a neutral grey: what lies hidden there is nobody's picture."""

from __future__ import annotations

from typing import Any, cast

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from numpy.typing import NDArray

from stylize_video.pipeline.planes import color

_WITH_ALPHA = ("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16", "pal8")
_PAINTS_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}  # FFmpeg's own decoders leave it out

Samples = NDArray[Any]


def decoder_with_alpha(stream: VideoStream) -> VideoCodecContext | None:
    """A decoder that shows the alpha which Matroska holds beside a film's pictures; None if there is none."""
    marked = {key.lower(): value for key, value in stream.metadata.items()}.get("alpha_mode") == "1"
    name = _PAINTS_ALPHA.get(stream.codec_context.codec.canonical_name)
    if not marked or name is None:
        return None
    return cast(VideoCodecContext, av.CodecContext.create(name, "r"))


def has_alpha(pixel_format: str) -> bool:
    """Whether pictures in a format may have transparent parts."""
    return pixel_format.startswith(_WITH_ALPHA)


def flattened(picture: av.VideoFrame) -> av.VideoFrame | None:
    """The picture on grey, in a format without alpha; None if all of it is opaque."""
    name = picture.format.name
    if not has_alpha(name):
        return None
    if name.startswith("ya"):
        return _flat_grey(picture)
    return _flat_planes(picture) if name.startswith("yuva") else _flat_rgb(picture)


def _flat_rgb(picture: av.VideoFrame) -> av.VideoFrame | None:
    deep = color.bit_depth(picture.format.name) > 8
    pixels = picture.reformat(format="rgba64le" if deep else "rgba").to_ndarray()
    share = _share(pixels[..., 3], 16 if deep else 8)
    if share is None:
        return None
    flat = _mixed(pixels[..., :3], share[..., None], (65535 if deep else 255) / 2)
    return _like(av.VideoFrame.from_ndarray(flat, format="rgb48le" if deep else "rgb24"), picture)


def _flat_grey(picture: av.VideoFrame) -> av.VideoFrame | None:
    depth = color.bit_depth(picture.format.name)
    (both,) = color.planes_of(picture)
    grey, share = both[:, ::2], _share(both[:, 1::2], depth)
    if share is None:
        return None
    flat = _mixed(grey, share, _half(picture))
    return _like(av.VideoFrame.from_ndarray(flat, format="gray" if depth <= 8 else "gray16le"), picture)


def _flat_planes(picture: av.VideoFrame) -> av.VideoFrame | None:
    name = picture.format.name
    depth = color.bit_depth(name)
    *planes, alpha = color.planes_of(picture)
    share = _share(alpha, depth)
    if share is None:
        return None
    flat = av.VideoFrame(picture.width, picture.height, name.replace("yuva", "yuv"))
    fills = (_half(picture), 1 << (depth - 1), 1 << (depth - 1))
    for target, plane, fill in zip(color.planes_of(flat), planes, fills, strict=True):
        target[...] = _mixed(plane, _averaged(share, plane.shape), fill)
    return _like(flat, picture)


def _share(alpha: Samples, depth: int) -> Samples | None:
    """Alpha in 0..1; None if it is 1 everywhere."""
    peak = (1 << depth) - 1
    return None if (alpha >= peak).all() else alpha.astype(np.float32) / np.float32(peak)


def _mixed(samples: Samples, share: Samples, fill: float) -> Samples:
    mixed = np.rint(fill + (samples.astype(np.float32) - np.float32(fill)) * share)
    return np.ascontiguousarray(mixed.astype(samples.dtype))


def _averaged(share: Samples, shape: tuple[int, ...]) -> Samples:
    """Alpha for a plane of another size."""
    if share.shape == shape:
        return share
    return cast(Samples, cv2.resize(share, shape[::-1], interpolation=cv2.INTER_AREA))


def _half(picture: av.VideoFrame) -> float:
    """The code of a luma halfway from black to white."""
    name = picture.format.name
    depth = color.bit_depth(name)
    if color.effective_range(name, color.tags_of(picture)) == color.FULL or name.startswith("ya"):
        return ((1 << depth) - 1) / 2
    return (16 + 219 / 2) * (1 << (depth - 8))


def _like(made: av.VideoFrame, source: av.VideoFrame) -> av.VideoFrame:
    """`made` with the times and colour tags of `source`."""
    color.copy_labels(source, made)
    return made
