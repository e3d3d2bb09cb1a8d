"""`automl serve`."""

import contextlib
import filecmp
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl.cli import audited, lookup, shadows
from automl.cli.output import fail, http_address, refusals, tell
from automl.cli.predictions import FalseAlarms
from automl.host import extras

if TYPE_CHECKING:
    from automl.access.audit import Note

_PACKAGES = ("fastapi", "prometheus_client", "python_multipart", "uvicorn")
_MAX_MB = 1_000_000_000
"""A petabyte; infinity is no number of bytes."""

_NAMED_MODEL = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,99})=(.+)", re.DOTALL)


def serve(  # noqa: PLR0913 (the options of a command)
    ctx: typer.Context,
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="E…",
            help="An experiment's id or directory, or a directory with an exported model; several "
            "models as name=E. The first one answers requests without a model name.",
        ),
    ],
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8080,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            help="Answer only requests with a key from this file: Authorization: Bearer KEY."
        ),
    ] = None,
    allow_anonymous: Annotated[bool, typer.Option(help="Answer requests without a key.")] = False,
    max_request_mb: Annotated[
        float, typer.Option(min=0.001, max=_MAX_MB, help="Largest request in MB.")
    ] = 32,
    max_pictures: Annotated[int, typer.Option(min=1, help="Pictures per request.")] = 1000,
    max_megapixels: Annotated[
        float, typer.Option(min=0.001, max=_MAX_MB, help="Megapixels per picture.")
    ] = 50,
    max_concurrent: Annotated[int, typer.Option(min=1, help="Requests at the same time.")] = 32,
    max_batch: Annotated[int, typer.Option(min=1, help="Pictures per model run.")] = 16,
    batch_window_ms: Annotated[
        float, typer.Option(min=0, max=1000, help="Milliseconds a batch waits for more pictures.")
    ] = 0,
    flag_unlike: Annotated[
        bool,
        typer.Option(
            "--flag-unlike",
            help="Say in each answer of /score whether the picture is unlike the training data.",
        ),
    ] = False,
    false_alarms: FalseAlarms = None,
    coverage: Annotated[
        float | None,
        typer.Option(
            min=0.5, max=0.999, help="Add the labels of which one is right with this probability."
        ),
    ] = None,
    shadow: Annotated[
        str | None,
        typer.Option(
            metavar="E2",
            help="A second model that answers the same requests unseen; automl shadow says how "
            "far the two agree, automl promote makes it the first.",
        ),
    ] = None,
    shadow_folder: Annotated[
        Path | None, typer.Option(help="Where both answers are recorded; else in our home.")
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep answers here, and pictures that the model was unsure of or that are unlike "
            "the training data, with a sample of the others; nothing is kept otherwise.",
        ),
    ] = None,
    keep_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the other pictures that is kept.")
    ] = 0.01,
    keep_limit: Annotated[int, typer.Option(min=1, help="Most pictures that are kept.")] = 1000,
    keep_mb: Annotated[
        float,
        typer.Option(min=0.001, max=_MAX_MB, help="Most megabytes of pictures that are kept."),
    ] = 1000,
) -> None:
    """Answer requests over HTTP: Azure's scoring JSON and uploaded pictures (docs/serving.md)."""
    if sentence := extras.missing(
        "automl serve needs {packages}, not installed here: pip install {wanted}",
        _PACKAGES,
        "serve",
    ):
        fail(sentence)
    from automl.serving import admission, server
    from automl.serving.keeping import Keeping
    from automl.serving.limits import Limits
    from automl.serving.models import Additions
    from automl.serving.shadow_folder import load_pair

    model_dirs = _model_dirs(models)
    with refusals():
        keys = admission.read_keys(api_key_file) if api_key_file else []
    if not (keys or allow_anonymous or admission.is_loopback(host)):
        fail(
            f"Everybody who can reach {host} could use the model. Require a key with "
            "--api-key-file, or allow everybody with --allow-anonymous."
        )
    recorded = _with_shadow(model_dirs, shadow, shadow_folder)
    limits = Limits(
        max_request_bytes=round(max_request_mb * 1e6),
        max_pictures=max_pictures,
        max_pixels=round(max_megapixels * 1e6),
        max_concurrent_requests=max_concurrent,
        max_batch_size=max_batch,
        batch_window_seconds=batch_window_ms / 1000,
    )
    keeping = None
    if keep is None:
        _refuse_limits_alone(ctx)
    else:
        folder = keep.absolute()
        with refusals(), _recorded("keep_pictures", model_dirs, folder=str(folder)):
            keeping = Keeping(folder, keep_share, keep_limit, round(keep_mb * 1e6))
    url = http_address(host, port)

    def on_ready() -> None:
        note_ready()
        tell(f"{', '.join(model_dirs)}: answers at {url}/score; {url}/docs describes the requests.")
        if recorded is not None:
            first = next(iter(model_dirs.values()))
            command = f"automl shadow {shlex.quote(str(recorded))}"
            tell(f"{first} answers first. How far the two agree: {command}")
            pair = load_pair(recorded)
            if pair and (said := shadows.other_labels(pair)):
                tell(said)

    with (
        refusals(),
        _in_service(model_dirs, address=url) as note_ready,
        server.listen(host, port) as listening,
    ):
        server.serve(
            model_dirs,
            listening,
            limits=limits,
            keys=keys,
            on_ready=on_ready,
            additions=Additions(flag_unlike, coverage, false_alarms),
            shadow_folder=recorded,
            keeping=keeping,
        )


@contextlib.contextmanager
def _in_service(model_dirs: dict[str, Path], **details: str) -> Iterator[Callable[[], None]]:
    """Record a server: its start once what is yielded was called, and its end after the block."""
    is_ready = False
    try:
        with contextlib.ExitStack() as start:
            start.enter_context(_recorded("serve", model_dirs, **details))

            def note_ready() -> None:
                nonlocal is_ready
                start.close()
                is_ready = True

            yield note_ready
    finally:
        if is_ready:
            with _recorded("stop_serving", model_dirs, **details):
                pass


def _recorded(
    action: str, model_dirs: dict[str, Path], **details: str
) -> contextlib.AbstractContextManager["Note"]:
    """Record an act with models under their names, of the experiment of the first one."""
    models = ", ".join(f"{name}: {place}" for name, place in model_dirs.items())
    experiment = lookup.experiment_of(next(iter(model_dirs.values())))
    return audited.recorded(action, experiment, models=models, **details)


def _refuse_limits_alone(ctx: typer.Context) -> None:
    """Refuse limits of what is kept where nothing is."""
    for name in ("keep_share", "keep_limit", "keep_mb"):
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = name.replace("_", "-")
            fail(f"--{option} is for kept pictures. Name their folder with --keep, too.")


def _model_dirs(models: list[str]) -> dict[str, Path]:
    """Return model directories by name, from arguments E and NAME=E."""
    model_dirs: dict[str, Path] = {}
    for text in models:
        match = None if Path(text).exists() else _NAMED_MODEL.fullmatch(text)
        model_dir = lookup.find_model(match[2] if match else text)
        name = match[1] if match else _url_name(model_dir)
        if name in model_dirs:
            fail(f"Two models are called {name}. Name them: automl serve first=E second=E")
        model_dirs[name] = model_dir
    return model_dirs


def _with_shadow(
    model_dirs: dict[str, Path], shadow: str | None, folder: Path | None
) -> Path | None:
    """Prepare the folder of the first model and its shadow; an exchange of the two is kept."""
    from automl.host import home
    from automl.serving.shadow import prepared

    if shadow is None:
        if folder is not None:
            fail("--shadow-folder is for a second model. Name it with --shadow, too.")
        return None
    name, first = next(iter(model_dirs.items()))
    second = lookup.find_model(shadow)
    if _answer_alike(first, second):
        fail(f"--shadow names {shadow}, which answers already. Name a model of another trial.")
    folder = folder or home.shadows_dir() / f"{name}--{_url_name(second)}"
    folder = folder.absolute()
    details = {"first": str(first), "second": str(second), "folder": str(folder)}
    with refusals(), audited.recorded("add_shadow", lookup.experiment_of(first), **details):
        pair = prepared(folder, first, second)
    model_dirs[name] = pair.first
    return folder


def _answer_alike(first: Path, second: Path) -> bool:
    """Return True for one model, also if it was exported twice."""
    return all(
        filecmp.cmp(first / name, second / name, shallow=False) for name in lookup.MODEL_FILES
    )


def _url_name(model_dir: Path) -> str:
    """Return a name for the model that is valid in a URL."""
    name = lookup.experiment_of(model_dir) or model_dir.name
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "model"
