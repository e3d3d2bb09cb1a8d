"""What Streamlit hands out by address alone, pictures, downloads and uploads, for people who have
signed in only. The pages themselves ask in `automl.ui.sign_in`."""

import json
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

from automl import errors
from automl.access import permissions

_GUARDED = ("media/", "_stcore/upload_file", "_stcore/agent", "_stcore/metrics", "app/static/")


class Door:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_guarded(scope["path"]):
            try:
                permissions.person(_claims(Request(scope)))
            except errors.NotAllowedError as refusal:
                await PlainTextResponse(str(refusal), 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _is_guarded(path: str) -> bool:
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return path.strip("/").removeprefix(base).lstrip("/").startswith(_GUARDED)


def _claims(request: Request) -> dict[str, Any]:
    """What the cookie of the sign-in says, if it is ours.

    Raises:
        NotAllowedError: there is none.
    """
    signed = _get_signed_cookie_with_chunks(request.cookies, USER_COOKIE_NAME)
    if signed is None:
        raise errors.NotAllowedError("Sign in first.")
    claims: dict[str, Any] = json.loads(signed)
    return claims
