"""`automl app`."""

import errno
import os
import re
import shlex
import socket
import sys
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from automl import errors
from automl.cli.output import fail, http_address, tell
from automl.dataset import data_roots
from automl.host import app_files

_HOST = "127.0.0.1"
_OWN_HOSTS = (_HOST, "localhost", "::1")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<name>[\w.-]+)(:(?P<port>\d{1,5}))?", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65_535
_SECRETS = (Path(".streamlit"), Path("~/.streamlit"), app_files.folder() / ".streamlit")
"""Folders in which Streamlit searches for secrets.toml."""


def open_app(  # noqa: PLR0913 (options of a command)
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the app.")] = 8501,
    data_root: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder whose data the app may read, instead of your home and the working "
            "directory; repeatable."
        ),
    ] = None,
    host_name: Annotated[
        list[str] | None,
        typer.Option(help="Host name of the app behind a proxy; repeatable."),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            help="Address of the app in browsers, such as https://automl.example.com, behind a "
            "proxy that changes the Host header; repeatable."
        ),
    ] = None,
    team: Annotated[
        bool,
        typer.Option("--team", help="People must sign in; see docs/security.md."),
    ] = False,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = _HOST,
    allow_anonymous: Annotated[
        bool,
        typer.Option("--allow-anonymous", help="Let everybody in who can reach --host."),
    ] = False,
) -> None:
    """Serve the app to browsers on this machine; Ctrl-C ends it, experiments go on."""
    if data_root:
        os.environ[data_roots.VARIABLE] = os.pathsep.join(map(_usable_root, data_root))
    if team:
        _check_sign_in()
    elif host not in _OWN_HOSTS and not allow_anonymous:
        fail(
            f"Everybody who can reach {host} could use the app. Ask people to sign in with --team, "
            "or let everybody in with --allow-anonymous."
        )
    origins = [_usable_origin(text) for text in origin or []]
    if team or host not in _OWN_HOSTS:
        os.environ[data_roots.TABLES_VARIABLE] = "1"
    script = app_files.folder() / ("team.py" if team else "local.py")
    if problem := _port_problem(host, port):
        fail(problem)
    tell(f"The app is at {http_address(host, port)} (Ctrl-C ends it; experiments go on).")
    options = [f"--server.port={port}", f"--server.address={host}"]
    if host not in _OWN_HOSTS:  # to print its address, Streamlit would ask a server on the internet
        options.append(f"--browser.serverAddress={host}")
    options += [f"--server.corsAllowedOrigins={text}" for text in origins]
    if names := [*(host_name or []), *(_ORIGIN.sub(r"\g<name>", text) for text in origins)]:
        options += [f"--server.allowedHosts={name}" for name in ("localhost", _HOST, *names)]
    program = [sys.executable, "-m", "automl.ui.server", str(script), *options]
    os.execv(sys.executable, program)  # this process becomes the server and gets its signals


def _check_sign_in() -> None:
    """Refuse to start a team's app that admits everybody or nobody."""
    from automl.access import permissions

    try:
        people = permissions.load().people
    except errors.NotAllowedError as error:
        fail(str(error))
    if not people:
        fail(f"{permissions.path()} admits nobody. Add people to it; see docs/security.md.")
    secrets = [folder.expanduser().absolute() / "secrets.toml" for folder in _SECRETS]
    paths, existing = ", ".join(map(str, secrets)), [path for path in secrets if path.is_file()]
    for path in existing:
        if path.stat().st_mode & 0o077:
            remedy = f"chmod 600 {shlex.quote(str(path))}"
            fail(f"{path} can be read by other users of this machine. Run: {remedy}")
    try:
        contents = [tomllib.loads(path.read_text("utf-8")) for path in existing]
    except ValueError as error:  # not TOML, or not text
        fail(f"A secrets.toml ({paths}) cannot be read: {error}.")
    if not any("auth" in content for content in contents):
        fail(f"There is no [auth] section in {paths}. Add one; see docs/security.md.")


def _usable_root(folder: Path) -> str:
    path = folder.absolute()
    if not path.is_dir():
        fail(f"--data-root {folder} is not a folder. Choose an existing one.")
    if os.pathsep in str(path):
        fail(f"--data-root {folder} has a {os.pathsep} in its name. Choose a link to it instead.")
    return str(path)


def _usable_origin(text: str) -> str:
    """The origin as browsers send it: without the port that its scheme has anyway."""
    found = _ORIGIN.fullmatch(text.lower())
    port = int(found["port"] or _DEFAULT_PORTS[found["scheme"]]) if found else 0
    if found is None or not 0 < port <= _MAX_PORT:
        fail(
            f"--origin {errors.short(text)} is no address of a page. Give scheme and name, perhaps "
            f"with a port from 1 to {_MAX_PORT}, and nothing else: https://automl.example.com or "
            "https://automl.example.com:8443."
        )
    address = f"{found['scheme']}://{found['name']}"
    return address if port == _DEFAULT_PORTS[found["scheme"]] else f"{address}:{port}"


def _port_problem(host: str, port: int) -> str | None:
    """Check the address, because Streamlit would fail only after its start.

    Returns:
        The reason why it cannot be used, or None if it can.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            return f"Port {port} is reserved for the system. Choose one above 1023 with --port."
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                return f"--host {host} is no address of this machine. Choose one, such as 0.0.0.0."
            return f"Port {port} is in use. Choose another one: automl app --port {port + 1}."
    return None
