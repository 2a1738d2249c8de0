"""Photographs in parts (AVIF, HEIC): the whole picture out of its tiles, and its transparency.

FFmpeg decodes each part as a picture of its own, and PyAV doesn't show how they belong together.
"""

from __future__ import annotations

from pathlib import Path

import av

from stylize_video.errors import InputError
from stylize_video.pictures.heif_boxes import Grid, find_alpha
from stylize_video.pipeline.containers.opening import open_media
from stylize_video.pipeline.planes import color


def assemble(path: Path, grid: Grid) -> av.VideoFrame:
    """Decode all tiles and put them together.

    Raises:
        InputError: a tile is missing, or they don't cover the picture.
    """
    found = _decode(path, set(grid.tiles))
    if missing := len(set(grid.tiles) - found.keys()):
        raise InputError(f"{path}: {missing} of its {len(grid.tiles)} tiles can't be decoded")
    first = found[grid.tiles[0]]
    if grid.width > grid.columns * first.width or grid.height > grid.rows * first.height:
        raise InputError(f"{path}: its tiles don't cover the {grid.width}x{grid.height} px it claims to have")
    whole = av.VideoFrame(grid.width, grid.height, first.format.name)
    color.copy_labels(first, whole)
    for number, item in enumerate(grid.tiles):
        tile = found[item]
        if (tile.width, tile.height, tile.format.name) != (first.width, first.height, first.format.name):
            raise InputError(f"{path}: its tiles differ in size or format")
        _paste(tile, whole, *divmod(number, grid.columns))
    return whole


def _paste(tile: av.VideoFrame, whole: av.VideoFrame, row: int, column: int) -> None:
    for mine, theirs in zip(color.planes_of(whole), color.planes_of(tile), strict=True):
        y, x = row * theirs.shape[0], column * theirs.shape[1]
        target = mine[y : y + theirs.shape[0], x : x + theirs.shape[1]]
        target[...] = theirs[: target.shape[0], : target.shape[1]]


def _decode(path: Path, wanted: set[int]) -> dict[int, av.VideoFrame]:
    found: dict[int, av.VideoFrame] = {}
    with open_media(path) as container:
        streams = [s for s in container.streams.video if s.id in wanted]
        for packet in container.demux(streams):
            try:
                for picture in packet.decode():
                    if isinstance(picture, av.VideoFrame):
                        found.setdefault(packet.stream.id, picture)
            except av.FFmpegError:
                continue
    return found


def with_alpha(path: Path, picture: av.VideoFrame) -> av.VideoFrame:
    """The file's main picture with the transparency that is stored beside it; itself if there is none."""
    item = find_alpha(path)
    alpha = None if item is None else _decode(path, {item}).get(item)
    name = picture.format.name.replace("yuvj", "yuv").replace("yuv", "yuva")
    if alpha is None or (alpha.width, alpha.height) != (picture.width, picture.height):
        return picture
    try:
        both = av.VideoFrame(picture.width, picture.height, name)
    except ValueError:  # no format of that sampling and depth has alpha
        return picture
    sources = [*color.planes_of(picture), color.planes_of(alpha)[0]]
    targets = color.planes_of(both)
    if len(sources) != len(targets) or any(a.dtype != b.dtype for a, b in zip(sources, targets, strict=True)):
        return picture
    for mine, theirs in zip(targets, sources, strict=True):
        mine[...] = theirs
    color.copy_labels(picture, both)
    return both
