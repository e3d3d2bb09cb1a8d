"""Python runs this at the start of every process that has this folder on its path.

It refuses every connection that leaves the machine, and every look-up of a name, and writes down
the host in the file `AUTOML_TEST_CONNECTIONS`.
"""

import ipaddress
import os
import sys
from typing import Any


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return host in ("", "localhost", os.uname().nodename)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else ""  # else a file's name
    elif event == "socket.getaddrinfo":
        host = arguments[0] or ""
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host)
    if _is_here(name):
        return
    with open(os.environ["AUTOML_TEST_CONNECTIONS"], "a") as file:  # noqa: PTH123 (imports little)
        file.write(f"{name}\n")
    raise ConnectionRefusedError(f"the network is blocked for this test: {name}")


sys.addaudithook(_watch)
