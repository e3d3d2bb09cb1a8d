"""Read URLs from untrusted tables, but only from public addresses (protection against SSRF).

Every address of a host name is checked, at every redirect, and the connection is made to the
address that was checked, so that a name cannot change its address in between (DNS rebinding).
`AUTOML_ALLOW_PRIVATE_URLS=1` turns the checks off; only then are the system's proxy settings used,
as a proxy would connect without the checks.
"""

import contextlib
import errno
import functools
import http.client
import ipaddress
import os
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from automl.texts import mark

TIMEOUT_SECONDS = 15.0
_AGENT = "automl-image-classification"  # some servers refuse requests without a user agent
_MAX_REASON = 200
_CHUNK = 1 << 16
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


class PrivateAddressError(OSError):
    """The URL leads to an address in a private network."""


class TooLargeError(OSError):
    """The content is larger than allowed."""


@contextlib.contextmanager
def open_url(url: str) -> Iterator[http.client.HTTPResponse]:
    """Open the content of a URL.

    Raises:
        OSError, http.client.HTTPException, ValueError: the URL is invalid, or the server's answer
            is an error; `reason` says which.
    """
    request = urllib.request.Request(_quoted(url), headers={"User-Agent": _AGENT})
    with _opener(_may_be_private()).open(request, timeout=TIMEOUT_SECONDS) as answer:
        yield answer
        if answer.length:  # reading in pieces ends quietly where the connection broke off
            raise ConnectionResetError(mark("it was cut off"))


def download(url: str, *, max_bytes: int, max_seconds: float = 60.0) -> bytes:
    """Content of a URL.

    Raises:
        OSError, http.client.HTTPException, ValueError: as of `open_url`, or the content is larger
            or takes longer than allowed; `reason` says which.
    """
    until = time.monotonic() + max_seconds
    content = bytearray()
    with open_url(url) as answer:
        while chunk := answer.read1(_CHUNK):  # what is there: a slow server is noticed
            content += chunk
            if len(content) > max_bytes:
                raise TooLargeError(f"it is larger than {max_bytes / 1e6:,.0f} MB")
            if time.monotonic() > until:
                raise TimeoutError
    return bytes(content)


def is_silence(error: Exception) -> bool:
    """True if the server did not answer, so that it is of little use to ask it for more."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return isinstance(cause, TimeoutError | ConnectionError | socket.gaierror) or (
        isinstance(cause, OSError) and cause.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH)
    )


def reason(error: Exception) -> str:
    """The error as the end of a sentence that starts with the URL; closes the server's answer."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return mark(f"was answered with {error.code} {_one_line(error.reason)}")
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, PrivateAddressError):
        return str(cause)
    if isinstance(cause, TimeoutError):
        return mark("was not answered in time")
    return mark(f"could not be downloaded ({_one_line(cause) or type(cause).__name__})")


def shown(url: str) -> str:
    """The URL without the parts that may be secret: user, password and query."""
    return url.partition("?")[0].partition("#")[0].replace(_user(url), "")


def _one_line(text: object) -> str:
    return "".join(c if c.isprintable() else " " for c in str(text)[:_MAX_REASON])


def _user(url: str) -> str:
    authority = url.partition("://")[2].partition("/")[0]
    return authority[: authority.rfind("@") + 1]


def _quoted(url: str) -> str:
    """The URL with blanks and letters that are not ASCII percent-encoded."""
    scheme, host, path, query, _ = urlsplit(url)
    safe = "%/:=&?~+!$,;'@()*[]"
    return urlunsplit((scheme, host, quote(path, safe=safe), quote(query, safe=safe), ""))


def _may_be_private() -> bool:
    return os.environ.get("AUTOML_ALLOW_PRIVATE_URLS") == "1"


@functools.cache
def _opener(may_be_private: bool) -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    checked = (_CheckedHTTP(), _CheckedHTTPS())
    anywhere = (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
    )
    for handler in (
        *(anywhere if may_be_private else checked),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),  # a redirect to ftp: or file: ends here
    ):
        opener.add_handler(handler)
    return opener


class _PromptResponse(http.client.HTTPResponse):
    """An answer whose headers arrive in time as a whole.

    The time limit of a socket is one for each of its reads: a byte now and then would renew it.
    """

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self._sock = sock
        self._is_late = False

    def begin(self) -> None:
        timer = threading.Timer(TIMEOUT_SECONDS, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            super().begin()
        finally:
            timer.cancel()
            if self._is_late:
                raise TimeoutError

    def _give_up(self) -> None:
        self._is_late = True
        with contextlib.suppress(OSError):  # it may be closed already
            self._sock.shutdown(socket.SHUT_RDWR)


class _CheckedConnection(http.client.HTTPConnection):
    response_class = _PromptResponse

    def connect(self) -> None:
        self.sock = _connect_to_public(self.host, self.port)


class _CheckedTLSConnection(http.client.HTTPSConnection):
    response_class = _PromptResponse

    def connect(self) -> None:
        plain = _connect_to_public(self.host, self.port)
        self.sock = _tls().wrap_socket(plain, server_hostname=self.host)


class _CheckedHTTP(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_CheckedConnection, req)


class _CheckedHTTPS(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_CheckedTLSConnection, req)


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _connect_to_public(host: str, port: int) -> socket.socket:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(address[0]) for *_, address in infos]
    for address in addresses:
        if not is_public(address):
            raise PrivateAddressError(
                f"leads to {address}, an address inside of a private network, which is not read "
                "unless AUTOML_ALLOW_PRIVATE_URLS=1 is set"
            )
    *others, last = addresses
    for address in others:
        try:
            return socket.create_connection((address, port), TIMEOUT_SECONDS)
        except OSError:
            continue  # the next address of the same server
    return socket.create_connection((last, port), TIMEOUT_SECONDS)


def is_public(address: str) -> bool:
    """True if an IP address can be reached from the whole internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip not in _GLOBAL_UNICAST or ip.sixtofour is not None:
            return False
    return ip.is_global and not ip.is_multicast
