"""The address of the head of a Ray cluster: its form, and whether Ray answers there.

Ray itself tries an address at which nothing answers for minutes, without an error.
"""

import socket
import time

from automl.errors import ClusterError
from automl.jobs import machine_share
from automl.texts import mark

_PATIENCE_SECONDS = 8.0
_TRY_SECONDS = 2.0
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""The start of a connection in HTTP/2, which gRPC uses, with empty settings (RFC 9113, 3.4)."""

_SETTINGS = 4
"""Type of the frame that a server sends first, in byte 3 of its header."""


def check(address: str, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
    """Refuse an address at which no Ray head answers; `auto` is left to Ray.

    Raises:
        UserError: it is not the address of a head.
        ClusterError: nothing answers there, or another program than Ray.
    """
    if address == "auto":
        return
    host, port = machine_share.host_and_port(address)
    deadline = time.monotonic() + patience_seconds
    while (reason := _reason_against(host, port)) and time.monotonic() < deadline:
        time.sleep(0.5)
    if reason:
        raise ClusterError(
            f"ray_address is {address}, where no head of a Ray cluster answers: {reason}. It was "
            f"tried for {patience_seconds:.0f} seconds. Look with `ray status` on the head whether "
            "it runs, at which address, and whether a firewall is in between; or leave ray_address "
            "out to run on this machine."
        )


def accepts_connections(address: str) -> bool:
    """True if anything does there."""
    host, port = machine_share.host_and_port(address)
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _reason_against(host: str, port: int) -> str:
    """Why no Ray head answers there; empty if one may."""
    try:
        with socket.create_connection((host, port), timeout=_TRY_SECONDS) as connection:
            connection.sendall(_PREFACE)
            answer = connection.recv(9)
    except socket.gaierror:
        return mark(f"the name {host} is not known here")
    except TimeoutError:
        return mark("there is no answer")
    except OSError as error:
        return (error.strerror or str(error)).lower()
    is_http2 = len(answer) > 3 and answer[3] == _SETTINGS
    return "" if is_http2 else mark("another program listens at this port")
