"""An address at which no Ray head answers is refused in seconds, with what was found there."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from automl.engine import cluster, head_address
from automl.errors import ClusterError, UserError


@contextmanager
def listening(answer: bytes) -> Iterator[str]:
    """Address of a server that gives an answer to whatever it is sent."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1024)
            self.request.sendall(answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "ray://10.0.0.1:10001", "http://head:8265", ":6379", "head:0", "head:99999", ""],
)
def test_an_address_of_another_form_is_refused_before_anything_is_tried(address: str) -> None:
    with pytest.raises(UserError, match="should be the host and the port"):
        cluster.join(address)


def test_a_port_where_nothing_listens_is_refused_in_seconds() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(ClusterError, match=rf":{free}, .*: connection refused.*ray status"):
        head_address.check(f"127.0.0.1:{free}", patience_seconds=0.6)
    assert time.monotonic() - started < 5
    assert not head_address.accepts_connections(f"127.0.0.1:{free}")


def test_a_name_that_nobody_knows_is_named() -> None:
    with pytest.raises(ClusterError, match=r"the name head\.invalid is not known here"):
        head_address.check("head.invalid:6379", patience_seconds=0)


def test_another_program_is_told_from_ray() -> None:
    with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address:
        with pytest.raises(ClusterError, match="another program listens at this port"):
            head_address.check(address, patience_seconds=0)
        assert head_address.accepts_connections(address)
    with listening(bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])) as address:
        head_address.check(address, patience_seconds=0)
