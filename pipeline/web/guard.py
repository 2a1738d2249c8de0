"""Who gets an answer at all, and what a browser may do with it.

A page of somebody else's, open in a visitor's browser, can send requests to this machine: it is told apart
by `Origin`, and by `Host` where its name was made to lead here. The token keeps out who was not given the
address.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from stylize_video.pipeline.web.place import Place

WITHIN = web.RequestKey("within", str)  # a request's path within the page, after the token

_NO_SLASH = "/"  # the token alone: the page's files are looked for beside it, not within
_FOLLOWS = "The page is at the address that stylize-video printed when it was started."

# Nothing is loaded from elsewhere, no page may show this one inside of it, and nobody is told the address.
_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cache-Control": "no-cache",
}


def _policy(request: web.Request) -> str:
    """What the page may load. Older browsers don't take `'self'` for a WebSocket, so it is spelled out."""
    socket = f"{'wss' if request.scheme == 'https' else 'ws'}://{request.host}"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        f"connect-src 'self' {socket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def middleware(place: Place) -> Middleware:
    """What each request passes first."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        refused = _refusal(request, place)
        if refused is not None:
            return refused
        return await handler(request)

    return guard


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """Add to every answer, also to refusals, what it says to browsers: for `on_response_prepare`."""
    response.headers.update(_HEADERS)
    response.headers["Content-Security-Policy"] = _policy(request)


def _refusal(request: web.Request, place: Place) -> web.Response | None:
    host = urlsplit(f"//{request.host}")
    if not host.hostname or not place.is_called(host.hostname):
        return _said(421, f"This is no name of this server. {_FOLLOWS}")
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() != f"{request.scheme}://{request.host}".lower():
        return _said(403, "Another page asked for this.")
    within = _after_token(request.path, place.token)
    if within is None:
        return _said(403, f"The address lacks its token. {_FOLLOWS}")
    if within is _NO_SLASH:
        raise web.HTTPPermanentRedirect(f"/{place.token}/")
    request[WITHIN] = within
    return None


def _after_token(path: str, token: str) -> str | None:
    """The rest of a path; None: it doesn't begin with the token, which is compared in constant time."""
    rest = path.removeprefix("/")
    if not token:
        return rest
    given, slash, rest = rest.partition("/")
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode()):
        return None
    return rest if slash else _NO_SLASH


def _said(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n")
