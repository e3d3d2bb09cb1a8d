import importlib.util
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from automl.cli import cli
from automl.errors import ExplanationError, UserError
from automl.experiments import store
from automl.explanation import worker
from automl.explanation.explainer import Explainer
from automl.explanation.request import ExplanationParameters
from automl.model import checkpoint

QUICK = ExplanationParameters(xai_algorithm="guided_backprop")


@pytest.fixture(scope="module")
def explainer():
    """One process for all tests, as importing torch and timm takes seconds."""
    with Explainer() as explainer:
        yield explainer


def test_a_picture_is_explained_in_another_process(explainer, explained):
    directory, path = explained
    found = explainer.explain(directory, "t1", path)
    assert found.label in ("blue", "green", "red")
    assert 1 / 3 < found.probability <= 1
    assert found.attributions is None
    assert Image.open(io.BytesIO(found.picture)).size == (2 * 256 + 8, 2 * 256 + 8)


def test_the_content_of_a_file_will_do_and_numbers_come_when_asked_for(explainer, explained):
    directory, path = explained
    parameters = ExplanationParameters(
        xai_algorithm="guided_backprop", visualizations=False, attributions=True
    )
    found = explainer.explain(directory, "t1", path.read_bytes(), parameters)
    assert found.picture is None
    assert found.attributions.shape == (3, 64, 64)
    assert found.attributions.min() < 0 < found.attributions.max()


def test_once_warm_an_answer_comes_at_once(explainer, explained):
    directory, path = explained
    explainer.explain(directory, "t1", path, QUICK)
    started = time.perf_counter()
    explainer.explain(directory, "t1", path, QUICK)
    assert time.perf_counter() - started < 3  # 0.05 s on a quiet machine


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"no picture", "not a picture of a format"), (b"", "The file is empty.")],
)
def test_what_is_no_picture_is_refused_and_the_process_lives(
    explainer, explained, content, sentence
):
    directory, path = explained
    with pytest.raises(ExplanationError, match=sentence):
        explainer.explain(directory, "t1", content)
    assert explainer.explain(directory, "t1", path, QUICK).label


def test_what_is_not_there_is_named(explainer, explained, tmp_path):
    directory, path = explained
    with pytest.raises(ExplanationError, match="t9 of pets has no model to explain here"):
        explainer.explain(directory, "t9", path)
    with pytest.raises(ExplanationError, match="gone.png cannot be read: No such file"):
        explainer.explain(directory, "t1", tmp_path / "gone.png")


def test_a_better_model_of_the_trial_is_used(explainer, explained):
    directory, path = explained
    before = explainer.explain(directory, "t1", path, QUICK)
    description = store.checkpoint_dir(directory, "t1") / "model.json"
    content = json.loads(description.read_text())
    description.write_text(json.dumps({**content, "class_names": ["a", "b", "c"]}))
    os.utime(description.with_name("model.safetensors"), (1, 1))
    after = explainer.explain(directory, "t1", path, QUICK)
    assert before.label not in "abc"
    assert after.label in "abc"


def test_a_damaged_checkpoint_is_a_sentence(explainer, explained):
    directory, path = explained
    weights = store.checkpoint_dir(directory, "t1") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    os.utime(weights, (2, 2))
    with pytest.raises(ExplanationError, match="checkpoint .* cannot be loaded .* Choose another"):
        explainer.explain(directory, "t1", path)


@pytest.mark.parametrize(
    "tampered",
    [
        {"timm_name": "hf-hub:evil/x"},
        {"timm_name": "local-dir:/etc"},
        {"validation_crop_size": 40_000},
        {"timm_name": "vit_giant_patch14_224"},
        {"class_names": [str(number) for number in range(100_000)]},
    ],
)
def test_a_description_that_asks_for_more_than_a_model_is_a_sentence(explained, tampered):
    folder = store.checkpoint_dir(explained[0], "t1")
    content = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**content, **tampered}))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match="checkpoint .* cannot be loaded .* Choose another"):
        checkpoint.load(folder)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 400_000  # KB


def test_what_speaks_for_a_chosen_label_is_explained(explainer, explained):
    directory, path = explained
    found = explainer.explain(directory, "t1", path)
    other = next(name for name in ("blue", "green", "red") if name != found.label)
    chosen = explainer.explain(directory, "t1", path, QUICK, label=other)
    assert chosen.label == other
    assert chosen.probability < found.probability
    with pytest.raises(ExplanationError, match="no label 'pink'. Its labels are blue"):
        explainer.explain(directory, "t1", path, QUICK, label="pink")


def test_of_many_labels_ten_are_named_and_the_others_counted(explained):
    model, _ = checkpoint.load(store.checkpoint_dir(explained[0], "t1"))
    names, pixels = [f"c{number}" for number in range(12)], np.zeros((32, 32, 3), np.uint8)
    with pytest.raises(ExplanationError, match="Its labels are c0, .*, c9 and 2 more.$"):
        worker.explain(model, names, pixels, QUICK, label="pink")


def test_a_process_that_was_killed_is_named_and_the_next_question_starts_another(
    explainer, explained
):
    directory, path = explained
    explainer.explain(directory, "t1", path, QUICK)
    os.kill(
        explainer._worker.process.pid, signal.SIGSTOP
    )  # or it could be gone before the question
    killer = f"import os, time; time.sleep(0.5); os.kill({explainer._worker.process.pid}, 9)"
    killed = pytest.raises(ExplanationError, match="has ended. It was killed, most likely")
    with subprocess.Popen([sys.executable, "-c", killer]), killed:
        explainer.explain(directory, "t1", path, QUICK)
    assert explainer.explain(directory, "t1", path, QUICK).label


def test_who_takes_too_long_is_ended(explained):
    directory, path = explained
    with Explainer(patience_seconds=0.1) as hasty:
        with pytest.raises(ExplanationError, match="No explanation after 0.1 seconds. Choose"):
            hasty.explain(directory, "t1", path)
        assert hasty._worker is None


def test_an_idle_process_ends(explainer, explained):
    directory, path = explained
    explainer._idle_seconds = 0.2
    explainer.explain(directory, "t1", path, QUICK)
    process = explainer._worker.process
    explainer._idle_seconds = 600
    assert process.wait(timeout=120) == -signal.SIGKILL


def test_a_process_that_was_warmed_up_for_nothing_ends_too():
    with Explainer(idle_seconds=0.2) as explainer:
        explainer.warm_up()
        assert explainer._worker.process.wait(timeout=120) == -signal.SIGKILL


def test_a_missing_package_is_named_with_what_to_do(explained, monkeypatch):
    directory, path = explained
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "captum" else found(name)
    )
    with Explainer() as explainer, pytest.raises(ExplanationError) as refused:
        explainer.explain(directory, "t1", path, QUICK)
    assert "Explanations need captum" in str(refused.value)
    assert "pip install '.[explain]'" in str(refused.value)


def automl(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_the_command_gives_every_picture_results_of_its_own(explained, tmp_path):
    """Beside a.png and b/a.png there is an a-2.png, whose name the second must not take; and the
    results lie where the pictures are, which they must not overwrite."""
    directory, path = explained
    pictures = [tmp_path / name for name in ("a.png", "b/a.png", "a-2.png", "c/A.PNG")]
    for number, each in enumerate(pictures):
        each.parent.mkdir(exist_ok=True)
        with Image.open(path) as image:
            image.rotate(90 * number).save(each, "PNG")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    for name in ("list.csv", "many.zip"):
        (tmp_path / name).write_text("a.png,red")
    others = (broken, tmp_path / "list.csv", tmp_path / "many.zip")
    before = [each.read_bytes() for each in pictures]
    options = ("--algorithm", "guided_gradcam", "--attributions", "--output", tmp_path, "--json")
    result = automl("explain", directory, *pictures, *others, *options)
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    rows, refused = said["explanations"][:4], said["explanations"][4:]
    assert (said["experiment"], said["trial_id"]) == (directory.name, "t1")
    assert len({row["label"] for row in rows} - {"blue", "green", "red"}) == 0
    assert "not a picture" in refused[0]["error"]
    assert "It is a list, which is not read here" in refused[1]["error"]
    assert f"Name one of them, as {tmp_path / 'many.zip'}::NAME" in refused[2]["error"]
    assert [each.read_bytes() for each in pictures] == before
    for kind in ("picture", "attributions"):
        files = [row[kind] for row in rows]
        assert len({name.casefold() for name in files}) == 4
        assert {Path(name).parent for name in files} == {tmp_path}
        assert len({Path(name).read_bytes() for name in files}) == 4
    assert np.load(rows[0]["attributions"]).shape == (3, 64, 64)
    with Image.open(rows[0]["picture"]) as drawn:
        assert drawn.format == "PNG"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--algorithm", "lime"), "xai_algorithm is 'lime'; allowed is"),
        (("--n-steps", "1"), "n_steps is 1. It should be greater than or equal to 2."),
        (("--trial", "t9"), "pets has no trial t9. Its trials are t1."),
    ],
)
def test_the_command_refuses_what_cannot_be(explained, tmp_path, options, sentence):
    directory, path = explained
    result = automl("explain", directory, path, "--output", tmp_path / "why", *options)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert not (tmp_path / "why").exists()
