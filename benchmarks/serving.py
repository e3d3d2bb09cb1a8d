"""How fast an exported model answers: behind HTTP, and for a folder of files.

`python -m benchmarks.serving [server|batch]`; without a word both. The model is resnet18 at 224
pixels, untrained; the pictures are JPEG files of 500 x 375 pixels. Where there are two cores or
more, the last one is the client's and the rest are the server's, and onnxruntime's, which it is
compared with.
"""

import base64
import http.client
import itertools
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmarks.figures import Figures

if TYPE_CHECKING:
    from automl.prediction.inference import Predictor

_SIDE = 224
_NUM_PICTURES = 64
_SECONDS = 5.0
_LOAD_SECONDS = 20.0
_NUM_CLIENTS = 16
_CORES = sorted(os.sched_getaffinity(0))
_SERVER_CORES = _CORES[:-1] or _CORES
_PROGRAM = "import sys; from benchmarks import serving; print(serving.{}(*sys.argv[1:]))"


def main(parts: list[str]) -> None:
    measured = Figures()
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as place:
        model_dir, pictures = Path(place) / "resnet18", Path(place) / "pictures"
        write_model(model_dir)
        write_pictures(pictures)
        for name, measure in (("server", server), ("batch", batch)):
            if not parts or name in parts:
                measure(model_dir, pictures, measured)
    measured.print_last_line()


def server(model_dir: Path, pictures: Path, measured: Figures) -> None:
    ready = [seconds_to_ready(model_dir) for _ in range(4)][1:]  # the first reads from disk
    measured.add("start_to_ready_seconds", statistics.median(ready), at_most=3)
    bodies = [body(path.read_bytes()) for path in sorted(pictures.iterdir())]
    raw = [in_process("raw", model_dir, cores=_SERVER_CORES)]
    os.sched_setaffinity(0, _CORES[-1:])
    with served(model_dir, cores=_SERVER_CORES) as port:
        saturate(port, bodies, seconds=2)
        rate = saturate(port, bodies, seconds=_SECONDS)
        alone = statistics.median(one_after_the_other(port, bodies))
        steady = paced(port, bodies, even(0.7 * rate))
        at_random = paced(port, bodies, poisson(0.7 * rate))
    os.sched_setaffinity(0, _CORES)
    raw.append(in_process("raw", model_dir, cores=_SERVER_CORES))
    measured.add("raw_onnxruntime_per_second", statistics.mean(raw))
    measured.add("server_per_second", rate)
    measured.add("server_share_of_raw", rate / statistics.mean(raw), at_least=0.8)
    measured.add("alone_milliseconds", 1000 * alone)
    measured.add("p99_at_70_percent_milliseconds", 1000 * p99(steady))
    measured.add("p99_share_of_alone", p99(steady) / alone, at_most=3)
    # an ideal server without batches has 7.5 here, whatever its speed (M/D/1)
    measured.add("p99_share_of_alone_at_random", p99(at_random) / alone)


def batch(model_dir: Path, pictures: Path, measured: Figures) -> None:
    """Three rounds, as other work on the machine comes and goes."""
    rounds = [
        [in_process(name, model_dir, pictures) for name in ("decode", "model", "files")]
        for _ in range(3)
    ]
    decode, model, files = (statistics.median(found) for found in zip(*rounds, strict=True))
    measured.add("decode_per_second", decode)
    measured.add("model_per_second", model)
    measured.add("batch_per_second", files)
    measured.add("batch_share_of_limit", files / min(decode, model), at_least=0.9)
    # on the CPU the two take turns on the same cores
    measured.add("batch_share_of_both_in_turn", files * (1 / decode + 1 / model))


def write_model(folder: Path) -> None:
    import timm
    import torch

    from automl.model.network import Normalised

    torch.manual_seed(0)
    network = timm.create_model("resnet18", num_classes=10, exportable=True)
    model = Normalised(network, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)).eval()
    folder.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (torch.rand(2, 3, _SIDE, _SIDE),),
            folder / "model.onnx",
            input_names=["input1"],
            output_names=["output1"],
            dynamic_shapes={"pixels": {0: torch.export.Dim("batch")}},
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    labels = [f"class {number}" for number in range(10)]
    sizes = {"validation_resize_size": 256, "validation_crop_size": _SIDE}
    (folder / "labels.json").write_text(json.dumps(labels))
    (folder / "settings.json").write_text(json.dumps({"trial_id": "t1", **sizes}))


def write_pictures(folder: Path) -> None:
    """With shapes and noise, so that they are as large and as slow to decode as photos."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(_NUM_PICTURES):
        coarse = rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((500, 375), Image.Resampling.BICUBIC)
        noisy = np.asarray(smooth) + rng.normal(0, 6, (375, 500, 3))
        picture = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
        picture.save(folder / f"{number:03}.jpg", quality=85)


def seconds_to_ready(model_dir: Path) -> float:
    started = time.perf_counter()
    with served(model_dir, cores=_CORES):
        return time.perf_counter() - started


@contextmanager
def served(model_dir: Path, *, cores: Sequence[int]) -> Iterator[int]:
    """`automl serve` on some cores, which is ready; its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "automl.cli", "serve", str(model_dir), f"--port={port}"]
    with subprocess.Popen(
        command, stderr=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, cores)
    ) as process:
        try:
            while not is_ready(port):
                assert process.poll() is None, "the server did not start"
                time.sleep(0.01)
            yield port
        finally:
            process.send_signal(signal.SIGTERM)


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def body(picture: bytes) -> bytes:
    data = [base64.encodebytes(picture).decode()]
    return json.dumps({"input_data": {"columns": ["image"], "data": data}}).encode()


class Client(threading.local):
    """A connection for each thread."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, content: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", "/score", content, headers)
        response = self._connection.getresponse()
        (answer,) = json.loads(response.read())
        assert len(answer["probs"]) == 10


def saturate(port: int, bodies: list[bytes], *, seconds: float) -> float:
    """Answers a second while many clients ask without a pause."""
    client, turn = Client(port), itertools.cycle(bodies)
    until = time.perf_counter() + seconds

    def work() -> int:
        count = 0
        while time.perf_counter() < until:
            client.ask(next(turn))
            count += 1
        return count

    started = time.perf_counter()
    with ThreadPoolExecutor(_NUM_CLIENTS) as threads:
        done = [threads.submit(work) for _ in range(_NUM_CLIENTS)]
        total = sum(each.result() for each in done)
    return total / (time.perf_counter() - started)


def one_after_the_other(port: int, bodies: list[bytes]) -> list[float]:
    client = Client(port)
    found = []
    for content in bodies:
        started = time.perf_counter()
        client.ask(content)
        found.append(time.perf_counter() - started)
    return found


def even(rate: float) -> list[float]:
    """Moments at equal distances."""
    return [number / rate for number in range(round(_LOAD_SECONDS * rate))]


def poisson(rate: float) -> list[float]:
    """Moments of people who know nothing of each other."""
    draw = random.Random(0)
    distances = [draw.expovariate(rate) for _ in range(round(_LOAD_SECONDS * rate))]
    return list(itertools.accumulate(distances))


def paced(port: int, bodies: list[bytes], moments: list[float]) -> list[float]:
    """Latencies of requests that come at those moments, whether the server keeps up or not; each
    counts from the moment it was due."""
    client, turn = Client(port), itertools.cycle(bodies)
    begin = time.perf_counter() + 0.1

    def ask(moment: float) -> float:
        time.sleep(max(0.0, begin + moment - time.perf_counter()))
        client.ask(next(turn))
        return time.perf_counter() - begin - moment

    with ThreadPoolExecutor(4 * _NUM_CLIENTS) as threads:
        return list(threads.map(ask, moments))


def p99(latencies: list[float]) -> float:
    return float(np.quantile(latencies, 0.99))


def in_process(name: str, *arguments: Path, cores: Sequence[int] = _CORES) -> float:
    """A function of this module in a process of its own; pictures a second."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(name), *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    return float(done.stdout)


def raw(model_dir: str) -> float:
    """onnxruntime as it comes, on ready tensors, with the best size of a batch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = onnxruntime.InferenceSession(Path(model_dir) / "model.onnx", options)

    def rate(size: int) -> float:
        pixels = np.random.default_rng(0).random((size, 3, _SIDE, _SIDE), np.float32)
        return per_second(lambda: session.run(None, {"input1": pixels}), size, seconds=2)

    return max(rate(size) for size in (1, 4, 16))


def decode(model_dir: str, pictures: str) -> float:
    """In as many threads as there are cores."""
    model, paths = _predictor(model_dir), sorted(Path(pictures).iterdir())
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        return per_second(lambda: list(threads.map(model.read, paths)), len(paths))


def model(model_dir: str, pictures: str) -> float:
    """With all cores for each run, or one core for each of several runs, whichever is faster."""
    from automl.prediction.inference import Pixels, Predictor

    cores = len(os.sched_getaffinity(0))

    def rate(num_threads: int) -> float:
        found = Predictor(Path(model_dir), num_threads=num_threads)
        read = [found.read(path) for path in sorted(Path(pictures).iterdir())]
        pixels: list[Pixels] = [each for each in read if isinstance(each, np.ndarray)]
        chunks = [pixels[start : start + 4] for start in range(0, len(pixels), 4)]
        with ThreadPoolExecutor(cores // num_threads) as threads:
            return per_second(
                lambda: list(threads.map(found.run, chunks)), len(pixels), _SECONDS / 2
            )

    return max(rate(cores), rate(1))


def files(model_dir: str, pictures: str) -> float:
    """From files to answers, as `automl predict` does it."""
    model, paths = _predictor(model_dir), sorted(Path(pictures).iterdir())
    started = time.perf_counter()
    endless = itertools.cycle(paths)
    count = 0
    for _ in model.answers(endless):
        count += 1
        if count == len(paths):  # warm
            started = time.perf_counter()
        if count > len(paths) and time.perf_counter() - started > _SECONDS:
            break
    return (count - len(paths)) / (time.perf_counter() - started)


def _predictor(model_dir: str) -> "Predictor":
    from automl.prediction.inference import Predictor

    return Predictor(Path(model_dir))


def per_second(work: Callable[[], object], size: int, seconds: float = _SECONDS) -> float:
    work()
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        work()
        count += size
    return count / (time.perf_counter() - started)


if __name__ == "__main__":
    main(sys.argv[1:])
