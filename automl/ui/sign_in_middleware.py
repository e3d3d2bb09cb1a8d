"""Refuse requests outside of pages from visitors who have not signed in.

    browser ── page, over the websocket ──> automl.ui.sign_in checks, before anything is drawn
            ── files of Streamlit itself ─> not checked: scripts, styles, sign-in, empty first page
            ── every other address ───────> SignInMiddleware checks: pictures, downloads, uploads

A picture or a download has its own address (`media/…`) that works without a page. The browser sends
Streamlit's signed cookie with every request; a request without a valid cookie gets a 403. The check
fails closed: every address outside `_OPEN` needs the cookie, and a cookie that cannot be checked is
not valid.
"""

import json
import logging
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from automl import errors
from automl.access import permissions
from automl.host import app_files

_OPEN = (
    *("static/", "auth/login", "auth/logout", "oauth2callback"),
    *("_stcore/health", "_stcore/host-config", "_stcore/script-health-check"),
    *("_stcore/bidi-components/", "component/"),
    *("favicon.png", "manifest.json", "robots.txt", "index.html"),
)
"""Starts of the addresses without user data; every page's address returns the same empty HTML."""

_PAGES = {path.stem for path in (app_files.folder() / "pages").glob("*.py")}
_log = logging.getLogger(__name__)


class SignInMiddleware:
    """ASGI middleware: 403 without a valid cookie, except for `_OPEN` and the pages."""

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
    """True if the address may be read without signing in."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    inside = path.strip("/").removeprefix(base).lstrip("/")
    # the browser loads Streamlit's files relative to the address of the page: /trial/static/…
    page, _, rest = inside.partition("/")
    if page in _PAGES:
        inside = rest
    # ".." could lead from an open folder to a protected one
    return not inside or ".." not in inside and f"{inside}/".startswith(_OPEN)


def _claims(request: Request) -> dict[str, Any]:
    """Return the claims in the signed cookie of the sign-in.

    Raises:
        NotAllowedError: there is no cookie, its signature is wrong, or it cannot be checked.
    """
    try:
        # Streamlit has no public function that checks its cookie outside of a page. If a new
        # version removes or changes these names, every request is refused, and
        # tests/ui/test_streamlit_internals.py fails.
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
