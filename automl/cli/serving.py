"""`automl serve`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl.cli import lookup
from automl.cli.output import FAILED, fail, os_error_sentence, refusals, tell
from automl.host import extras

if TYPE_CHECKING:
    import socket

_NEEDED = ("fastapi", "prometheus_client", "python_multipart", "uvicorn")
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,99})=(.+)", re.DOTALL)


def serve(  # noqa: PLR0913 (the options of a command)
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="E…",
            help="An experiment's id or directory, or a directory with an exported model; several "
            "as name=E. The first one answers where none is named.",
        ),
    ],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen.")] = 8080,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    api_key_file: Annotated[
        Path | None,
        typer.Option(help="Answer only who sends a key of this file: Authorization: Bearer KEY."),
    ] = None,
    allow_anonymous: Annotated[
        bool, typer.Option(help="Answer anybody who can reach the host, without a key.")
    ] = False,
    max_request_mb: Annotated[float, typer.Option(min=0.001, help="Size of one request.")] = 32,
    max_pictures: Annotated[int, typer.Option(min=1, help="Pictures in one request.")] = 1000,
    max_megapixels: Annotated[float, typer.Option(min=0.001, help="Size of a picture.")] = 50,
    max_concurrent: Annotated[int, typer.Option(min=1, help="Requests at a time.")] = 32,
    max_batch: Annotated[int, typer.Option(min=1, help="Pictures in a run of the model.")] = 16,
    batch_window_ms: Annotated[
        float, typer.Option(min=0, max=1000, help="How long a batch waits for more pictures.")
    ] = 0,
) -> None:
    """Answer requests over HTTP: Azure's scoring JSON and uploaded pictures (docs/serving.md)."""
    if sentence := extras.missing("automl serve needs", _NEEDED, "serve"):
        fail(sentence)
    from automl.serving import keys, server
    from automl.serving.limits import Limits

    places = _places(models)
    with refusals():
        accepted = keys.read(api_key_file.expanduser()) if api_key_file else []
    if not (accepted or allow_anonymous or server.is_loopback(host)):
        fail(
            f"Whoever can reach {host} could use the model. Give a key with --api-key-file, or "
            "--allow-anonymous if that is meant."
        )
    limits = Limits(
        max_request_bytes=round(max_request_mb * 1e6),
        max_pictures=max_pictures,
        max_pixels=round(max_megapixels * 1e6),
        max_concurrent_requests=max_concurrent,
        max_batch_size=max_batch,
        batch_window_seconds=batch_window_ms / 1000,
    )
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def on_ready() -> None:
        tell(f"{', '.join(places)}: answers at {url}/score; {url}/docs says how to ask.")

    with refusals(), _listening(host, port) as listening:
        server.serve(places, listening, limits=limits, accepted_keys=accepted, on_ready=on_ready)


def _places(given: list[str]) -> dict[str, Path]:
    """Model directories by name."""
    places: dict[str, Path] = {}
    for text in given:
        named = None if Path(text).exists() else _NAMED.fullmatch(text)
        place = lookup.find_model(named[2] if named else text)
        name = named[1] if named else _name_of(place)
        if name in places:
            fail(f"Two models are called {name}. Name them: automl serve first=E second=E")
        places[name] = place
    return places


def _name_of(model_dir: Path) -> str:
    """As can stand in a URL."""
    name = model_dir.parent.name if model_dir.name == "best_model" else model_dir.name
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "model"


def _listening(host: str, port: int) -> "socket.socket":
    from automl.serving import server

    try:
        return server.listen(host, port)
    except OSError as error:
        fail(f"{host} port {port} cannot be used ({os_error_sentence(error)}) Try --port.", FAILED)
