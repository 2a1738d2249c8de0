"""Pictures of the worst places, as they stand in the page itself."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import cv2
import numpy as np

from stylize_video.models.motion import flow
from stylize_video.pipeline.scoring.page.text import escape
from stylize_video.pipeline.scoring.words import clock, number
from stylize_video.pipeline.scoring.worst_places import Place

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

_WIDEST = 640  # px
_QUALITY = 88  # of JPEG; pictures of 640x360 take 40 to 100 kB
_GAIN = 4  # by which the difference is amplified
_HIDDEN = (110, 110, 116)  # where nothing is measured
_LEFT_OVER = f"what is left after following the motion, times {_GAIN}; grey: not measured"
_ALTERNATE = "Alternate the two paintings"


def show(rank: int, place: Place) -> str:
    """A place's HTML: two frames of the input, the same of the output, and their difference."""
    (input_before, input_after), (before, after) = place.source, place.output
    pictures = (
        _figure("input", "input, before", input_before),
        _figure("input", "input, after", input_after),
        _figure("difference", _LEFT_OVER, _difference(place)),
        _figure("output", "output, before", before),
        _figure("output", "output, after", after),
    )
    errors = f"warping error {number(place.warping_error)}, of the input {number(place.input_warping_error)}"
    button = f'<button type="button" hidden data-label="{_ALTERNATE}">{_ALTERNATE}</button>'
    return (
        f'<article class="place" id="place-{rank}"><h3>{rank}. {clock(place.time_s)} '
        f'<small>{errors}</small></h3><div class="pictures">{"".join(pictures)}'
        f'<div class="aside">{button}</div></div></article>'
    )


def _figure(kind: str, words: str, picture: Picture) -> str:
    image = f'<img class="{kind}" alt="{escape(words)}" src="{_data_uri(picture)}">'
    return f'<figure class="{kind}">{image}<figcaption>{escape(words)}</figcaption></figure>'


def _data_uri(picture: Picture) -> str:
    """A picture as a JPEG in a data URI."""
    return data_uri(jpeg(picture))


def jpeg(picture: Picture, *, widest: int = _WIDEST, quality: int = _QUALITY) -> bytes:
    """A picture as a JPEG.

    Args:
        picture: (H, W, 3) uint8 RGB; what is wider or higher than `widest` px is shrunk.
        widest: see there.
        quality: 0..100.
    """
    height, width = picture.shape[:2]
    if max(height, width) > widest:
        scale = widest / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]), settings)
    return bytes(data)


def data_uri(data: bytes) -> str:
    """A JPEG as an address that holds it."""
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


def _difference(place: Place) -> Picture:
    """What the warping error is made of: how far the second painting, brought back, is from the first.

    The mean over the channels, four times as large, from black over red and yellow to white; grey is what
    the original does not show in both frames, where nothing is measured.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    first, second = place.output
    apart = np.abs(flow.warp(second, place.flow) - first).mean(-1)  # 0..255
    level = np.clip(apart * _GAIN, 0, 255).astype(np.uint8)
    heat = np.asarray(cv2.applyColorMap(level, cv2.COLORMAP_HOT), np.uint8)[..., ::-1].copy()
    heat[~place.visible] = _HIDDEN
    return heat
