"""The ways to paint, and which of them a style asks for. Needs no torch."""

from __future__ import annotations

from stylize_video.errors import UsageError
from stylize_video.models import style_spec

FEED_FORWARD = "feed-forward"  # a network trained on the style
WCT = "wct"  # the whitening and colouring transform, for any picture
GATYS = "gatys"  # optimisation of the pixels, for any picture
METHODS = ("auto", FEED_FORWARD, WCT, GATYS)


def choose(spec: str, method: str) -> str:
    """`FEED_FORWARD`, `WCT` or `GATYS`; "auto" takes the transform if any style of the spec is a picture.

    Raises:
        UsageError: the style can't be painted so.
    """
    mixture = style_spec.parse(spec)
    pictures = [i.file for i in mixture if i.is_picture]
    if method == "auto":
        method = WCT if pictures else FEED_FORWARD
    if method == FEED_FORWARD and pictures:
        raise UsageError(
            f"{pictures[0]}: a picture is no trained network; paint with --method wct, or train one"
        )
    others = [i for i in mixture if not i.is_picture]
    if method == GATYS and others:
        raise UsageError(
            f"{others[0]}: --method gatys needs a picture of the painting; give its file as --style"
        )
    trained = [i for i in mixture if i.file and not i.is_picture]
    if method == WCT and trained:
        raise UsageError(f"{trained[0]}: the transform needs a picture of the painting, not a weights file")
    return method
