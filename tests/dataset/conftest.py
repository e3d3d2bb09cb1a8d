import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image


@pytest.fixture
def make_picture() -> Callable[..., Path]:
    """Write a picture of noise; the same number gives the same bytes."""

    def make(path: Path, number: int = 0, size: tuple[int, int] = (12, 10)) -> Path:
        noise = np.random.default_rng(number).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise).save(path)
        return path

    return make


@pytest.fixture
def photos(make_picture: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Write pictures of these names into a data folder."""

    def write(*names: str) -> Path:
        for number, name in enumerate(names):
            make_picture(tmp_path / "data" / name, number)
        return tmp_path / "data"

    return write


@pytest.fixture
def make_folder(tmp_path: Path, make_picture: Callable[..., Path]) -> Callable[..., Path]:
    """An image folder with so many different pictures in each sub-folder."""

    def make(name: str = "data", **counts: int) -> Path:
        numbers = iter(range(10_000))
        for folder, count in counts.items():
            for index in range(count):
                place = tmp_path / name / folder.replace("__", "/") / f"{index}.png"
                make_picture(place, next(numbers))
        return tmp_path / name

    return make


@pytest.fixture
def make_samples() -> Callable[..., pd.DataFrame]:
    """Scanned samples that exist on paper only, from (label, content, split, problem) rows;
    ordinary photos, none nearly the same as another, unless the keywords say otherwise."""

    def make(*rows: tuple[str, str, str | None, str | None], **columns: object) -> pd.DataFrame:
        samples = pd.DataFrame(rows, columns=["label", "content_hash", "split", "problem"])
        paths = [f"/data/{label}/{number}.png" for number, label in enumerate(samples["label"])]
        ordinary = {"width": 640, "height": 480, "format": "JPEG", "mode": "RGB"}
        look = {"brightness": 120.0, "contrast": 50.0, "sharpness": 900.0}
        plain = {"value_low": np.nan, "value_high": np.nan, "alpha_contrast": np.nan}
        traces = {"camera": None, "taken": None, "jpeg_quality": 90.0, "mtime_ns": 0}
        plain |= {"has_frames": False, "num_colours": np.nan}
        noise = np.random.default_rng(0).integers(0, 256, (len(samples), 304), np.uint8)
        missing = pd.Series([None] * len(samples), dtype="Int64")
        return samples.assign(
            path=paths,
            id=range(len(samples)),
            near_duplicate_group=missing,
            fingerprint=[look.tobytes() for look in noise],
            **{
                **ordinary,
                **look,
                **plain,
                **traces,
                "has_frames": False,
                "mtime_ns": 0,
                **columns,
            },
        ).astype({"split": "str", "problem": "str", "near_duplicate_group": "Int64"})

    return make


class Website(ThreadingHTTPServer):
    """Answers from `files`; everything else by number: /404, /500, and /to?<url> redirects."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Website

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        content = self.server.files.get(self.path)
        if content is not None:
            self.send_response(200)
            cut = self.path.startswith("/cut/")
            self.send_header("Content-Length", str(len(content) + cut))
            self.end_headers()
            self.wfile.write(content)
        elif self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
            self.end_headers()
        else:
            self.send_error(int(self.path[1:]) if self.path[1:].isdecimal() else 404)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def website() -> Iterator[Website]:
    """A server on this machine, which needs the permission to be read from."""
    with Website() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def private_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_ALLOW_PRIVATE_URLS", "1")
