"""Connections of a server: a time limit for headers, and a limit on their number.

Uvicorn has neither. Clients that open connections and send nothing, or half a header, would keep
all others out.
"""

import asyncio
import json
import resource

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from automl.serving.limits import Limits

_MAX_CONNECTIONS = 4096


def allow_connections() -> int:
    """Raise this process's limit of open files as far as the system lets it.

    Returns:
        Number of connections to allow: half of the files that may be open. If a connection found
        no file left, nobody could be accepted, and each one that waits would be an error in the
        log.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _MAX_CONNECTIONS if most == resource.RLIM_INFINITY else most
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return max(1, min(wanted // 2, _MAX_CONNECTIONS))


def limited(limits: Limits, max_connections: int) -> type[H11Protocol]:
    """Return the class of the connections of a server, for `uvicorn.Config(http=...)`."""

    class Limited(Connection):
        header_seconds = limits.header_seconds
        most = max_connections

    return Limited


class Connection(H11Protocol):
    """A connection that is closed if the headers of a request take too long.

    If there are too many connections, the one that has waited for headers longest is closed: a
    client that sends its request at once is answered even then.
    """

    header_seconds: float
    most: int

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for headers."""
        super().connection_made(transport)
        self._waiting_since = self.loop.time()
        self._deadline: asyncio.TimerHandle | None = None
        self._watch()
        if len(self.connections) > self.most:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Read a part of a request. Parts do not renew the time for headers."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_watching()
        super().connection_lost(exc)

    @property
    def _is_waiting(self) -> bool:
        """True if no request is being answered and the headers of the next are not complete."""
        return self.conn.their_state is h11.IDLE and not self.transport.is_closing()

    def _watch(self) -> None:
        if not self._is_waiting:
            self._waiting_since = self.loop.time()
            self._stop_watching()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.header_seconds, self._give_up)

    def _stop_watching(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        sentence = f"The headers did not arrive within {self.header_seconds:g} s."
        body = json.dumps({"detail": sentence}).encode()
        self.transport.write(
            b"HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        self.transport.close()

    def _make_room(self) -> None:
        others = [each for each in self.connections if isinstance(each, Connection)]
        waiting = [each for each in others if each._is_waiting]
        longest = min(waiting, key=lambda each: each._waiting_since, default=self)
        longest.transport.abort()
