"""Where the page is: address, port, token and certificate, and who may come by which name."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from stylize_video.errors import InputError, UsageError
from stylize_video.option import flag

LOOPBACK = "127.0.0.1"
PORT = 8765

_EVERYWHERE = frozenset({"0.0.0.0", "::"})
_TOKEN_BYTES = 16


@dataclass(frozen=True)
class Place:
    """Where to serve. Checked when made.

    Raises:
        UsageError: a certificate without its key, or the other way round.
    """

    host: str = LOOPBACK
    port: int = PORT  # 0: any that is free
    certificate: Path | None = None  # PEM, with those of who signed it
    key: Path | None = None
    token: str = ""  # in the address; empty: none is needed

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise UsageError(f"HTTPS needs both, {flag('certificate')} and {flag('key')}")

    @classmethod
    def of(cls, host: str, port: int, certificate: Path | None, key: Path | None) -> Place:
        """With a new token unless only this machine can come."""
        token = "" if is_loopback(host) else secrets.token_urlsafe(_TOKEN_BYTES)
        return cls(host, port, certificate, key, token)

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return "http" if self.certificate is None else "https"

    @property
    def has_cameras(self) -> bool:
        """Whether browsers give a page from here the visitor's camera."""
        return self.scheme == "https" or is_loopback(self.host)

    def address(self, port: int) -> str:
        """What is typed into a browser; `port` is the one that was got."""
        name = socket.gethostname() if self.host in _EVERYWHERE else self.host
        path = f"{self.token}/" if self.token else ""
        return f"{self.scheme}://{_bracketed(name)}:{port}/{path}"

    def is_called(self, host: str) -> bool:
        """Whether a request's `Host`, without its port, is a name of this place.

        Another name that leads here is somebody's who has a page read what is served to this machine alone
        (DNS rebinding). Where every interface is served any number will do, for those can't be rebound.
        """
        name = host.lower().removeprefix("[").removesuffix("]")
        if is_loopback(self.host):
            return is_loopback(name)
        if name == self.host.lower():
            return True
        own = socket.gethostname().lower()
        return self.host in _EVERYWHERE and (_is_number(name) or name in ("localhost", own, f"{own}.local"))

    def tls(self) -> ssl.SSLContext | None:
        """What HTTPS needs.

        Raises:
            InputError: certificate or key can't be read, or don't belong together.
        """
        if self.certificate is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (OSError, ValueError) as error:  # SSLError is an OSError
            why = error.strerror or error if isinstance(error, OSError) else error
            raise InputError(
                f"{self.certificate}: not the PEM certificate of {self.key}, or unreadable ({why})"
            ) from error
        return context


def _no_password() -> str:
    raise ValueError("the key has a password; give one without")


def is_loopback(host: str) -> bool:
    """Whether only this machine can come there."""
    if host.lower() == "localhost":
        return True
    return _is_number(host) and ipaddress.ip_address(host).is_loopback


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
