"""A server from its first moment to its last."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import uvicorn

from automl.serving import api
from automl.serving.limits import Limits
from automl.serving.metrics import Metrics
from automl.serving.models import Models

_BACKLOG = 2048
_KEEP_ALIVE_SECONDS = 75  # longer than the minute for which proxies usually keep a connection


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound, so that a port in use is found out before the models are loaded.

    Raises:
        OSError: it cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named as TCP, or asyncio leaves Nagle's algorithm on, which holds an answer back for 40 ms
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def serve(
    places: Mapping[str, Path],
    listening: socket.socket,
    *,
    limits: Limits,
    accepted_keys: Sequence[bytes],
    on_ready: Callable[[], None],
) -> None:
    """Serve the model directories by name until SIGTERM or SIGINT; then answer what is in flight.

    Raises:
        ValueError: a model cannot be used.
    """
    metrics = Metrics()
    models = Models.load(places, limits, metrics.ran)
    is_local = is_loopback(listening.getsockname()[0]) and not accepted_keys
    app = api.create(models, metrics, limits=limits, accepted_keys=accepted_keys, is_local=is_local)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=round(limits.shutdown_seconds),
    )
    asyncio.run(_Server(config, on_ready).serve([listening]))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._on_ready()
