import contextlib
import socket
import threading
import time

import pytest

from automl.dataset import public_http
from automl.dataset.public_http import is_public, open_url, shown

PUBLIC = "93.184.216.34"


def fetch(url: str) -> bytes:
    with open_url(url) as answer:
        return b"".join(iter(lambda: answer.read(3), b""))  # in pieces, like a download


def failure(url: str) -> str:
    with pytest.raises((OSError, ValueError)) as caught:
        fetch(url)
    return public_http.reason(caught.value)


@pytest.fixture
def internet(monkeypatch, website):
    """The website under the name public.test with a public address; private.test is next door.

    Returns:
        The addresses that were connected to.
    """
    names = {"public.test": [PUBLIC], "private.test": ["127.0.0.1"], "both.test": [PUBLIC, "::1"]}
    real_lookup, real_connect = socket.getaddrinfo, socket.create_connection
    connected = []

    def lookup(host, port, *args, **options):
        if host not in names:
            return real_lookup(host, port, *args, **options)
        return [(0, 0, 0, "", (address, port)) for address in names[host]]

    def connect(address, *args, **options):
        connected.append(address[0])
        return real_connect(("127.0.0.1", website.server_port), *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket, "create_connection", connect)
    return connected


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fec0::1"),
        *("ff02::1", "2001:db8::1", "::127.0.0.1"),
    ],
)
def test_addresses_inside_of_a_network_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "::ffff:93.184.216.34", "2606:4700:4700::1111"])
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]"])
def test_this_machine_is_not_read_however_it_is_written(website, host):
    website.files["/a.png"] = b"secret"
    said = failure(f"http://{host}:{website.server_port}/a.png")
    assert "inside of a private network" in said
    assert "AUTOML_ALLOW_PRIVATE_URLS=1" in said
    assert website.asked == []


@pytest.mark.usefixtures("private_allowed")
def test_with_permission_this_machine_is_read(website):
    website.files["/a.png"] = b"one"
    assert fetch(f"{website.url}/a.png") == b"one"


@pytest.mark.usefixtures("private_allowed")
def test_a_download_is_whole_or_refused(website):
    website.files["/a.png"] = bytes(300_000)
    url = f"{website.url}/a.png"
    assert public_http.download(url, max_bytes=300_000) == bytes(300_000)
    with pytest.raises(public_http.TooLargeError, match="larger than 0 MB"):
        public_http.download(url, max_bytes=299_999)
    with pytest.raises(TimeoutError):
        public_http.download(url, max_bytes=300_000, max_seconds=0)


@pytest.mark.usefixtures("private_allowed")
def test_a_server_that_drips_is_given_up_in_time():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=_drip, args=(listening,))
        server.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/a.png"
        with pytest.raises(TimeoutError):
            public_http.download(url, max_bytes=300_000, max_seconds=0.2)
        server.join(timeout=30)  # sooner than its last byte


def test_a_server_whose_headers_drip_is_given_up_in_time(monkeypatch):
    monkeypatch.setattr(public_http, "TIMEOUT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        dripping = socket.create_connection(listening.getsockname(), 20)
        monkeypatch.setattr(public_http, "_connect_to_public", lambda *_: dripping)
        server = threading.Thread(target=_drip, args=(listening, b"HTTP/1.1 200 OK\r\nX-Slow: "))
        server.start()
        assert failure("http://public.test/a.png") == "was not answered in time"
        server.join(timeout=30)  # sooner than its last byte


def _drip(listening, start=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"):
    connection, _ = listening.accept()
    with connection, contextlib.suppress(OSError):
        connection.sendall(start)
        for _ in range(1000):
            connection.sendall(b"x")
            time.sleep(0.1)


def test_a_public_server_is_read_at_the_address_that_was_checked(internet, website):
    website.files["/a.png"] = b"one"
    assert fetch("http://public.test/a.png") == b"one"
    assert internet == [PUBLIC]


def test_a_name_with_one_private_address_among_others_is_refused(internet):
    assert "leads to ::1" in failure("http://both.test/a.png")
    assert internet == []


def test_a_redirect_into_the_private_network_is_refused(internet, website):
    website.files["/a.png"] = b"secret"
    assert "leads to 127.0.0.1" in failure("http://public.test/to?http://private.test/a.png")
    assert internet == [PUBLIC]


def test_a_redirect_to_a_public_server_is_followed(internet, website):
    website.files["/a.png"] = b"one"
    assert fetch("http://public.test/to?http://public.test/a.png") == b"one"
    assert internet == [PUBLIC, PUBLIC]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://public.test/a", "data:,x"])
def test_a_redirect_leads_to_no_other_kind_of_url(internet, target):
    said = failure(f"http://public.test/to?{target}")
    assert "302" in said or "unknown url type" in said
    assert internet == [PUBLIC]


def test_the_systems_proxy_does_not_get_round_the_check(website, monkeypatch):
    monkeypatch.setenv("http_proxy", website.url)
    assert "private network" in failure("http://127.0.0.1:1/a.png")
    assert website.asked == []


@pytest.mark.usefixtures("private_allowed")
def test_blanks_and_other_alphabets_in_a_url_are_spelt_out(website):
    website.files["/caf%C3%A9%20(1).png?a=b%20c"] = b"1"
    assert fetch(f"{website.url}/café (1).png?a=b c") == b"1"


@pytest.mark.usefixtures("private_allowed")
def test_an_answer_that_breaks_off_is_an_error(website):
    website.files["/cut/a.png"] = b"half"
    assert "cut off" in failure(f"{website.url}/cut/a.png")


@pytest.mark.usefixtures("private_allowed")
def test_what_went_wrong_is_said_in_one_line(website):
    assert failure(f"{website.url}/404") == "was answered with 404 Not Found"
    assert "could not be downloaded" in failure("http://127.0.0.1:1/a.png")
    assert "could not be downloaded" in failure("http://[x/a.png")
    assert public_http.reason(TimeoutError()) == "was not answered in time"
    assert "\n" not in public_http.reason(ValueError("a\nb"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.b/c.png?sig=secret#x", "https://a.b/c.png"),
        ("https://ann:secret@a.b/c.png", "https://a.b/c.png"),
        ("s3://bucket/c@d.png", "s3://bucket/c@d.png"),
    ],
)
def test_secrets_in_urls_are_not_shown(url, expected):
    assert shown(url) == expected
