"""Start and end of a server."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from automl.errors import ServingError
from automl.serving import api, connections
from automl.serving.admission import is_loopback
from automl.serving.keeping import Keeper, Keeping
from automl.serving.limits import Limits
from automl.serving.metrics import Metrics
from automl.serving.models import Additions, Models
from automl.serving.shadow import Shadow

_BACKLOG = 2048
_KEEP_ALIVE_SECONDS = 75  # longer than the 60 s for which proxies usually keep a connection


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. A port in use is noticed here, before the models are loaded.

    Raises:
        ServingError: the host is not valid, or the port is in use or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns off Nagle's algorithm, which delays answers by 40 ms, only for IPPROTO_TCP
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except (OSError, UnicodeError) as error:  # UnicodeError: no host name, such as "a..b"
        listening.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ServingError(
            f"{host} port {port} cannot be used ({reason}). Choose another --port or --host."
        ) from error
    return listening


def serve(  # noqa: PLR0913
    model_dirs: Mapping[str, Path],
    listening: socket.socket,
    *,
    limits: Limits,
    keys: Sequence[bytes],
    on_ready: Callable[[], None],
    additions: Additions,
    shadow_folder: Path | None = None,
    keeping: Keeping | None = None,
) -> None:
    """Serve models until SIGTERM or SIGINT, then answer the requests in flight.

    Args:
        model_dirs: model directories by name.
        listening: a socket of `listen`.
        limits: limits of the server.
        keys: API keys; without any, no key is needed.
        on_ready: called when the first request can be answered.
        additions: to the answers of `/score`.
        shadow_folder: has the pair of the first model and one that answers beside it.
        keeping: which pictures and answers are kept; None: none.

    Raises:
        PredictionError: a model cannot be loaded or run.
        UserError: see `Keeper`.
    """
    metrics = Metrics()
    with contextlib.ExitStack() as listeners:
        keeper = None
        if keeping is not None:
            keeper = listeners.enter_context(contextlib.closing(Keeper(keeping)))
        models = Models.load(model_dirs, limits, metrics.ran, additions)
        if shadow_folder is not None:
            shadow = Shadow(
                shadow_folder,
                max_pixels=limits.max_pixels,
                on_exchange=models.replace_default,
                on_outcome=metrics.shadowed,
            )
            second = listeners.enter_context(contextlib.closing(shadow))
            models.default.listeners.append(second.offer)
        if keeper is not None:
            for model in models.by_name.values():
                model.listeners.append(keeper.keep)
        is_local = is_loopback(listening.getsockname()[0]) and not keys
        app = api.create(models, metrics, limits=limits, keys=keys, is_local=is_local)
        max_connections = connections.allow_connections()
        config = configuration(app, limits, max_connections)
        asyncio.run(_Server(config, on_ready).serve([listening]))


def configuration(app: FastAPI, limits: Limits, max_connections: int) -> uvicorn.Config:
    """Return the settings of a server of `app` with at most `max_connections`."""
    return uvicorn.Config(
        app,
        http=connections.limited(limits, max_connections),
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        # asyncio accepts so many at once, before it has closed those beyond the limit
        backlog=max(1, min(_BACKLOG, max_connections // 8)),
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=round(limits.shutdown_seconds),
    )


class _Server(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._on_ready()
