"""Keep what Streamlit serves by address alone from visitors who have not signed in.

    browser ── page, over the websocket ──> automl.ui.sign_in decides, before anything is drawn
            ── files of Streamlit itself ─> open: scripts, styles, the sign-in, the empty first page
            ── every other address ───────> SignInMiddleware decides: pictures, downloads, uploads

A picture or a download has an address of its own (`media/…`) that works without a page. The browser
sends Streamlit's signed cookie with every request; a request without a valid one gets a 403.
Everything fails closed: an address that is not known to be harmless needs the cookie, and no cookie
is valid if it cannot be checked.
"""

import json
import logging
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from automl import errors
from automl.access import permissions

_OPEN = (
    *("static/", "auth/login", "auth/logout", "oauth2callback"),
    *("_stcore/health", "_stcore/host-config", "_stcore/script-health-check"),
    *("_stcore/bidi-components/", "component/"),
    *("favicon.png", "manifest.json", "robots.txt", "index.html"),
)
"""Addresses that hold no data of anybody. The path of a page is the same empty HTML for each."""

_PAGES = {path.stem for path in (Path(__file__).parents[2] / "pages").glob("*.py")}
_log = logging.getLogger(__name__)


class SignInMiddleware:
    """ASGI middleware that answers 403 without a valid cookie, but for `_OPEN` and the pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_open(scope["path"]):
            try:
                permissions.person(_claims(Request(scope)))
            except errors.NotAllowedError as refusal:
                await PlainTextResponse(str(refusal), 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _is_open(path: str) -> bool:
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    inside = path.strip("/").removeprefix(base).lstrip("/")
    # Streamlit's page loads its files relative to the page's own address, such as /trial/static/…
    page, _, rest = inside.partition("/")
    if page in _PAGES:
        inside = rest
    return not inside or ".." not in inside and f"{inside}/".startswith(_OPEN)


def _claims(request: Request) -> dict[str, Any]:
    """Claims in the signed cookie of the sign-in.

    Raises:
        NotAllowedError: there is no cookie, its signature is wrong, or it cannot be checked.
    """
    try:
        # Streamlit has no public way to check its cookie outside of a page. If these names are gone
        # or behave differently, nobody gets through; tests/ui/test_streamlit_internals.py tells.
        from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
        from streamlit.web.server.starlette.starlette_websocket import (
            _get_signed_cookie_with_chunks,
        )

        signed = _get_signed_cookie_with_chunks(request.cookies, USER_COOKIE_NAME)
        claims = json.loads(signed) if signed is not None else None
    except Exception as error:
        _log.exception("The sign-in cookie cannot be checked; the request is refused")
        raise errors.NotAllowedError("Your sign-in cannot be checked.") from error
    if not isinstance(claims, dict):
        raise errors.NotAllowedError("Sign in first.")
    return claims
