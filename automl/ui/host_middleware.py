"""Refuse requests under a foreign name, and those that a page of another address makes.

Streamlit checks both for the WebSocket alone, and does not compare the ports of addresses: a page
of another server on this machine could open a session. For a page whose address is not that in Host
it would ask a server on the internet for its own address, so a Host that a proxy has changed is put
right.
"""

from fnmatch import fnmatchcase
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_HARMLESS = ("GET", "HEAD", "OPTIONS")
_PROBE = "/_stcore/health"
"""Asked by the machine's address in clusters; its answer says nothing of the app."""


class HostMiddleware:
    """ASGI middleware: 403 for a Host that `server.allowedHosts` lacks, or a foreign Origin.

    An address in `server.corsAllowedOrigins` is the app's own, whatever a proxy makes of Host.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif _is_admitted(scope):
            await self._app(_as_browsers_see_it(scope), receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            sentence = "This address is not one of the app's (--host-name, --origin)."
            refusal = PlainTextResponse(sentence, 403)
            await refusal(scope, receive, send)


def _is_admitted(scope: Scope) -> bool:
    if scope["path"].endswith(_PROBE):
        return True
    headers = Headers(scope=scope)
    try:
        host = urlsplit("//" + headers.get("host", ""))
        origin = urlsplit(headers.get("origin", ""))
        is_same_port = host.port is None or host.netloc.lower() == origin.netloc.lower()
    except ValueError:  # a port that is no number
        return False
    if not _is_allowed(host.hostname or ""):
        return False
    if scope.get("method") in _HARMLESS or "origin" not in headers:
        return True
    # a proxy may leave the port out of Host
    is_own = is_same_port and host.hostname == origin.hostname
    return is_own or headers["origin"].lower() in st.get_option("server.corsAllowedOrigins")


def _as_browsers_see_it(scope: Scope) -> Scope:
    """The admitted request; one that may change something has the Host of its page."""
    origin = Headers(scope=scope).get("origin")
    if origin is None or scope.get("method") in _HARMLESS:
        return scope
    others = [header for header in scope["headers"] if header[0] != b"host"]
    host = urlsplit(origin).netloc.encode("latin-1")
    return {**scope, "headers": [*others, (b"host", host)]}


def _is_allowed(name: str) -> bool:
    patterns = st.get_option("server.allowedHosts") or ["*"]
    return any(fnmatchcase(name.rstrip("."), pattern.lower()) for pattern in patterns)
