"""Who and what comes in: keys, sizes and numbers of requests. ASGI middleware.

A request's body is read here, within its limits, before anything else sees the request.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from automl.serving import keys
from automl.serving.limits import Limits
from automl.serving.metrics import Metrics
from automl.serving.refusal import Refusal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

OPEN_PATHS = frozenset({"/health", "/ready", "/docs", "/openapi.json"})
"""For probes, and to learn how to ask; they say nothing about the model."""

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_RETRY_SECONDS = 1
_MAX_DRAINED_BYTES = 256_000_000


class Admission:
    """Lets requests through to the app."""

    def __init__(
        self,
        app: App,
        *,
        limits: Limits,
        metrics: Metrics,
        accepted: Sequence[bytes] = (),
        is_local: bool = False,
    ) -> None:
        """accepted: keys; none opens the server to everybody.

        is_local: only requests to this machine by one of its own names are answered. Otherwise a
        page of a stranger, open in a browser here, could ask under a name that leads here (DNS
        rebinding).
        """
        self._app = app
        self._limits = limits
        self._metrics = metrics
        self._accepted = accepted
        self._is_local = is_local
        self._admitted = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self._admit(scope, receive, watched)
        except Refusal as refusal:
            await _send_refusal(watched, refusal)
        finally:
            self._metrics.in_flight.dec()
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.answered(route, status, time.perf_counter() - started)

    async def _admit(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            # whoever is still sending would not read an answer before the end of the request
            await _drain(receive, _claimed_bytes(headers), self._limits.body_seconds)
            raise refusal
        self._admitted += 1
        try:
            body = await self._body(receive) if _has_body(headers) else b""
            await self._app(scope, _replay(body, receive), send)
        finally:
            self._admitted -= 1

    def _refusal(self, scope: Message, headers: dict[bytes, bytes]) -> Refusal | None:
        if self._is_local and _host(headers) not in _LOCAL_NAMES:
            return Refusal(
                403, "Without a key this server answers to localhost only. Start it with a key."
            )
        is_open = scope["path"] in OPEN_PATHS
        authorization = headers.get(b"authorization", b"")
        if self._accepted and not is_open and not keys.is_right(authorization, self._accepted):
            return Refusal(401, "Give the server's key: Authorization: Bearer KEY.")
        if scope["method"] == "POST" and self._admitted >= self._limits.max_concurrent_requests:
            return Refusal(503, "Too many requests are being answered. Try again in a moment.")
        if _claimed_bytes(headers) > self._limits.max_request_bytes:
            return self._too_large()
        return None

    async def _body(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refusal(400, "The request broke off.")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self._limits.max_request_bytes:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            raise Refusal(
                408, f"The request did not arrive within {self._limits.body_seconds:g} s."
            ) from None

    def _too_large(self) -> Refusal:
        allowed = self._limits.max_request_bytes / 1e6
        return Refusal(413, f"A request may have {allowed:g} MB. Send the pictures in several.")


def _host(headers: dict[bytes, bytes]) -> str:
    """Without the port; empty for what is no name."""
    try:
        return urlsplit("//" + headers.get(b"host", b"").decode("latin-1")).hostname or ""
    except ValueError:
        return ""


def _has_body(headers: dict[bytes, bytes]) -> bool:
    return b"content-length" in headers or b"transfer-encoding" in headers


def _claimed_bytes(headers: dict[bytes, bytes]) -> int:
    claimed = headers.get(b"content-length", b"0")
    return int(claimed) if claimed.isdigit() else 0


async def _drain(receive: Receive, claimed: int, seconds: float) -> None:
    if not 0 < claimed <= _MAX_DRAINED_BYTES:
        return
    try:
        async with asyncio.timeout(seconds):
            while (await receive()).get("more_body", False):
                pass
    except TimeoutError:
        return


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body as one message, then whatever comes after it."""
    left = [body]

    async def replayed() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return replayed


async def _send_refusal(send: Send, refusal: Refusal) -> None:
    headers = [(b"content-type", b"application/json")]
    if refusal.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refusal.status == 503:
        headers.append((b"retry-after", str(_RETRY_SECONDS).encode()))
    if refusal.status in (408, 413):
        headers.append((b"connection", b"close"))
    start = {"type": "http.response.start", "status": refusal.status, "headers": headers}
    await send(start)
    body = json.dumps({"detail": refusal.sentence}).encode()
    await send({"type": "http.response.body", "body": body})
