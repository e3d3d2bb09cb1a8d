"""Clients that hold connections, or send slowly, do not keep others out. Real sockets."""

import http.client
import socket
import time
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

from automl.serving.limits import Limits
from tests.serving.conftest import picture
from tests.serving.test_server import text_of

HALF_A_HEADER = b"POST /score HTTP/1.1\r\nHost: x\r\nX-Slow: "


def connection(client):
    return socket.create_connection(urlsplit(client.url).netloc.split(":"), timeout=20)


def test_headers_that_do_not_arrive_are_given_up(serve):
    client = serve(limits=Limits(header_seconds=0.3))
    with connection(client) as slow:
        slow.settimeout(0.05)
        answer, deadline = b"", time.monotonic() + 20
        while b" 408 " not in answer:  # a byte now and then does not renew the time
            assert time.monotonic() < deadline
            try:
                slow.sendall(HALF_A_HEADER if not answer else b"a")
                answer += slow.recv(1000)
            except TimeoutError:
                continue
    assert b"0.3 s" in answer


def test_a_connection_may_wait_between_requests_for_longer_than_for_headers(serve):
    client = serve(limits=Limits(header_seconds=0.2))
    held = http.client.HTTPConnection(urlsplit(client.url).netloc, timeout=20)
    with closing(held), connection(client) as silent:
        held.request("GET", "/health")
        assert held.getresponse().read()
        kept = held.sock
        assert b" 408 " in silent.recv(1000)  # so the time has passed
        held.request("GET", "/health")
        assert held.getresponse().read()
        assert held.sock is kept


def test_more_connections_than_allowed_cost_the_one_that_has_waited_longest(serve):
    client = serve(max_connections=4)
    with ExitStack() as stack:
        held = [stack.enter_context(connection(client)) for _ in range(12)]
        for each in held[-2:]:
            each.sendall(HALF_A_HEADER)
        assert client.score(text_of(picture("red"))).status_code == 200
        assert held[0].recv(1) == b""
        held[-1].sendall(b"a\r\n\r\n")  # the youngest is still open: its request is answered
        assert b" 4" in held[-1].recv(100)


def test_slow_bodies_give_their_places_up_to_others(serve):
    client = serve(limits=Limits(max_concurrent_requests=1, crowded_body_seconds=0.3))
    with connection(client) as slow:
        slow.sendall(b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        statuses, deadline = [200], time.monotonic() + 20
        while statuses[-1] == 200:  # until the slow request has its place
            statuses.append(client.score(text_of(picture("red"))).status_code)
        assert statuses[-1] == 503
        while statuses[-1] == 503:
            assert time.monotonic() < deadline
            statuses.append(client.score(text_of(picture("red"))).status_code)
        assert statuses[-1] == 200
        assert b" 408 " in slow.recv(1000)


def test_pages_of_other_addresses_cannot_make_a_server_without_a_key_work(serve):
    client = serve(is_local=True)
    body = text_of(picture("red"))
    for origin in ("https://evil.test", "null", "http://127.0.0.1:1", "http://localhost"):
        response = client.score(body, headers={"Origin": origin})
        assert response.status_code == 403, origin
        assert "other addresses" in response.json()["detail"]
    assert client.score(body, headers={"Origin": client.url}).status_code == 200
