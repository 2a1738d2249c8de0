"""What a film says of its pictures beside them, and PyAV's muxers have no way to say again."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

import av
from av.sidedata.sidedata import Type

from stylize_video.pipeline.planes.display_matrix import side_data

STEREO_TAG = "stereo_mode"  # which FFmpeg's Matroska muxer makes a label of again
# libavutil's enum AVSphericalProjection and AVStereo3DType
_PROJECTIONS = (
    "equirectangular", "cube map", "tiled equirectangular", "half equirectangular", "rectilinear", "fisheye",
)  # fmt: skip
_STEREO = (
    "flat", "side by side", "top and bottom", "frame after frame", "checkerboard", "side by side, quincunx",
    "line by line", "column by column",
)  # fmt: skip


def lost(picture: av.VideoFrame, tags: Mapping[str, str]) -> Iterator[str]:
    """A line for each label of a frame that the output won't have; stereo may be one of its `tags`."""
    found = side_data(picture)
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
