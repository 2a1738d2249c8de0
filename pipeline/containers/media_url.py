"""A file's name in the form in which FFmpeg takes it for a file's name and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from stylize_video.pipeline.containers import limits

# Of a picture "a%03d.png" FFmpeg would read a001.png, a002.png, ... Other formats ignore it. And it decodes
# some frames already to know what they are.
AS_NAMED: Mapping[str, str] = MappingProxyType({"pattern_type": "none", **limits.CODEC_OPTIONS})


def media_url(path: Path) -> str:
    """`path` for `av.open`, to be used with the options `AS_NAMED`.

    FFmpeg takes what stands before a colon for a protocol ("Film: one.mp4", "http:x.mp4"), unless
    the name begins with the root. Links and bytes that are no UTF-8 stay as they are.
    """
    return str(path.absolute())
