"""Exported models in other people's programs, which are not all installed for our own tests.

`pip install transformers` brings the first; Azure's server needs other versions than we do: put
the `azmlinfsrv` of an environment of its own (azureml-inference-server-http, onnxruntime, numpy,
pillow) into PATH. JavaScript needs Node.js in PATH, and NODE_PATH with the `node_modules` in which
`npm install --ignore-scripts onnxruntime-node` was run, which leaves libraries for GPUs out.
"""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import requests

from automl.dataset.preprocessing import model_input, softmax
from automl.experiments import store
from automl.export import artefact
from automl.export.parity_report import Parity
from automl.export.request import ExportRequest
from automl.export.trained_model import TrainedModel
from tests.export.conftest import CLASSES
from tests.export.test_formats import WRONG_REQUESTS


@pytest.fixture(scope="module")
def model(finished: Path) -> TrainedModel:
    return TrainedModel.load(finished, "trial-000")


@pytest.fixture(scope="module")
def pictures(finished: Path) -> list[Path]:
    samples = store.load_samples(finished)
    return [Path(path) for path in samples[samples["split"] == "validation"]["path"]]


def test_openvino_answers_as_the_trial(
    model: TrainedModel, pictures: list[Path], exported: Callable[..., Path]
) -> None:
    openvino = pytest.importorskip("openvino")
    folder = exported("openvino")
    parity = Parity.model_validate_json((folder / "parity.json").read_bytes())
    assert (parity.agreement, parity.pictures) == (1.0, "validation")
    assert parity.max_probability_difference < 1e-5
    read = openvino.Core().read_model(folder / "model.xml")
    said = read.get_rt_info(["framework", "normalization"]).astype(str)
    assert said == "inside"
    compiled = openvino.Core().compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    batch = np.concatenate([model_input(model.preprocessed(path)[None]) for path in pictures])
    found = softmax(compiled(batch)["output1"])  # all at once
    assert np.abs(found - np.stack([model(path) for path in pictures])).max() < 1e-5


def test_int8_answers_the_same_in_two_runtimes(
    model: TrainedModel, pictures: list[Path], exported: Callable[..., Path]
) -> None:
    """With weights of 8 bits they were 0.8 apart on processors without VNNI."""
    openvino = pytest.importorskip("openvino")
    path = exported("bundle", with_int8=True) / "model_int8.onnx"
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for picture in pictures:
        pixels = model_input(model.preprocessed(picture)[None])
        one = softmax(session.run(["output1"], {"input1": pixels})[0])
        other = softmax(compiled(pixels)["output1"])
        assert np.abs(one - other).max() < 0.2


@pytest.mark.nightly
def test_transformers_loads_the_weights(
    model: TrainedModel, pictures: list[Path], exported: Callable[..., Path]
) -> None:
    transformers = pytest.importorskip("transformers")
    import torch

    folder = exported("weights")
    network = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
    assert list(network.config.id2label.values()) == CLASSES
    for picture in pictures[:4]:
        pixels = torch.from_numpy(
            model_input(model.preprocessed(picture)[None], model.normalization)
        )
        with torch.inference_mode():
            found = network(pixel_values=pixels).logits.softmax(1)[0].numpy()
        assert np.abs(found - model(picture)).max() < 1e-5
    answers = transformers.pipeline("image-classification", model=str(folder))(str(pictures[0]))
    assert {answer["label"] for answer in answers} == set(CLASSES)


NODE = """
const ort = require("onnxruntime-node"), fs = require("fs");
const [model, file, ...shape] = process.argv.slice(1);
const bytes = fs.readFileSync(file);
const pixels = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
ort.InferenceSession.create(model)
  .then(session => session.run({input1: new ort.Tensor("float32", pixels, shape.map(Number))}))
  .then(({output1}) => console.log(JSON.stringify(Array.from(output1.data))));
"""


@pytest.mark.nightly
def test_javascript_answers_as_the_trial(
    model: TrainedModel, pictures: list[Path], exported: Callable[..., Path], tmp_path: Path
) -> None:
    node = shutil.which("node")
    if node is None or subprocess.run([node, "-e", "require('onnxruntime-node')"]).returncode:
        pytest.skip("onnxruntime-node is not in NODE_PATH")
    pixels = np.concatenate([model_input(model.preprocessed(path)[None]) for path in pictures[:4]])
    (tmp_path / "pixels").write_bytes(pixels.astype(np.float32).tobytes())
    path = exported("bundle", with_int8=True) / "model.onnx"
    command = [node, "-e", NODE, str(path), str(tmp_path / "pixels"), *map(str, pixels.shape)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = softmax(np.array(json.loads(done.stdout)).reshape(len(pixels), -1))
    assert np.abs(found - np.stack([model(path) for path in pictures[:4]])).max() < 1e-5


@contextmanager
def serving(*command: str, folder: Path, alive: str) -> Iterator[str]:
    """The address of a server in a process of its own; alive: a path that it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    programs = str(Path(sys.executable).parent)  # MLflow starts the uvicorn that is in PATH
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join((os.environ.get("PATH", ""), programs))},
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # MLflow's server has children
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 240  # it imports onnxruntime first
        while not _answers(f"{url}{alive}"):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield url
    finally:
        with suppress(ProcessLookupError):  # it could not start
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


@pytest.fixture
def azures_server(exported: Callable[..., Path]) -> Iterator[str]:
    """The address of the scoring script in Azure's server."""
    pytest.importorskip("mlflow.pyfunc")  # whose import warns
    command = shutil.which("azmlinfsrv")
    if command is None:
        pytest.skip("azmlinfsrv is not in PATH")
    folder = exported("azure")
    script = folder / "outputs" / "scoring_file_v_1_0_0.py"
    options = ["--entry_script", str(script), "--model_dir", str(folder)]
    with serving(command, *options, folder=script.parent, alive="/") as url:
        yield f"{url}/score"


@pytest.mark.nightly
@pytest.mark.parametrize("experiment", ["finished", "with_label_sets"])
def test_mlflow_serves_the_model(
    experiment: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    pytest.importorskip("mlflow.pyfunc")  # whose import warns
    directory = request.getfixturevalue(experiment)
    folder = tmp_path / "model"
    artefact.export(ExportRequest(directory, "trial-000", "mlflow", folder))
    own = TrainedModel.load(directory, "trial-000")
    picture = Path(store.load_samples(directory)["path"].iloc[0])
    text = base64.encodebytes(picture.read_bytes()).decode()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"]
    with serving(*command, "--model-uri", str(folder), folder=tmp_path, alive="/ping") as url:

        def ask(entry: str) -> requests.Response:
            table = {"columns": ["image"], "data": [[entry]]}
            return requests.post(f"{url}/invocations", json={"dataframe_split": table}, timeout=60)

        (answer,) = ask(text).json()["predictions"]
        assert answer["labels"] == own.description.class_names
        assert np.abs(np.array(answer["probs"]) - own(picture)).max() < 1e-5
        entry = json.dumps({"image_base64": text, "model_explainability": True})
        for wrong, words in {
            "no picture!": "not given as base64",
            entry: "does not explain",
        }.items():
            refused = ask(wrong)
            assert refused.status_code == 400
            assert words in refused.text


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.RequestException:
        return False


@pytest.mark.nightly
def test_azures_server_runs_the_scoring_script(
    model: TrainedModel, pictures: list[Path], azures_server: str
) -> None:
    text = base64.encodebytes(pictures[0].read_bytes()).decode()
    forms: list[Any] = [{"columns": ["image"], "index": [0], "data": [[text]]}, [text]]
    for form in forms:
        (answer,) = requests.post(azures_server, json={"input_data": form}, timeout=30).json()
        assert answer["labels"] == CLASSES
        assert np.abs(np.array(answer["probs"]) - model(pictures[0])).max() < 1e-5
    entry = json.dumps({"image_base64": text, "model_explainability": True})
    wrong = {**WRONG_REQUESTS, json.dumps({"input_data": [entry]}): "does not explain"}
    for body, words in wrong.items():
        refused = requests.post(
            azures_server, data=body, headers={"Content-Type": "application/json"}, timeout=30
        )
        assert refused.status_code == 400
        assert words in refused.json()["detail"]
