"""Every form of a trial's model, as its receivers load it."""

import base64
import importlib.util
import io
import itertools
import json
import logging
import os
import resource
import runpy
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import timm
import torch
from huggingface_hub import ModelCard
from PIL import Image
from safetensors.torch import load_file
from typer.testing import CliRunner

from automl.cli import cli
from automl.dataset.preprocessing import UnreadablePicture, from_base64, model_input
from automl.engine import trainable
from automl.errors import ExportError
from automl.experiments import groups, store
from automl.export import artefact, formats, int8, model_card, onnx_model, parity, standalone
from automl.export.parity_report import Parity
from automl.export.request import ExportRequest
from automl.export.trained_model import TrainedModel
from automl.prediction.inference import Predictor
from automl.serving import kept
from automl.serving.keeping import ANSWERS, Keeper, Keeping
from automl.serving.models import Additions
from tests.export.conftest import CLASSES
from tests.serving.conftest import served

TRAINED, NEIGHBOURS = "trial-000", "trial-001"


def settings_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "settings.json").read_text()))


def parity_of(folder: Path) -> Parity:
    return Parity.model_validate_json((folder / "parity.json").read_bytes())


def validation_pictures(finished: Path) -> pd.DataFrame:
    samples = store.load_samples(finished)
    return samples[samples["split"] == "validation"]


def test_the_best_model_is_there_when_an_experiment_ends(finished: Path) -> None:
    folder = store.best_model_dir(finished)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["README.md", "labels.json", "model.onnx", "parity.json", "settings.json"]
    assert [path.name for path in finished.iterdir() if path.name.startswith(".")] == []
    parity = json.loads((folder / "parity.json").read_text())
    assert parity["pictures"] == "validation"
    assert parity["num_images"] == len(validation_pictures(finished))
    assert parity["agreement"] == 1.0
    assert parity["max_probability_difference"] < 1e-5
    assert parity["max_difference_from_recorded"] < 1e-4
    assert parity["size_bytes"] > (folder / "model.onnx").stat().st_size


def noise(path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_onnx_takes_batches_of_any_size_under_azures_names(finished: Path, tmp_path: Path) -> None:
    path = store.best_model_dir(finished) / "model.onnx"
    written = onnx.load(path)
    onnx.checker.check_model(written, full_check=True)
    assert [(one.domain, one.version) for one in written.opset_import] == [("", 18)]
    assert written.ir_version == 8  # with which ONNX Runtime 1.15 loads it
    session = onnxruntime.InferenceSession(path)
    for size in (1, 5):
        (logits,) = session.run(["output1"], {"input1": np.zeros((size, 3, 32, 32), np.float32)})
        assert logits.shape == (size, 3)
    model = Predictor(path.parent)
    assert model.unlike is not None
    assert model.set_limit(0.8) <= 1.0
    (near,) = model.predict([Path(store.load_samples(finished)["path"].iloc[0])])
    (far,) = model.predict([noise(tmp_path / "noise.png")])
    assert (near.is_unlike, far.is_unlike) == (False, True)


def test_answers_in_use_are_compared_with_pictures_that_were_held_out(
    finished: Path, tmp_path: Path
) -> None:
    model, samples = Predictor(store.best_model_dir(finished)), store.load_samples(finished)
    scored = samples.loc[samples["split"] == "validation", "path"].map(Path).tolist()
    signs = {}
    for name, pictures in {"alike": scored, "far": [noise(tmp_path / "noise.png")]}.items():
        keeper = Keeper(Keeping(tmp_path / name, share=0.0, limit=1))
        answers = itertools.cycle(zip(pictures, model.answers(pictures), strict=True))
        for path, answer in itertools.islice(answers, 60):
            keeper.keep(path.read_bytes(), model, answer)
        keeper.close()
        lines = (tmp_path / name / ANSWERS).read_text()
        others = lines.replace(f'"{model.experiment}"', '"another search"')
        (tmp_path / name / ANSWERS).write_text(others + lines)  # its best trial has the same name
        found = kept.drift_of(tmp_path / name, finished)
        assert found is not None
        assert (found.num_answers, found.num_newer) == (50, 10)
        times = [json.loads(line)["time"] for line in lines.splitlines()]
        for moment, time in ((found.first, times[0]), (found.last, times[49])):
            assert moment == datetime.fromisoformat(time)
        (signs[name],) = (sign for sign in found.signs if sign.kind == "features")
    assert signs["alike"].now == pytest.approx(signs["alike"].before, abs=1e-3)
    assert (signs["alike"].is_change, signs["far"].is_change) == (False, True)


def test_of_copies_one_whose_distance_is_known_is_compared_with_answers_in_use(
    finished: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(finished, tmp_path / finished.name)
    settings = settings_of(store.best_model_dir(folder))
    pairs = dict(settings["unlike"]["held_out"])
    ids = sorted(pairs)
    samples = store.load_samples(folder)
    group = samples["id"].map({each: str(place // 2) for place, each in enumerate(ids)})
    samples.assign(group=group).to_parquet(store.samples_path(folder))
    settings["unlike"]["held_out"] = [[each, pairs[each]] for each in ids[1::2]]
    (store.best_model_dir(folder) / "settings.json").write_text(json.dumps(settings))
    model = Predictor(store.best_model_dir(folder))
    path = Path(samples.loc[samples["id"] == ids[0], "path"].item())
    keeper = Keeper(Keeping(tmp_path / "kept", share=0.0, limit=1))
    (answer,) = model.answers([path])
    for _ in range(60):
        keeper.keep(path.read_bytes(), model, answer)
    keeper.close()
    found = kept.drift_of(tmp_path / "kept", folder)
    assert found is not None
    assert "features" in [sign.kind for sign in found.signs]


def test_the_pictures_to_compare_with_are_looked_at_once_a_trial(
    finished: Path, home: Path
) -> None:
    first = TrainedModel.load(finished, TRAINED).reference
    pictures = Path(store.load_samples(finished)["path"].iloc[0]).parents[1]
    away = pictures.rename(pictures.with_name("away"))
    try:
        again = TrainedModel.load(finished, TRAINED).reference
        (kept,) = (home / "cache" / "references").iterdir()
        kept.write_bytes(kept.read_bytes()[:-9])  # cut off
        assert TrainedModel.load(finished, TRAINED).reference is None
    finally:
        away.rename(pictures)
    assert first is not None
    assert again is not None
    assert np.array_equal(again.bank, first.bank)
    assert again.settings() == first.settings()


def test_answer_sets_rest_on_one_picture_of_each_group(finished: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(finished, tmp_path / finished.name)
    samples = store.load_samples(folder)
    (folder / "model").mkdir()
    for names in (None, samples["label"]):  # each class is one group
        if names is not None:
            samples.assign(group=names).to_parquet(store.samples_path(folder))
        TrainedModel.load(folder, TRAINED).write_settings(folder / "model", None)
        counts = len(settings_of(folder / "model")["right_probabilities"])
        independent = groups.of_samples(store.load_samples(folder))
        recorded = TrainedModel.load(folder, TRAINED).recorded.sample_ids.tolist()
        assert counts == len({independent[each] for each in recorded})
    assert counts == samples["label"].nunique()


def test_the_normalisation_is_where_it_was_asked_for(
    finished: Path,
    exported: Callable[..., Path],
    tmp_path: Path,
) -> None:
    inside = settings_of(store.best_model_dir(finished))
    folder = shutil.copytree(exported("onnx", NEIGHBOURS), tmp_path / "onnx")
    outside = settings_of(folder)
    assert inside["normalization"] is None
    assert not inside["unlike"]["left_out"]
    assert outside["normalization"]["mean"] == [0.485, 0.456, 0.406]
    assert parity_of(folder).max_probability_difference < 1e-5
    outside["normalization"] = None
    (folder / "settings.json").write_text(json.dumps(outside))
    model = TrainedModel.load(finished, NEIGHBOURS)
    paths = [Path(path) for path in validation_pictures(finished)["path"]]
    wrong = onnx_model.answers(folder)
    assert max(float(np.abs(wrong(path) - model(path)).max()) for path in paths) > 0.01


def test_an_onnx_file_says_what_its_input_is(exported: Callable[..., Path]) -> None:
    pytest.importorskip("mlflow.pyfunc")
    places = {
        exported("bundle", with_int8=True) / "model.onnx": "inside",
        exported("bundle", with_int8=True) / "model_int8.onnx": "inside",
        exported("onnx", NEIGHBOURS) / "model.onnx": "outside",
        exported("azure") / "outputs/mlflow-model/artifacts/model.onnx": "inside",
        exported("azure") / "train_artifacts/model.onnx": "outside",
    }
    for path, place in places.items():
        said = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
        assert said["normalization"] == place, path
        assert (said["input_layout"], said["input_colour_order"]) == ("NCHW", "RGB")
        assert (said["input_size"], said["resize_size"]) == ("32", "37")
        assert json.loads(said["mean"]) == [0.485, 0.456, 0.406]


def as_azures_client_prepares(path: Path) -> np.ndarray[Any, Any]:
    """The pixels of a picture as Azure's published client of its ONNX models makes them."""
    with Image.open(path) as picture:
        scale = 37 / min(picture.size)
        size = (round(picture.width * scale), round(picture.height * scale))
        resized = picture.convert("RGB").resize(size, Image.Resampling.BILINEAR)
    left, top = (size[0] - 32) // 2, (size[1] - 32) // 2
    centre = np.asarray(resized.crop((left, top, left + 32, top + 32)), np.float32) / 255
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    return ((centre - mean) / std).transpose(2, 0, 1)[None].astype(np.float32)


def test_azures_onnx_client_gets_the_answers_of_the_trial(
    finished: Path, exported: Callable[..., Path]
) -> None:
    pytest.importorskip("mlflow.pyfunc")
    folder = exported("azure")
    session = onnxruntime.InferenceSession(folder / "train_artifacts/model.onnx")
    model = TrainedModel.load(finished, TRAINED)
    paths = [Path(path) for path in validation_pictures(finished)["path"]]
    logits = [session.run(["output1"], {"input1": as_azures_client_prepares(p)})[0] for p in paths]
    assert [int(one.argmax()) for one in logits] == [int(model(path).argmax()) for path in paths]
    assert settings_of(folder / "train_artifacts")["normalization"]["std"] == [0.229, 0.224, 0.225]


def test_the_parity_report_names_the_wrong_input(exported: Callable[..., Path]) -> None:
    pytest.importorskip("mlflow.pyfunc")
    inside = parity_of(exported("bundle", with_int8=True)).onnx_input
    outside = parity_of(exported("azure")).onnx_input
    assert inside is not None
    assert outside is not None
    assert inside.agreement_of_0_to_1 == 1.0
    assert "With normalised values it would be" in inside.sentence
    assert outside.agreement_of_normalised == 1.0
    assert outside.sentence.startswith("train_artifacts/model.onnx takes normalised values: 100%")
    assert "With values of 0 to 1 it would be" in outside.sentence
    assert parity_of(exported("weights")).onnx_input is None
    card = (exported("azure") / "README.md").read_text()
    assert "With values of 0 to 1 it would be" in card


def test_timm_loads_the_weights(finished: Path, exported: Callable[..., Path]) -> None:
    folder = exported("weights")
    network = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    own = load_file(store.checkpoint_dir(finished, TRAINED) / "model.safetensors")
    assert all(torch.equal(own[name], value) for name, value in network.state_dict().items())
    assert list(network.pretrained_cfg["mean"]) == [0.485, 0.456, 0.406]
    assert network.pretrained_cfg["crop_pct"] == pytest.approx(32 / 37)
    config = json.loads((folder / "config.json").read_text())
    assert config["label_names"] == CLASSES
    assert config["num_classes"] == 3
    assert "num_classes" not in config["model_args"]  # transformers would pass it on twice
    assert parity_of(folder).max_probability_difference < 1e-5


def test_every_format_has_the_classes_in_the_order_of_training(
    finished: Path, exported: Callable[..., Path]
) -> None:
    trained = TrainedModel.load(finished, TRAINED).description.class_names
    assert trained == CLASSES  # as text, not by number
    bundle = exported("bundle", with_int8=True)
    assert list(Predictor(bundle).labels) == trained
    names = ["torch", "weights", *(["openvino"] if importlib.util.find_spec("openvino") else [])]
    for folder in (bundle, exported("onnx", NEIGHBOURS), *map(exported, names)):
        assert json.loads((folder / "labels.json").read_text()) == trained


def test_a_vote_of_neighbours_is_no_timm_model(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="trial-001 is a vote of nearest neighbours"):
        artefact.export(ExportRequest(finished, NEIGHBOURS, "weights", tmp_path / "weights"))
    assert list(tmp_path.iterdir()) == []


def test_the_program_takes_batches_of_any_size(
    finished: Path, exported: Callable[..., Path]
) -> None:
    model = torch.export.load(exported("torch") / "model.pt2").module()
    own = TrainedModel.load(finished, TRAINED)
    path = Path(validation_pictures(finished)["path"].iloc[0])
    pixels = torch.from_numpy(model_input(own.preprocessed(path)[None]))
    for size in (1, 7):
        answers = model(pixels.repeat(size, 1, 1, 1)).softmax(1)
        assert answers.shape == (size, 3)
        assert np.abs(answers[-1].detach().numpy() - own(path)).max() < 1e-5


def test_mlflow_has_azures_columns_and_refuses_what_is_no_picture(
    exported: Callable[..., Path],
) -> None:
    mlflow = pytest.importorskip("mlflow.pyfunc")
    folder = exported("azure") / "outputs" / "mlflow-model"
    assert (folder / "MLmodel").is_file()
    assert (folder / "requirements.txt").is_file()
    assert list(folder.rglob("*.pkl")) == []
    settings = settings_of(folder / "artifacts")
    assert (settings["valid_resize_size"], settings["valid_crop_size"]) == (37, 32)
    model = mlflow.load_model(str(folder))
    (answer,) = model.predict(model.input_example)["probs"]
    assert sum(answer) == pytest.approx(1)
    (text,) = model.input_example["image"]
    for form in ({"image": [text]}, {"image": text}, [{"image": text}]):
        assert list(model.predict(form)["probs"]) == [answer]
    assert len(model.predict({"image": [text, text]})) == 2
    with pytest.raises(Exception, match=r"missing inputs \['image'\]"):
        model.predict([text])
    assert model.metadata.signature.inputs.input_names() == ["image"]
    assert model.metadata.signature.outputs.input_names() == ["probs", "labels"]
    with pytest.raises(Exception, match="not given as base64"):
        model.predict(pd.DataFrame({"image": ["no picture!"]}))
    entry = json.dumps({"image_base64": "", "model_explainability": True})
    with pytest.raises(Exception, match="does not explain its answers"):
        model.predict(pd.DataFrame({"image": [entry]}))


def test_a_picture_has_the_same_mark_wherever_it_is_asked_for(
    finished: Path, exported: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow.pyfunc")
    testclient = pytest.importorskip("fastapi.testclient")
    bundle = exported("bundle", with_int8=True)
    packed = mlflow.load_model(str(exported("azure") / "outputs" / "mlflow-model"))
    paths = [*validation_pictures(finished)["path"], str(noise(tmp_path / "noise.png"))]
    texts = [base64.encodebytes(Path(path).read_bytes()).decode() for path in paths]
    request = {"input_data": {"columns": ["image"], "data": texts}}
    predictor, number = Predictor(bundle), 0
    for rate in (None, 0.2, 0.5):  # so few pictures are held out
        assert predictor.unlike is not None
        share = rate or predictor.unlike.false_alarm_rate
        page = [
            predictor.with_false_alarms(share).is_unlike(each)
            for each in predictor.answers([Path(path) for path in paths])
        ]
        assert page[-1]
        assert sum(page) > number  # a larger share marks more of the pictures
        number = sum(page)
        given = [] if rate is None else ["--false-alarms", str(rate)]
        told = CliRunner().invoke(cli, ["predict", str(bundle), *paths, *given, "--json"])
        answered = json.loads(told.stdout.splitlines()[-1])["predictions"]
        assert [each["unlike"] for each in answered] == page
        with served({"m": bundle}, additions=Additions(unlike=True, false_alarms=rate)) as client:
            assert [each["unlike"] for each in client.score(*texts).json()] == page
        frame = pd.DataFrame({"image": texts})
        assert packed.predict(frame, params={"false_alarms": share})["unlike"].tolist() == page
        monkeypatch.setenv("FALSE_ALARMS", str(share))
        with standalone.importable(bundle):
            program = runpy.run_path(str(bundle / "predict.py"))
            assert [program["line"](path, rate)["unlike"] for path in paths] == page
            import serve

            client = testclient.TestClient(serve.app)
            assert [each["unlike"] for each in client.post("/score", json=request).json()] == page


@pytest.mark.parametrize(
    ("share", "words"), [("2", "above 0 and below 1"), ("0.0001", "needs 9,999 pictures")]
)
def test_the_program_of_a_bundle_refuses_a_share_of_false_alarms(
    exported: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    share: str,
    words: str,
) -> None:
    folder = exported("bundle", with_int8=True)
    monkeypatch.setattr("sys.argv", ["predict.py", "--false-alarms", share, "a.png"])
    with standalone.importable(folder), pytest.raises(SystemExit):
        runpy.run_path(str(folder / "predict.py"), run_name="__main__")
    assert words in capsys.readouterr().err


def test_requirements_name_versions_that_registries_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "odd_torch-2.15.0+cpu.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Name: odd-torch\nVersion: 2.15.0+cpu\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert standalone.requirements("odd-torch") == ["odd-torch==2.15.0"]


def test_the_job_gets_its_model_where_it_asked_for_it(finished: Path, tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow.pyfunc")
    folder = tmp_path / "results" / "model"
    assert trainable.hand_out(finished, TRAINED, folder) == ""
    assert mlflow.load_model(str(folder)).metadata.signature is not None
    assert trainable.hand_out(finished, TRAINED, folder) == ""  # a resumed job writes it again
    (tmp_path / "notes.txt").write_text("mine")
    assert "exists and is not empty" in trainable.hand_out(finished, TRAINED, tmp_path)


def test_azures_scripts_find_their_files(finished: Path, exported: Callable[..., Path]) -> None:
    pytest.importorskip("mlflow")
    folder = exported("azure")
    environment = (folder / "outputs/conda_env_v_1_0_0.yml").read_text()
    assert "azureml-inference-server-http" in environment
    stored = torch.load(folder / "train_artifacts/model.pt", weights_only=True)
    assert stored["class_names"] == CLASSES
    metrics = json.loads((folder / "outputs/metrics.json").read_text())
    assert metrics["confusion_matrix"]["data"]["class_labels"] == stored["class_names"]
    assert 0.5 < metrics["metrics"]["AUC_weighted"] <= 1
    labels = json.loads((folder / "train_artifacts/labels.json").read_text())
    assert labels == stored["class_names"]
    path = validation_pictures(finished)["path"].iloc[0]
    text = base64.encodebytes(Path(path).read_bytes()).decode()
    body = json.dumps({"input_data": {"columns": ["image"], "index": [0], "data": [[text]]}})
    program = (
        "import json, sys, scoring_file_v_1_0_0 as script\n"
        "script.init()\n"
        f"for wrong, words in {WRONG_REQUESTS!r}.items():\n"
        "    try:\n"
        "        raise SystemExit(f'not refused: {script.run(wrong)}')\n"
        "    except script.BadRequest as error:\n"
        "        assert words in str(error)\n"
        "print(json.dumps(script.run(sys.stdin.read())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=body,
        check=True,
        capture_output=True,
        text=True,
        cwd=folder / "outputs",
        env={"AZUREML_MODEL_DIR": str(folder)},
    )
    (answer,) = json.loads(done.stdout)
    own = TrainedModel.load(finished, TRAINED)(Path(path))
    assert np.abs(np.array(answer["probs"]) - own).max() < 1e-5


def test_the_code_trains_a_model_as_good_as_the_winner(
    finished: Path, exported: Callable[..., Path], tmp_path: Path
) -> None:
    samples = store.load_samples(finished)
    data = Path(samples["path"].iloc[0]).parents[2]  # the pictures are in a folder of it
    target = tmp_path / "new" / "folder"
    command = [sys.executable, "train_best.py", "--data", str(data), "--output", str(target)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}  # as the trial had
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=exported("code"), env=environment
    )
    assert done.returncode == 0, done.stderr
    accuracy = float(done.stdout.split("accuracy ")[1].split()[0])
    (trial,) = (one for one in store.load_trials(finished) if one.trial_id == TRAINED)
    assert trial.score_low is not None
    assert trial.score_high is not None
    assert trial.score_low <= accuracy <= trial.score_high
    trained = load_file(target / "model.safetensors")
    own = load_file(store.checkpoint_dir(finished, TRAINED) / "model.safetensors")
    assert trained.keys() == own.keys()
    assert all(torch.equal(trained[name], value) for name, value in own.items())


def test_the_code_of_label_sets_trains_the_same_weights(
    with_label_sets: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "code"
    parity = artefact.export(ExportRequest(with_label_sets, TRAINED, "code", folder))
    assert parity.max_probability_difference < 1e-5
    settings = json.loads((folder / "training_settings.json").read_text())
    pictures = Path(store.load_samples(with_label_sets)["path"].iloc[0]).parents[1]
    with standalone.importable(folder), one_thread():  # as the trial had
        program = runpy.run_path(str(folder / "train_best.py"))
        paths, sizes, labels, folds = program["read_pictures"](pictures, ["train"], settings)
        packed = program["decode"](paths, sizes, settings, tmp_path / "train.npy")
        network = program["train"](settings, packed, labels, folds, None).network
    own = load_file(store.checkpoint_dir(with_label_sets, TRAINED) / "model.safetensors")
    assert all(torch.equal(own[name], value) for name, value in network.state_dict().items())


@contextmanager
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def test_label_sets_agree_if_the_answers_from_the_thresholds_do() -> None:
    own, exported = np.array([[0.6, 0.1], [0.9, 0.1]]), np.array([[0.8, 0.1], [0.9, 0.1]])
    assert parity.agreement(own, exported, np.array([0.7, 0.5])) == 0.5
    assert parity.agreement(own, exported, np.array([0.5, 0.5])) == 1
    assert parity.agreement(own, exported, None) == 1  # of classes the most probable one


def test_int8_that_is_clearly_worse_is_refused() -> None:
    before = np.ones(100, bool)
    after = np.arange(100) >= 20
    with pytest.raises(
        ExportError, match=r"accuracy is 0\.800, that of the original 1\.000, on 100"
    ):
        int8.refuse_worse(before, after)
    int8.refuse_worse(after, before)
    int8.refuse_worse(before[:14], np.arange(14) >= 1)  # one of 14 may be chance
    int8.refuse_worse(np.ones(1000, bool), np.arange(1000) >= 20)  # sure, but little


@pytest.mark.nightly  # an ONNX file of label sets and int8 are below, the code above
@pytest.mark.parametrize("name", ["bundle", "torch", "weights", "mlflow", "azure", "openvino"])
def test_each_format_of_label_sets_answers_with_each_probability(
    with_label_sets: Path, tmp_path: Path, name: str
) -> None:
    if name in ("mlflow", "azure"):
        pytest.importorskip("mlflow.pyfunc")
    if name == "openvino":
        pytest.importorskip("openvino")
    parity = artefact.export(ExportRequest(with_label_sets, TRAINED, name, tmp_path / name))
    assert parity.agreement == 1
    assert parity.max_probability_difference < 1e-5


def test_an_onnx_file_of_label_sets_is_scored_by_whole_sets(
    with_label_sets: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(store.best_model_dir(with_label_sets), tmp_path / "onnx"))
    assert parity_of(folder).agreement == 1
    assert parity_of(folder).max_probability_difference < 1e-5
    found = int8.write(folder, TrainedModel.load(with_label_sets, TRAINED), lambda _: None)
    (trial,) = store.load_trials(with_label_sets)
    assert found.original_accuracy == pytest.approx(trial.score("accuracy"))
    assert found.agreement > 0.5
    assert found.mean_probability_difference is not None
    assert 0 < found.mean_probability_difference < 0.1


def test_the_code_says_what_it_misses(finished: Path, exported: Callable[..., Path]) -> None:
    folder = exported("code")
    with standalone.importable(folder):
        program = runpy.run_path(str(folder / "train_best.py"))
    pictures, weights = program["folder_of_pictures"], program["folder_of_weights"]
    data = Path(store.load_samples(finished)["path"].iloc[0]).parents[1]
    assert pictures(data) == pictures(data.parent) == data
    with pytest.raises(SystemExit, match="--data nowhere: .* is neither in it nor in one"):
        pictures(Path("nowhere"))
    timms = exported("weights")
    assert weights(None, "resnet18.a1_in1k") is None
    assert weights(timms, "any") == str(timms)
    assert weights(timms.parent, timms.name) == str(timms)
    with pytest.raises(SystemExit, match="--weights nowhere: there is no config.json in it"):
        weights(Path("nowhere"), "resnet18.a1_in1k")


def test_int8_is_scored_beside_the_original(finished: Path, exported: Callable[..., Path]) -> None:
    folder = exported("bundle", with_int8=True)
    parity = parity_of(folder)
    assert parity.int8 is not None
    assert parity.int8.num_images == len(validation_pictures(finished))
    (trial,) = (one for one in store.load_trials(finished) if one.trial_id == TRAINED)
    assert parity.int8.original_accuracy == pytest.approx(trial.score("accuracy"))
    assert parity.int8.agreement > 0.5
    assert parity.int8.size_bytes < (folder / "model.onnx").stat().st_size
    quantised = onnx.load(folder / "model_int8.onnx")
    assert "QuantizeLinear" in {node.op_type for node in quantised.graph.node}
    assert [one.domain for one in quantised.opset_import] == [""]
    tensors = [onnx.numpy_helper.to_array(one) for one in quantised.graph.initializer]
    weights = [one for one in tensors if one.dtype == np.int8 and one.ndim == 4]
    # sums of 8-bit products would overflow on some processors
    assert weights
    assert all(np.abs(one.astype(int)).max() <= 64 for one in weights)
    # the first convolution, where 8 bits lose most, is as it was
    kernels = [one for one in tensors if one.dtype == np.float32 and one.shape[2:] == (3, 3)]
    assert len(kernels) == 1
    assert "accuracy" in (folder / "README.md").read_text()


WRONG = """
import json, shutil
from automl.experiments import store
from automl.export import onnx_model
from automl.export.formats import Format

def write(folder, model):
    shutil.copytree(store.best_model_dir(model.experiment_dir), folder, dirs_exist_ok=True)
    settings = json.loads((folder / "settings.json").read_text())
    settings["validation_resize_size"] = 64
    (folder / "settings.json").write_text(json.dumps(settings))
    return onnx_model.answers(folder)

FORMAT = Format(title="Wrong", description="It sees a smaller part.", write=write, usage="Never.")
"""

HELLO = """
from automl.export.formats import Format

def write(folder, model):
    (folder / "hello.txt").write_text(model.description.model_name)
    return model

FORMAT = Format(
    title="Hello",
    description="The name of the architecture.",
    write=write,
    usage="Read `hello.txt`; the side is {side} px.",
    order=15,
)
"""


@pytest.fixture
def add_format(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], None]]:
    """Put a module beside those of the formats; nothing else is told of it."""
    folder = tmp_path_factory.mktemp("formats")
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(folder)])

    def add(name: str, program: str) -> None:
        (folder / f"{name}.py").write_text(program)
        importlib.invalidate_caches()

    yield add
    for path in folder.glob("*.py"):
        sys.modules.pop(f"{formats.__name__}.{path.stem}", None)
        vars(formats).pop(path.stem, None)


def test_a_format_is_added_by_one_module(
    finished: Path, tmp_path: Path, add_format: Callable[[str, str], None]
) -> None:
    add_format("hello", HELLO)
    assert "hello" in formats.names()
    assert list(formats.load_all())[:3] == ["onnx", "hello", "bundle"]
    report = artefact.export(ExportRequest(finished, TRAINED, "hello", tmp_path / "out"))
    assert (report.format, report.max_probability_difference) == ("hello", 0)
    assert (tmp_path / "out" / "hello.txt").read_text() == "test_resnet"
    assert "Read `hello.txt`; the side is 32 px." in (tmp_path / "out" / "README.md").read_text()


def test_the_formats_are_listed_without_importing_what_writes_them() -> None:
    program = (
        "import sys; from automl.export import formats; from automl.export.request import *\n"
        "assert set(formats.load_all()) == set(formats.names())\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    heavy = {"torch", "timm", "onnx", "onnxruntime", "mlflow", "numpy", "pandas", "PIL"}
    assert heavy.isdisjoint(done.stdout.decode().split())


def test_a_model_that_answers_otherwise_is_not_kept(
    finished: Path, tmp_path: Path, add_format: Callable[[str, str], None]
) -> None:
    add_format("wrong", WRONG)
    with pytest.raises(ExportError, match=r"a probability differs by up to 0\.\d+ .*Nothing was"):
        artefact.export(ExportRequest(finished, TRAINED, "wrong", tmp_path / "wrong"))
    assert list(tmp_path.iterdir()) == []


def test_quantising_silences_nothing_but_its_own_advice(caplog: pytest.LogCaptureFixture) -> None:
    """`warn` logs to the root logger as onnxruntime does, from a file of a given name."""

    def warn(file: str) -> None:
        exec(compile(f"import logging; logging.warning({file!r})", file, "exec"), {})

    with int8._without_advice():
        warn("/site-packages/onnxruntime/quantization/quantize.py")
        warn("/customer/program.py")
        logging.getLogger("customer").warning("child")
        thread = threading.Thread(target=warn, args=("/site-packages/onnxruntime/other.py",))
        thread.start()
        thread.join()
    warn("/site-packages/onnxruntime/later.py")
    messages = [record.message.rpartition("/")[2] for record in caplog.records]
    assert messages == ["program.py", "child", "other.py", "later.py"]


@pytest.mark.parametrize("is_filled", [False, True])
def test_an_empty_folder_gives_way_but_one_that_was_filled_meanwhile_does_not(
    finished: Path, tmp_path: Path, is_filled: bool
) -> None:
    target = tmp_path / "target"
    target.mkdir()

    def fill(step: str, _: float) -> None:
        if is_filled and step == "Writing the model card":
            (target / "mine.txt").touch()

    request = ExportRequest(finished, TRAINED, "weights", target)
    if is_filled:
        with pytest.raises(ExportError, match="exists since a moment ago"):
            artefact.export(request, fill)
        assert [path.name for path in target.iterdir()] == ["mine.txt"]
    else:
        artefact.export(request, fill)
        assert (target / "parity.json").is_file()
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_there_is_not_overwritten(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(ExportError, match="exists and is not empty"):
        artefact.export(ExportRequest(finished, TRAINED, "onnx", tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("name", "quantised", "words"),
    [
        ("pickle", False, "'pickle' is not a format. Choose from onnx, bundle"),
        ("torch", True, "int8 is for onnx and bundle; torch has no such form"),
    ],
)
def test_a_format_that_does_not_exist_is_refused(name: str, quantised: bool, words: str) -> None:
    with pytest.raises(ExportError, match=words):
        formats.check(name, int8=quantised)


def test_a_missing_extra_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "mlflow" else object()
    )
    with pytest.raises(ExportError, match=r"^The format mlflow needs mlflow, not .*install '\.\["):
        formats.check("mlflow", int8=False)


def test_a_trial_without_a_model_is_named_with_those_that_have_one(finished: Path) -> None:
    with pytest.raises(ExportError, match="trial-9 has no model in shapes. Choose from trial-000"):
        TrainedModel.load(finished, "trial-9")


def test_the_card_tells_where_the_model_comes_from(finished: Path) -> None:
    text = (store.best_model_dir(finished) / "README.md").read_text()
    card = ModelCard(text)
    (trial,) = (one for one in store.load_trials(finished) if one.trial_id == TRAINED)
    report = store.load_report(finished)
    assert report is not None
    assert card.data.pipeline_tag == "image-classification"
    assert card.data.eval_results[0].metric_value == pytest.approx(trial.score("accuracy"))
    assert report.data_hash in text
    assert f"the model of {TRAINED} after epoch {trial.best_epoch}." in text
    assert f"95 % interval {trial.score_low:.3f} to {trial.score_high:.3f}" in text
    long = "n" * 176
    name = rf'CON: a\\b "&lt;b&gt;" \| 🦊 مرحبا{long}'
    assert f"| {name} | 24 |" in text  # a name cannot break the table
    assert "| learning\\_rate | 0.005 |" in text
    assert text.count("?") >= 3
    assert "It has not been scored on test data." in text


def test_the_card_of_a_constant_answer_names_no_network(
    finished: Path, exported: Callable[..., Path]
) -> None:
    model = TrainedModel.load(finished, NEIGHBOURS)
    model = replace(
        model, description=model.description.model_copy(update={"timm_name": "resnet18.a1_in1k"})
    )

    def card(method: str) -> ModelCard:
        values = {**model.trial.hyperparameters, "method": method}
        effective = {**model.trial.effective, "weights": "resnet18.a1_in1k"}
        update = {"hyperparameters": values, "effective": effective}
        of_method = replace(model, trial=model.trial.model_copy(update=update))
        return ModelCard(model_card.text(of_method, parity_of(exported("weights"))))

    assert card("k_nearest_neighbours").data.base_model == "timm/resnet18.a1_in1k"
    constant = card("majority_class")
    assert "base_model" not in constant.data.to_dict()
    assert "A constant answer, to compare models with" in constant.text
    assert "(timm `" not in constant.text


def test_the_card_of_label_sets_speaks_of_labels(with_label_sets: Path) -> None:
    model = TrainedModel.load(with_label_sets, TRAINED)
    text = model_card.text(model, parity_of(store.best_model_dir(with_label_sets)))
    assert "An image classifier with 3 labels: " in text
    assert "gives any number of them to a picture, also none." in text


def test_pictures_come_as_base64_in_every_form_that_is_sent() -> None:
    content = bytes(range(200))
    plain = base64.b64encode(content).decode()
    forms = [plain, base64.encodebytes(content).decode(), plain.encode(), f" {plain}\n"]
    forms.append(json.dumps({"image_base64": plain, "model_explainability": False}))
    forms.append(f"data:image/png;base64,{plain}")
    forms.append(base64.urlsafe_b64encode(content).decode().rstrip("="))
    assert all(from_base64(form).read() == content for form in forms)
    for bad in ("ä", "abcde", '{"image": "x"}', "{", "[1]"):
        with pytest.raises(UnreadablePicture, match="not given as base64"):
            from_base64(bad)
    assert isinstance(from_base64(plain), io.BytesIO)


WRONG_REQUESTS = {
    '{"input_data": {"columns": ["image"], "data": ["no picture!"]}}': "Picture 1: ",
    '{"input_data": {"columns": ["img"], "data": []}}': 'have to be ["image"]',
    '{"input_data": [["a", "b"]]}': "Picture 1 is not text",
    '{"input_data": {"columns": ["image"]}}': "no list of pictures",
    '{"inputs": []}': "not of the form",
    "{": "not of the form",
}


def test_the_bundle_serves_azures_requests(finished: Path, exported: Callable[..., Path]) -> None:
    testclient = pytest.importorskip("fastapi.testclient")
    with standalone.importable(exported("bundle", with_int8=True)):
        import serve  # type: ignore[import-not-found]

        client = testclient.TestClient(serve.app)
        path = validation_pictures(finished)["path"].iloc[0]
        text = base64.encodebytes(Path(path).read_bytes()).decode()
        table = {"columns": ["image"], "index": [0, 1]}
        for data in (
            {**table, "data": [text, text]},
            {**table, "data": [[text], [text]]},
            [text, text],
        ):
            answers = client.post("/score", json={"input_data": data}).json()
            assert [set(answer) for answer in answers] == [{"probs", "labels"}] * 2
            own = TrainedModel.load(finished, TRAINED)(Path(path))
            assert np.abs(np.array(answers[1]["probs"]) - own).max() < 1e-5
        for bad, words in WRONG_REQUESTS.items():
            refused = client.post("/score", content=bad)
            assert refused.status_code == 422
            assert words in refused.json()["detail"]
        too_large = b" " * (serve.MAX_REQUEST_BYTES + 1)
        assert client.post("/score", content=too_large).status_code == 413
        assert client.get("/ready").json() == {"status": "ready"}


def test_a_full_disk_is_an_error_of_the_disk(finished: Path, tmp_path: Path) -> None:
    """As a limit of the size of a file is; torch aborts the process where it writes itself."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            artefact.export(ExportRequest(finished, TRAINED, "torch", tmp_path / "torch"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_the_code_of_a_model_that_trained_nothing_is_refused(
    finished: Path, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="made by k_nearest_neighbours, which trains nothing"):
        artefact.export(ExportRequest(finished, NEIGHBOURS, "code", tmp_path / "code"))
    assert list(tmp_path.iterdir()) == []


def test_without_the_pictures_it_is_compared_on_noise(finished: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(finished, tmp_path / "elsewhere")
    (copy / "dataset" / "samples.parquet").unlink()
    parity = artefact.export(ExportRequest(copy, TRAINED, "weights", tmp_path / "weights"))
    assert (parity.pictures, parity.num_images) == ("noise", 64)
    assert parity.max_difference_from_recorded is None
    assert parity.max_probability_difference < 1e-5
    assert "pictures of noise" in (tmp_path / "weights" / "README.md").read_text()
