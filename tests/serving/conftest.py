import asyncio
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import onnx
import pytest
import requests
import uvicorn
from PIL import Image

from automl.serving import api, server
from automl.serving.limits import Limits
from automl.serving.metrics import Metrics
from automl.serving.models import Additions, Models
from tests.conftest import mean_colour

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


def picture(colour: str, *, side: int = 8, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), COLOURS[colour], np.uint8)).save(file, form)
    return file.getvalue()


def write_model(
    folder: Path, labels: tuple[str, ...] = ("red", "green", "blue"), **added: object
) -> Path:
    """A model that tells pictures apart by the colour there is most of; added: to its settings."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labels.json").write_text(json.dumps(labels))
    settings = {"trial_id": "t1", "validation_resize_size": 8, "validation_crop_size": 8, **added}
    (folder / "settings.json").write_text(json.dumps(settings))
    onnx.save(mean_colour(), folder / "model.onnx")
    return folder


class Client:
    """Asks a server as its users do."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **options: object) -> requests.Response:
        return requests.get(self.url + path, timeout=60, **options)

    def post(self, path: str, **options: object) -> requests.Response:
        return requests.post(self.url + path, timeout=60, **options)

    def score(self, *data: object, path: str = "/score", **options: object) -> requests.Response:
        body = {"input_data": {"columns": ["image"], "data": list(data)}}
        return self.post(path, json=body, **options)


@contextmanager
def served(  # noqa: PLR0913
    places: dict[str, Path],
    limits: Limits | None = None,
    keys: tuple[bytes, ...] = (),
    *,
    is_local: bool = False,
    max_connections: int = 100,
    additions: Additions | None = None,
) -> Iterator[Client]:
    """A server in a thread of this process."""
    limits = limits or Limits()
    metrics = Metrics()
    models = Models.load(places, limits, metrics.ran, additions or Additions())
    app = api.create(models, metrics, limits=limits, keys=keys, is_local=is_local)
    listening = server.listen("127.0.0.1", 0)
    running = uvicorn.Server(server.configuration(app, limits, max_connections))
    work = threading.Thread(target=lambda: asyncio.run(running.serve([listening])))
    work.start()
    try:
        yield Client(f"http://127.0.0.1:{listening.getsockname()[1]}")
    finally:
        running.should_exit = True
        work.join()


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("served") / "colours")


@pytest.fixture(scope="session")
def client(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Two models, the second with the labels the other way round."""
    other = write_model(tmp_path_factory.mktemp("served") / "other", ("blue", "green", "red"))
    with served({"colours": model_dir, "other": other}) as found:
        yield found


@pytest.fixture
def serve(model_dir: Path) -> Iterator[Callable[..., Client]]:
    """Serve the model with limits or keys of one's own."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(served({"colours": model_dir}, **options))
