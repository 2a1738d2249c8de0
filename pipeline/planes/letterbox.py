"""Pictures of another shape than the film's, shown whole: with black bars beside them, or above and below."""

from __future__ import annotations

from fractions import Fraction

import av

from stylize_video.pipeline.planes import color

Size = tuple[int, int]  # px: width, height


def fitted(size: Size, aspect: Fraction, frame: Size, frame_aspect: Fraction) -> Size:
    """The largest size in a frame that keeps a picture's shape; even, unless it is the frame's own.

    Args:
        size: of the picture.
        aspect: of its samples, width by height.
        frame: to be filled as far as possible.
        frame_aspect: of the frame's samples.
    """
    shape = size[0] * aspect / (size[1] * frame_aspect)  # in samples of the frame
    width = min(frame[0], round(frame[1] * shape / 2) * 2)
    height = min(frame[1], round(frame[0] / shape / 2) * 2)
    # What differs by a row or a column is rounding, and no bar.
    return (
        frame[0] if frame[0] - width < 2 else max(2, width),
        frame[1] if frame[1] - height < 2 else max(2, height),
    )


def around(planes: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """Planes in the middle of black ones of `width` x `height` px."""
    name = planes.format.name
    framed = av.VideoFrame(width, height, name)
    color.copy_labels(planes, framed)
    samples = 3 if color.is_rgb(name) else 1
    left, top = ((width - planes.width) // 2, (height - planes.height) // 2)
    views = zip(color.planes_of(framed), color.planes_of(planes), _blacks(planes), strict=True)
    for index, (mine, theirs, black) in enumerate(views):
        across = planes.width / planes.planes[index].width
        down = planes.height / planes.planes[index].height
        x, y = round(left / across) * samples, round(top / down)
        mine[...] = black
        mine[y : y + theirs.shape[0], x : x + theirs.shape[1]] = theirs
    return framed


def _blacks(planes: av.VideoFrame) -> list[int]:
    """The code of black in each plane."""
    name = planes.format.name
    if color.is_rgb(name):
        return [0]
    unit = 1 << (color.bit_depth(name) - 8)
    full = color.effective_range(name, color.tags_of(planes)) == color.FULL
    return [0 if full else 16 * unit, 128 * unit, 128 * unit]
