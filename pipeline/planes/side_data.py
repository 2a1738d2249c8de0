"""What lies beside a decoded frame's pixels, and what of it PyAV's muxers have no way to say again."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any, cast

import av
from av.sidedata.sidedata import Type

from stylize_video.pipeline.planes import filters

# Kinds of side data that PyAV 18 has no names for (28: LCEVC, 31: EXIF); where there is one it shows none.
_UNNAMED = range(28, 36)
STEREO_TAG = "stereo_mode"  # which FFmpeg's Matroska muxer makes a label of again
# libavutil's enum AVSphericalProjection and AVStereo3DType
_PROJECTIONS = (
    "equirectangular", "cube map", "tiled equirectangular", "half equirectangular", "rectilinear", "fisheye",
)  # fmt: skip
_STEREO = (
    "flat", "side by side", "top and bottom", "frame after frame", "checkerboard", "side by side, quincunx",
    "line by line", "column by column",
)  # fmt: skip


def of_picture(picture: av.VideoFrame) -> dict[Type, Any]:
    """What a decoded frame says beside its pixels, as far as PyAV has a name for it."""
    try:
        found: Any = picture.side_data
    except ValueError:
        found = _without_unnamed(picture).side_data
    return {kind: found[kind] for kind in Type if found.get(kind) is not None}


def _without_unnamed(picture: av.VideoFrame) -> av.VideoFrame:
    """The same picture without the side data that PyAV stumbles over."""
    graph = filters.graph(picture, *(("sidedata", f"mode=delete:type={code}") for code in _UNNAMED))
    graph.push(picture)
    return cast(av.VideoFrame, graph.pull())


def lost(picture: av.VideoFrame, tags: Mapping[str, str]) -> Iterator[str]:
    """A line for each label of a frame that the output won't have; stereo may be one of its `tags`."""
    found = of_picture(picture)
    if (data := found.get(Type.SPHERICAL)) is not None:
        yield (
            f"spherical video ({_name(_PROJECTIONS, bytes(data))}): its label can't be written, "
            "so that players will show it flat until it is labelled again (Spatial Media Metadata Injector)"
        )
    if STEREO_TAG in tags:
        return
    if (data := found.get(Type.STEREO3D)) is not None and (kind := _name(_STEREO, bytes(data))) != "flat":
        yield f"stereoscopic video ({kind}): its label can't be written; players have to be told"


def _name(names: tuple[str, ...], data: bytes) -> str:
    (code,) = struct.unpack_from("=i", data)
    return names[code] if 0 <= code < len(names) else "unknown"
