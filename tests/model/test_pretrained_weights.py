"""Weights come from a folder, the Hub or a package; whatever the Hub does, `auto` trains anyway."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from automl import errors
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import building, pretrained_weights

MODEL = "test_resnet.r160_in1k"
CLASSES = ["blue", "green", "red"]


@pytest.fixture(autouse=True)
def _asks_anew() -> Iterator[None]:
    pretrained_weights.forget()
    yield
    pretrained_weights.forget()


class Answers(BaseHTTPRequestHandler):
    """A Hub that answers at its root and does something wrong for every file."""

    def do_HEAD(self) -> None:
        self.server.paths.append(self.path)  # type: ignore[attr-defined]
        if self.path.endswith(("/", "invalid")):
            self.send_response(200)
            self.end_headers()
        else:
            self.server.on_file(self)  # type: ignore[attr-defined]

    do_GET = do_HEAD  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


def nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"this is not HTTP\r\n\r\n")


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def not_found(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(404)
    handler.end_headers()


def no_commit(handler: BaseHTTPRequestHandler) -> None:
    """As a gateway that answers everything with its own page."""
    handler.send_response(200)
    handler.end_headers()


@contextmanager
def hub(on_file: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    server.on_file, server.paths = on_file, []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def address(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


PROGRAM = f"""
import logging, time
from automl.model import pretrained_weights
logging.disable()
started = time.monotonic()
for name in ("{MODEL}", "test_vit.r160_in1k", "test_byobnet.r160_in1k"):
    assert pretrained_weights.find(name) is None
print(time.monotonic() - started)
print(pretrained_weights.why_missing("{MODEL}"))
"""


SHORTER = "from automl.model import weights_hub; weights_hub.WAIT_SECONDS = 0.3\n"


def looked_up(
    endpoint: str, folder: Path, *, program: str = PROGRAM, **environment: str
) -> tuple[float, str]:
    """Seconds for three models, and why there are no weights; in a process of its own, since
    huggingface_hub reads its settings when it is imported."""
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    names = {*proxies, *(name.lower() for name in proxies), "AUTOML_WEIGHTS_DIR", "HF_HUB_OFFLINE"}
    kept = {name: value for name, value in os.environ.items() if name not in names}
    ours = {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder), "HF_HUB_ETAG_TIMEOUT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={**kept, **ours, **environment},
    )
    seconds, reason = done.stdout.splitlines()
    return float(seconds), reason


@pytest.mark.parametrize("on_file", [nonsense, hang_up, not_found, no_commit])
def test_whatever_the_hub_does_wrong_there_are_no_weights_and_a_reason(
    tmp_path: Path, on_file: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    with hub(on_file) as server:
        _, reason = looked_up(address(server), tmp_path)
        asked = [path for path in server.paths if path.endswith("config.json")]  # type: ignore[attr-defined]
    assert asked
    assert reason.startswith(
        "no pretrained weights in the weights folder, in a package or on the Hugging Face Hub ("
    )
    assert "Error" in reason


def test_the_probe_goes_where_the_downloads_go(tmp_path: Path) -> None:
    """To a mirror through a proxy: only the proxy can resolve the name of the mirror."""
    with hub(not_found) as proxy:
        looked_up("http://mirror.invalid", tmp_path, HTTP_PROXY=address(proxy))
        asked = proxy.paths  # type: ignore[attr-defined]
    assert asked[0].rstrip("/") == "http://mirror.invalid"
    assert any(path.endswith("config.json") for path in asked)


def test_a_hub_that_does_not_answer_costs_its_wait_once(tmp_path: Path) -> None:
    # an address set aside for documentation: packets to it are lost
    seconds, reason = looked_up("http://192.0.2.1", tmp_path, program=f"{SHORTER}{PROGRAM}")
    assert "http://192.0.2.1" in reason
    assert seconds < 3


@pytest.mark.parametrize(("pretrained", "is_refused"), [("auto", False), ("required", True)])
def test_without_weights_auto_says_why_and_required_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pretrained: str, is_refused: bool
) -> None:
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(tmp_path))
    asked = Hyperparameters(model_name="test_resnet", pretrained=pretrained)  # type: ignore[arg-type]
    if is_refused:
        with pytest.raises(errors.WeightsMissingError, match="automl weights add FILE"):
            building.build(asked, CLASSES)
    else:
        built = building.build(asked, CLASSES)
        assert built.weights == "random"
        assert built.notes == [
            "Trained from scratch: no pretrained weights in the weights folder, in a package or on "
            "the Hugging Face Hub (it has no model of this name)."
        ]


def test_a_name_with_a_tag_finds_the_folder_without_it(
    weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(weights_dir))
    assert pretrained_weights.find("test_resnet.r160_in1k") == weights_dir / "test_resnet"


PLACES = """
import time
from automl.model import pretrained_weights as w, weights_hub
names = ("tf_efficientnet_lite0.in1k", "resnet18.tv_in1k", "test_resnet")
started = time.monotonic()
before = [w.place(name) for name in names]
assert not w.find("resnet18.tv_in1k")
after = [w.place(name) for name in names]
print(time.monotonic() - started)
print(*before, *after, sep=", ")
"""


def test_a_model_that_only_the_hub_has_is_to_be_downloaded_until_the_hub_is_known_to_be_silent(
    tmp_path: Path,
) -> None:
    _, places = looked_up("http://192.0.2.1", tmp_path, program=f"{SHORTER}{PLACES}")
    assert places.split(", ") == [
        *("weights here", "to be downloaded", "from scratch"),
        *("weights here", "from scratch", "from scratch"),
    ]
