"""Admission of requests: API keys, sizes, numbers and time. ASGI middleware.

It reads the body of a request, within the limits, before the app sees the request.
"""

import asyncio
import hmac
import ipaddress
import json
import shlex
import stat
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from automl.errors import ServingError
from automl.serving.limits import Limits, Refusal
from automl.serving.metrics import Metrics

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

OPEN_PATHS = frozenset({"/health", "/ready", "/docs", "/openapi.json"})
"""Paths that need no key: probes and documentation. They do not reveal anything about the model."""

_RETRY_SECONDS = 1
_MAX_DRAINED_BYTES = 256_000_000


def read_keys(path: Path) -> list[bytes]:
    """Read API keys from a file with one key per line.

    Several keys are valid at the same time, so that a key can be replaced without an interruption.

    Raises:
        ServingError: the file is missing, empty or readable by other users, or a key contains
            characters that an HTTP header cannot carry.
    """
    if not path.is_file():
        raise ServingError(
            f"There is no key file {path}. Write the keys into it, one on each line."
        )
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ServingError(
            f"Other users may access the key file {path}. Forbid it: "
            f"chmod 600 {shlex.quote(str(path))}"
        )
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ServingError(
            f"The key file {path} cannot be read: {error.strerror or error}."
        ) from error
    keys = [stripped for line in lines if (stripped := line.strip())]
    if not keys:
        raise ServingError(f"The key file {path} is empty. Write a key into it.")
    for key in keys:
        if not all(0x21 <= byte <= 0x7E for byte in key):
            raise ServingError(
                f"A key in {path} has blanks or characters outside ASCII, which no HTTP header can "
                "carry. Use letters and digits, for example those of: openssl rand -hex 32"
            )
    return keys


def is_authorized(authorization: bytes, keys: Sequence[bytes]) -> bool:
    """Return True if the header carries one of the keys.

    All keys are compared, each in constant time: the duration does not reveal which key or how
    much of it is right.
    """
    scheme, _, token = authorization.partition(b" ")
    matches = [hmac.compare_digest(token.strip(), key) for key in keys]
    return scheme.lower() == b"bearer" and any(matches)


def is_loopback(host: str) -> bool:
    """Return True if the name or address can only be one of this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Admission:
    """Passes requests on to the app, or refuses them."""

    def __init__(
        self,
        app: App,
        *,
        limits: Limits,
        metrics: Metrics,
        keys: Sequence[bytes] = (),
        is_local: bool = False,
    ) -> None:
        """Wrap the app.

        Args:
            app: the ASGI app.
            limits: limits of one request and of all together.
            metrics: counts the requests.
            keys: API keys; without any, no key is needed.
            is_local: answer only requests for a name of this machine, such as localhost. This
                prevents DNS rebinding, where a web page that is open in a browser on this machine
                sends requests to a foreign name that resolves to 127.0.0.1. Nor are requests
                answered that a page of another address makes.
        """
        self._app = app
        self._limits = limits
        self._metrics = metrics
        self._keys = keys
        self._is_local = is_local
        self._num_admitted = 0
        self._arriving: dict[asyncio.Timeout, float] = {}  # when each body began to arrive

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self._admit(scope, receive, send_and_note_status)
        except Refusal as refusal:
            await _send_refusal(send_and_note_status, refusal)
        finally:
            self._metrics.in_flight.dec()
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.answered(route, status, time.perf_counter() - started)

    async def _admit(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            # a client that is still sending reads the answer only after it has sent everything
            await _drain(receive, _declared_bytes(headers), self._limits.body_seconds)
            raise refusal
        self._num_admitted += 1
        try:
            body = await self._body(receive) if _has_body(headers) else b""
            await self._app(scope, _replay(body, receive), send)
        finally:
            self._num_admitted -= 1

    def _refusal(self, scope: Message, headers: dict[bytes, bytes]) -> Refusal | None:
        if self._is_local and not is_loopback(_host(headers)):
            return Refusal(
                403,
                "A server without a key answers requests to localhost only. Restart it with "
                "--api-key-file.",
            )
        if self._is_local and not _is_from_here(headers):
            return Refusal(403, "A server without a key answers no pages of other addresses.")
        is_open = scope["path"] in OPEN_PATHS
        authorization = headers.get(b"authorization", b"")
        if self._keys and not is_open and not is_authorized(authorization, self._keys):
            return Refusal(401, "Send a key of this server: Authorization: Bearer KEY.")
        if scope["method"] == "POST" and not self._has_room():
            return Refusal(503, "Too many requests are being answered. Try again in a moment.")
        if _declared_bytes(headers) > self._limits.max_request_bytes:
            return self._too_large()
        return None

    def _has_room(self) -> bool:
        """Return True if one more request may be answered.

        The slowest request gives its place up if its body is slow to arrive.
        """
        if self._num_admitted < self._limits.max_concurrent_requests:
            return True
        slowest = next(iter(self._arriving), None)
        now = asyncio.get_running_loop().time()
        if slowest is None or now - self._arriving[slowest] < self._limits.crowded_body_seconds:
            return False
        del self._arriving[slowest]
        slowest.reschedule(now)
        return True

    async def _body(self, receive: Receive) -> bytes:
        started = asyncio.get_running_loop().time()
        parts: list[bytes] = []
        size = 0
        timeout = asyncio.timeout(self._limits.body_seconds)
        self._arriving[timeout] = started
        try:
            async with timeout:
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refusal(400, "The connection was closed before the request ended.")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self._limits.max_request_bytes:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            seconds = asyncio.get_running_loop().time() - started
            raise Refusal(408, f"The request did not arrive within {seconds:.1f} s.") from None
        finally:
            self._arriving.pop(timeout, None)

    def _too_large(self) -> Refusal:
        allowed = self._limits.max_request_bytes / 1e6
        return Refusal(
            413,
            f"A request can have at most {allowed:g} MB. Send the pictures in several.",
        )


def _host(headers: dict[bytes, bytes]) -> str:
    """Return the name in the Host header without the port; empty if it is not valid."""
    try:
        return urlsplit("//" + headers.get(b"host", b"").decode("latin-1")).hostname or ""
    except ValueError:
        return ""


def _is_from_here(headers: dict[bytes, bytes]) -> bool:
    """Return False for a request that a page of another address makes in a browser.

    Browsers send `Origin` with every such POST. The page could not read the answer, but it could
    keep the server at work.
    """
    origin = headers.get(b"origin")
    return origin is None or origin.lower() == b"http://" + headers.get(b"host", b"").lower()


def _has_body(headers: dict[bytes, bytes]) -> bool:
    return b"content-length" in headers or b"transfer-encoding" in headers


def _declared_bytes(headers: dict[bytes, bytes]) -> int:
    length = headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


async def _drain(receive: Receive, declared_bytes: int, seconds: float) -> None:
    """Read and drop the body of a request."""
    if not 0 < declared_bytes <= _MAX_DRAINED_BYTES:
        return
    try:
        async with asyncio.timeout(seconds):
            while (await receive()).get("more_body", False):
                pass
    except TimeoutError:
        return


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that delivers the body as one message, then all later messages."""
    unread = [body]

    async def replayed() -> Message:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
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
