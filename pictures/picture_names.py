"""What picture files are called. Needs neither torch nor OpenCV."""

from __future__ import annotations

from pathlib import Path

from stylize_video.errors import UnknownFormatError

READ = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
WRITTEN = (".png", ".jpg", ".jpeg", ".webp")


def check_picture_name(path: Path) -> None:
    """See whether a picture of that name could be written, before the work is done.

    Raises:
        UnknownFormatError: the suffix is none of `WRITTEN`.
    """
    if path.suffix.lower() not in WRITTEN:
        raise UnknownFormatError(
            f"{path}: no picture format called {path.suffix!r}; there are: {', '.join(WRITTEN)}"
        )
