import gc
import itertools
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
from hypothesis import settings
from PIL import Image

from automl.dataset import manifest
from automl.engine import cluster
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.experiments.records import (
    Evaluation,
    ExperimentRecord,
    ExperimentState,
    TestOpening,
    TrialRecord,
    TrialState,
    now,
)
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from benchmarks import local_head
from tests import parts

if TYPE_CHECKING:
    import onnx

pytest_plugins = ["tests.small_training"]

# holds the lock until it gets a line or a request to stop, then writes how it ended
_STAND_IN = """
import select, sys
from pathlib import Path
from filelock import FileLock
directory = Path(sys.argv[1])
with FileLock(directory / "engine.lock"):
    print("locked", flush=True)
    stop = directory / "control" / "stop"
    while not stop.exists() and not select.select([sys.stdin], [], [], 0.05)[0]:
        pass
    from automl.experiments import store
    from automl.experiments.records import ExperimentState
    state = ExperimentState.STOPPED if stop.exists() else ExperimentState.COMPLETED
    ended = {"state": state, "message": "All done."}
    record = store.load_experiment(directory)
    store.save_experiment(directory, record.model_copy(update=ended))
"""
WATCHED = Path(__file__).parent / "watched"
"""Has the connections of Python processes with this folder on their path refused, and listed."""

os.environ["AUTOML_FIRST_SCORE"] = "ask"  # a process with torch for each visit of the Dataset page

# how long an example takes says more about the machine than about the code
num_examples = int(os.environ.get("AUTOML_TEST_EXAMPLES", "30"))  # `make nightly` takes 500
settings.register_profile("any machine", deadline=None, max_examples=num_examples)
settings.load_profile("any machine")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> parts.Scheduling:
    return parts.Scheduling(config, log)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    path = PurePosixPath("tests", collection_path.relative_to(Path(__file__).parent).as_posix())
    return parts.is_left_out(path, is_folder=collection_path.is_dir()) or None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what collecting imports out of every later garbage collection, which would take a
    second among millions of objects; a memory that is full collects several times."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # or libraries report what is left at the end as leaks


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest parts."""
    order = list(parts.PARTS)
    items.sort(key=lambda item: (*order, part := parts.part_of(item.nodeid)).index(part))


_homes = itertools.count()
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for every test, so that none sees another's experiments or the user's."""
    # numbered by ourselves: pytest would look through the folders of all tests for the next number
    folder = tmp_path_factory.mktemp(f"home-{next(_homes)}", numbered=False)
    monkeypatch.setenv("AUTOML_HOME", str(folder))
    monkeypatch.setenv("AUTOML_DATA_ROOTS", str(tmp_path_factory.getbasetemp()))
    monkeypatch.delenv("AUTOML_EXPERIMENTS_DIR", raising=False)
    return folder


@pytest.fixture
def converted_weights(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of converted weights, which takes seconds to fill: one for all tests that ask."""
    folder = tmp_path_factory.getbasetemp() / "converted-weights"
    folder.mkdir(exist_ok=True)
    (home / "cache").mkdir()
    (home / "cache" / "weights").symlink_to(folder)
    return folder


@pytest.fixture(scope="session")
def head_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose Ray head lives as long as the tests; it leaves no process and no folder."""
    home = tmp_path_factory.mktemp("head")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_HOME", str(home))
        with pytest.MonkeyPatch.context() as watch:  # the head and its workers, not the others
            connections_file(home).touch()
            watch.setenv("AUTOML_TEST_CONNECTIONS", str(connections_file(home)))
            watch.setenv("PYTHONPATH", os.pathsep.join([str(WATCHED), *sys.path]))
            cluster.ensure_local_head()
        yield home
        patch.setenv("AUTOML_HOME", str(home))
        info = cluster.head_info()
        local_head.stop()
    if info is not None:  # a test may have killed it
        place = Path(info["temp_dir"])
        commands = [str(process.info["cmdline"]) for process in psutil.process_iter(["cmdline"])]
        assert not [command for command in commands if str(place) in command]
        assert not place.exists()


def connections_file(head_home: Path) -> Path:
    """Hosts outside of this machine that the head or its workers have asked for."""
    return head_home / "connections"


@pytest.fixture
def head(home: Path, head_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: ARG001
    """Use the shared head's home; set after the fixture that gives every test a home of its own."""
    monkeypatch.setenv("AUTOML_HOME", str(head_home))
    return head_home


@pytest.fixture
def running(make_experiment: Callable[..., Path]) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A running experiment, and the process in the place of its engine."""
    directory = make_experiment("pets", state="running")
    with subprocess.Popen(
        [sys.executable, "-c", _STAND_IN, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as engine:
        assert engine.stdout is not None
        assert engine.stdout.readline() == "locked\n"
        yield directory, engine
        engine.kill()


def finish(engine: subprocess.Popen[str]) -> None:
    """Let the stand-in end as completed."""
    assert engine.stdin is not None
    engine.stdin.write("\n")
    engine.stdin.flush()


@pytest.fixture
def make_trial() -> Callable[..., TrialRecord]:
    """Build a trial with one evaluation per score; further arguments are fields of the record."""
    return build_trial


@pytest.fixture(autouse=True)
def _main_module_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's tests leave a page as the main module, which new processes would import."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def make_experiment(home: Path) -> Callable[..., Path]:
    """Write an experiment directory with trials; further arguments are fields of its record."""

    def make(
        name: str = "pets",
        trials: Sequence[TrialRecord] = (),
        *,
        job: Job | None = None,
        state: ExperimentState | str = ExperimentState.COMPLETED,
        **fields: Any,
    ) -> Path:
        given = {
            "created_at": START,
            "started_at": START,
            "ended_at": START + timedelta(seconds=90),
            **fields,
        }
        record = ExperimentRecord(experiment_id=name, state=ExperimentState(state), **given)
        job = job or Job(training_data=DataSource(path=Path("/data/pets")))
        directory = store.create_experiment(home / "experiments", job, record)
        for trial in trials:
            store.save_trial(directory, trial)
        return directory

    return make


def build_opening(trial_id: str, **fields: Any) -> TestOpening:
    """A record that the test data were opened."""
    return TestOpening(
        trial_id=trial_id,
        opened_at=now(),
        opened_by="ann",
        num_unreadable=0,
        **{
            "num_pictures": 4,
            "metrics": {"accuracy": 0.9},
            "score_low": 0.8,
            "score_high": 1.0,
            **fields,
        },
    )


def build_trial(  # noqa: PLR0913
    trial_id: str,
    scores: Sequence[float] = (),
    *,
    number: int = 0,
    metric: str = "accuracy",
    model_name: str = "resnet18",
    state: TrialState | str = TrialState.COMPLETED,
    **fields: Any,
) -> TrialRecord:
    evaluations = [
        Evaluation(
            epoch=epoch,
            metrics={metric: score},
            train_loss=1.0,
            valid_loss=1.0,
            learning_rate=0.01,
            train_seconds=1.0,
            evaluation_seconds=0.5,
            images_per_second=100.0,
            finished_at=START + timedelta(seconds=epoch),
        )
        for epoch, score in enumerate(scores, start=1)
    ]
    numbers = [e for e in evaluations if not math.isnan(e.metrics[metric])]
    best = max(numbers or evaluations, key=lambda e: e.metrics[metric], default=None)
    given = {
        "hyperparameters": {"model_name": model_name, "learning_rate": 0.01},
        "best_epoch": best.epoch if best else None,
        "started_at": START,
        "ended_at": START + timedelta(seconds=60),
        **fields,
    }
    return TrialRecord(
        trial_id=trial_id,
        number=number,
        state=TrialState(state),
        evaluations=evaluations,
        **given,
    )


_COLOURS = {"blue": (0, 0, 255), "green": (0, 255, 0), "red": (255, 0, 0)}


@pytest.fixture
def with_test_data(
    make_experiment: Callable[..., Path], make_trial: Callable[..., TrialRecord], tmp_path: Path
) -> Path:
    """Pictures of one colour each, in train and test, and a model that tells the colours apart;
    one test picture has the wrong label."""
    for split, per_class in (("train", 4), ("test", 3)):
        for label, colour in _COLOURS.items():
            folder = tmp_path / "data" / split / label
            folder.mkdir(parents=True)
            for number in range(per_class):
                shade = tuple(max(value - 9 * number - (split == "test"), 0) for value in colour)
                picture = Image.new("RGB", (8, 8), shade)
                picture.putpixel((number, number), (9, 9, 9))
                picture.save(folder / f"{number}.png")
    wrong = tmp_path / "data" / "test" / "red" / "wrong.png"
    Image.new("RGB", (8, 8), (0, 0, 200)).save(wrong)
    trials = [make_trial("t1", [0.9], notes=["One note."]), make_trial("t2", [0.8], number=1)]
    job = Job(training_data=DataSource(path=tmp_path / "data"))
    directory = make_experiment(trials=trials, job=job, best_trial="t1", best_score=0.9)
    found = manifest.build(job)
    store.save_dataset(directory, found.samples, found.report)
    model_dir = store.best_model_dir(directory)
    model_dir.mkdir()
    (model_dir / "labels.json").write_text(json.dumps(["red", "green", "blue"]))
    settings = {"trial_id": "t1", "validation_resize_size": 8, "validation_crop_size": 8}
    (model_dir / "settings.json").write_text(json.dumps(settings))
    import onnx

    onnx.save(mean_colour(), model_dir / "model.onnx")
    return directory


@pytest.fixture
def with_answers() -> Callable[[Path], None]:
    """Give t1 answers on its validation pictures, the first of them wrong."""

    def add(experiment_dir: Path) -> None:
        samples = store.load_samples(experiment_dir)
        rows = samples[samples["split"] == "validation"]
        labels = rows["label_index"].to_numpy(np.int64)
        answers = labels.copy()
        answers[0] = (answers[0] + 1) % 3
        probabilities = np.eye(3, dtype=np.float32)[answers]
        ids = rows["id"].to_numpy(np.int64)
        path = store.predictions_path(experiment_dir, "t1")
        store.save_predictions(path, Predictions(ids, labels, probabilities))

    return add


def mean_colour() -> "onnx.ModelProto":
    """A model of three classes: the colour there is most of; the less of it, the more distant."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("GlobalAveragePool", ["input1"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["output1"]),
        helper.make_node("ReduceMax", ["output1"], ["largest"], axes=[1], keepdims=0),
        helper.make_node("Neg", ["largest"], ["distance"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("input1", TensorProto.FLOAT, ["b", 3, 8, 8])],
        [
            helper.make_tensor_value_info("output1", TensorProto.FLOAT, ["b", 3]),
            helper.make_tensor_value_info("distance", TensorProto.FLOAT, ["b"]),
        ],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9)
