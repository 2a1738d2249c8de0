"""What `stylize-video live` can be told of the page that it serves. Needs no aiohttp."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from stylize_video import option as options
from stylize_video.errors import UsageError
from stylize_video.option import flag, flags, option

PANEL = "A page for browsers"


@dataclass(frozen=True)
class WebOptions:
    """The page. Checked when made.

    Raises:
        UsageError: a value out of its range, or options that don't go together.
    """

    web: bool = option(
        False,
        help="Serve a page that paints the camera of whoever opens it in a browser. Needs the extra web: pip "
        "install 'stylize-video[web]'.",
        panel=PANEL,
    )
    share_camera: bool = option(
        False,
        help="Let visitors of the page see this machine's camera, too: the one that --camera names.",
        panel=PANEL,
    )
    host: str = option(
        "127.0.0.1",
        help="The address of this machine to serve it at. By default nobody else can open it; 0.0.0.0 is "
        "all addresses. The page's address then has a token in it, which is printed.",
        panel=PANEL,
        metavar="ADDRESS",
    )
    port: int = option(8765, help="The port; 0 is any that is free.", panel=PANEL, least=0, most=65535)
    max_clients: int = option(
        4, help="How many may have the page painting at the same time.", panel=PANEL, least=1, most=64
    )
    certificate: Path | None = option(
        None,
        help="A certificate, as PEM, for HTTPS: without it browsers give the page no camera, unless it is "
        "on the same machine.",
        panel=PANEL,
        metavar="FILE",
    )
    key: Path | None = option(
        None, help="The certificate's key, as PEM and without a password.", panel=PANEL, metavar="FILE"
    )

    def __post_init__(self) -> None:
        options.check(self)
        if not self.web and (given := options.changed(self)):
            raise UsageError(f"{flags(given)} of use with {flag('web')} only; add it")
        if (self.certificate is None) != (self.key is None):
            raise UsageError(f"HTTPS needs both, {flag('certificate')} and {flag('key')}")

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Takes its own options out of what was typed.

        Raises:
            UsageError: a value that an option can't have.
        """
        known = [each for each in options.declared(cls) if each.name in values]
        return cls(**{each.field.name: each.read(values.pop(each.name)) for each in known})
