"""Any file of an experiment, emptied or full of noise, is a sentence on every page and command."""

import itertools
import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from safetensors.torch import save_file
from typer.testing import CliRunner

from automl.cli import cli
from automl.experiments import store
from automl.experiments.remarks import Remarks
from automl.figures import wording
from tests.conftest import build_opening
from tests.explanation.conftest import CLASSES, network
from tests.model_files import describe
from tests.pages.conftest import ROOT, texts
from tests.serving.conftest import write_model

NOISE = random.Random(0).randbytes(3_000)
DAMAGES: tuple[Callable[[bytes], bytes], ...] = (
    lambda _: b"",
    lambda _: NOISE,
    lambda content: content[: len(content) // 2],
    lambda _: b"{}",
    lambda _: b"[" * 100_000,
)
NO_SENTENCE = re.compile(r"Traceback|Unexpected|errors\.pydantic\.dev|^Expecting value")
PAGES = [path.stem for path in sorted((ROOT / "pages").glob("*.py")) if path.stem != "settings"]


@pytest.fixture
def whole(home: Path) -> Path:
    """An experiment with a file of each kind, beside the folder of experiments."""
    folder = home / "whole"
    shutil.copytree(ROOT / "tests" / "data" / "experiment-format-4", folder)
    best = store.load_experiment(folder).best_trial
    assert best is not None
    settings = write_model(folder / "best_model") / "settings.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "trial_id": best}))
    checkpoint = store.checkpoint_dir(folder, best)
    describe(checkpoint, "test_resnet", CLASSES)
    save_file(network("test_resnet").state_dict(), checkpoint / "model.safetensors")
    (folder / "remarks.json").write_text(Remarks().model_dump_json())
    (folder / "thresholds.json").write_text("{}")
    answers = store.load_predictions(store.predictions_path(folder, best))
    store.save_test(folder, build_opening(best), answers)
    return folder


def damaged(whole: Path, name: Path, content: bytes) -> Path:
    """A copy of the experiment in which one file is damaged."""
    folder = whole.parent / "experiments" / "hurt"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    (folder / name).write_bytes(content)
    return folder


def files(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


@pytest.mark.usefixtures("errors_as_in_the_app")
def test_a_damaged_file_is_a_sentence_on_pages(whole: Path, open_page: Callable[..., Any]) -> None:
    """`open_page` fails on an exception and on what the app calls a bug."""
    best = store.load_experiment(whole).best_trial
    for number, name in enumerate(files(whole)):
        content = DAMAGES[number % len(DAMAGES)]((whole / name).read_bytes())
        folder = damaged(whole, name, content)
        open_page(PAGES[number % len(PAGES)], experiment=folder.name, trial=best)


@pytest.mark.nightly
@pytest.mark.usefixtures("errors_as_in_the_app")
def test_each_damaged_file_is_a_sentence_on_each_page(
    whole: Path, open_page: Callable[..., Any]
) -> None:
    best = store.load_experiment(whole).best_trial
    for name, damage in itertools.product(files(whole), DAMAGES):
        folder = damaged(whole, name, damage((whole / name).read_bytes()))
        for page in PAGES:
            open_page(page, experiment=folder.name, trial=best)


def test_a_damaged_file_is_a_sentence_of_every_command(whole: Path, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    Image.new("RGB", (64, 64), (200, 0, 0)).save(picture)
    commands = [
        ["list"],
        ["show", "hurt"],
        ["leaderboard", "hurt"],
        ["share", "hurt", "--output", str(tmp_path / "shared.zip")],
        ["predict", "hurt", str(picture)],
        ["resume", "hurt"],
        ["stop", "hurt"],
    ]
    for number, name in enumerate(files(whole)):
        damaged(whole, name, (NOISE, b"")[number % 2])
        for command in commands:
            (tmp_path / "shared.zip").unlink(missing_ok=True)
            result = CliRunner().invoke(cli, command)
            said = f"{name}: {command[0]}: {result.exception!r}: {result.output}"
            assert result.exception is None or isinstance(result.exception, SystemExit), said
            assert not NO_SENTENCE.search(result.output), said
    for name in files(whole):
        (damaged(whole, name, NOISE) / name).unlink()
        if name.name not in ("job.yml", "experiment.json", "samples.parquet"):
            assert CliRunner().invoke(cli, ["show", "hurt"]).exit_code == 0, name
    damaged(whole, Path("dataset/report.json"), NOISE)
    report = CliRunner().invoke(cli, ["report", "hurt", "--output", str(tmp_path / "report.html")])
    assert "report.json is damaged" in report.output


@pytest.mark.usefixtures("errors_as_in_the_app")
def test_the_trials_beside_a_damaged_one_are_shown_and_it_is_named(
    whole: Path, tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    kept, *_, worst = store.load_trials(whole)
    name = store.trial_path(whole, worst.trial_id).relative_to(whole)
    folder = damaged(whole, name, NOISE)
    report = tmp_path / "report.html"
    for command in (
        ["list"],
        ["show", "hurt"],
        ["show", "hurt", "--json"],
        ["leaderboard", "hurt"],
        ["leaderboard", "hurt", "--json"],
        ["report", "hurt", "--output", str(report)],
    ):
        result = CliRunner().invoke(cli, command)
        assert result.exit_code == 1, command
        assert f"{name.name} is damaged" in result.stderr, command
        assert result.stdout, command
    assert kept.title in report.read_text("utf-8")
    assert f"{name.name} is damaged" in report.read_text("utf-8")
    page = open_page("leaderboard", experiment=folder.name)
    said = wording.plain(f"{name.name} is damaged")
    assert any(said in warning.value for warning in page.warning)
    page = open_page("leaderboard", experiment=folder.name, lang="de")
    said = wording.plain(f"{name.name} ist beschädigt")
    assert any(said in warning.value for warning in page.warning)
    store.trial_path(folder, kept.trial_id).unlink()  # the best
    assert any("is gone" in error.value for error in open_page("compare", experiment="hurt").error)


@pytest.mark.parametrize("page", ["leaderboard", "progress", "predict"])
def test_what_another_tab_has_deleted_is_said_to_be_gone(
    whole: Path, open_page: Callable[..., Any], page: str
) -> None:
    folder = damaged(whole, Path("remarks.json"), b"{}")
    tab = open_page(page, experiment=folder.name)
    shutil.rmtree(folder)
    tab.button(key="delete now").click().run()
    assert "There is no experiment called hurt here." in texts(tab)
