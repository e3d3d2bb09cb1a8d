"""A second model beside the first one: what both said, and the exchange of the two."""

import json
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from automl.access import audit
from automl.cli import cli
from automl.errors import UserError
from automl.prediction.inference import Answer, Failure, Predictor
from automl.serving import shadow, shadow_folder
from automl.serving.limits import Limits
from automl.serving.models import Models
from automl.serving.shadow import Shadow
from tests.serving.conftest import COLOURS, picture, write_model

REVERSED = ("blue", "green", "red")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return write_model(tmp_path / "one"), write_model(tmp_path / "two", REVERSED)


@pytest.fixture
def folder(tmp_path: Path, pair: tuple[Path, Path]) -> Path:
    shadow.prepared(tmp_path / "both", *pair)
    return tmp_path / "both"


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Shadow]]:
    started: list[Shadow] = []

    def begin(**options: object) -> Shadow:
        started.append(Shadow(folder, **options))  # type: ignore[arg-type]
        return started[-1]

    yield begin
    for each in started:
        each.close()


def answer_of(predictor: Predictor, colour: str) -> tuple[bytes, Predictor, Answer]:
    probabilities = np.array([name == colour for name in predictor.labels], np.float32)
    return picture(colour), predictor, Answer(probabilities)


def run(*arguments: object) -> str:
    """Output of a command that does what it is told."""
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_both_answers_are_recorded_privately_and_a_failure_harms_nothing(
    start: Callable[..., Shadow], folder: Path, pair: tuple[Path, Path]
) -> None:
    outcomes: list[str] = []
    second, first = start(on_outcome=outcomes.append), Predictor(pair[0])
    for colour in COLOURS:
        second.offer(*answer_of(first, colour))
    second.offer(b"no picture", first, Answer(np.ones(3, np.float32)))
    second.offer(picture("red"), first, Failure("unreadable"))  # the first one has no answer
    wait_for(lambda: len(outcomes) == 4)
    assert outcomes == ["differs", "agrees", "differs", "failed"]
    second.close()
    counts = shadow_folder.load_counts(folder)
    assert (counts.answered, counts.differing, counts.failed, counts.dropped) == (3, 2, 1, 0)
    said = [
        [given.label for given in line.answers.values()] for line in shadow_folder.lines(folder)
    ]
    assert said == [["red", "blue"], ["green", "green"], ["blue", "red"]]
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {0}


def test_what_the_second_has_no_time_for_is_dropped_and_counted(
    start: Callable[..., Shadow], folder: Path, pair: tuple[Path, Path]
) -> None:
    second = start()
    second.close()  # its thread takes nothing any more
    given = answer_of(Predictor(pair[0]), "red")
    for _ in range(shadow.MAX_WAITING + 7):
        second.offer(*given)
    assert second.num_waiting == shadow.MAX_WAITING
    second.close()  # what still waits is dropped, too
    assert shadow_folder.load_counts(folder).dropped == shadow.MAX_WAITING + 7


def test_beyond_the_limit_answers_are_only_counted(
    start: Callable[..., Shadow], folder: Path, pair: tuple[Path, Path]
) -> None:
    outcomes: list[str] = []
    second = start(on_outcome=outcomes.append, max_lines=1)
    for _ in range(3):
        second.offer(*answer_of(Predictor(pair[0]), "green"))
    wait_for(lambda: len(outcomes) == 3)
    second.close()
    assert len(list(shadow_folder.lines(folder))) == 1
    assert shadow_folder.load_counts(folder).unrecorded == 2


def test_a_bare_name_is_a_pair_of_the_home_and_a_missing_path_is_none(
    home: Path, pair: tuple[Path, Path]
) -> None:
    shadow.prepared(home / "shadows" / "one--two", *pair)
    elsewhere = CliRunner().invoke(cli, ["promote", "/no/such/place/one--two"])
    assert elsewhere.exit_code == 2
    assert "/no/such/place/one--two is no folder of two models" in elsewhere.stderr
    assert "There is: one--two." in elsewhere.stderr
    assert CliRunner().invoke(cli, ["promote", "one--two"]).exit_code == 0


def test_a_promoted_model_answers_first_in_a_running_server_and_after_a_new_start(
    start: Callable[..., Shadow], folder: Path, pair: tuple[Path, Path]
) -> None:
    models = Models.load({"colours": pair[0]}, Limits(), lambda *_: None)
    start(on_exchange=models.replace_default)
    former = weakref.ref(models.default.predictor)
    assert models.named("colours").predictor.labels == ["red", "green", "blue"]
    assert CliRunner().invoke(cli, ["promote", str(folder)]).exit_code == 0
    wait_for(lambda: models.default.predictor.model_dir == pair[1])
    assert models.named("colours").predictor.labels == list(REVERSED)
    wait_for(lambda: former() is None)  # it has left the memory
    models.close()
    assert shadow.prepared(folder, *pair).first == pair[1]
    entry = audit.read()[-1]
    assert (entry.action, entry.outcome, entry.details["first"]) == (
        "promote",
        "done",
        str(pair[1]),
    )
    back = CliRunner().invoke(cli, ["promote", str(folder), "--back"])
    assert back.stdout.endswith(f"The way back: automl promote {folder}\n")
    again = CliRunner().invoke(cli, ["promote", str(folder), "--back"])
    assert again.exit_code == 2
    assert "nothing to go back to" in again.stderr
    seen = shadow_folder.load_pair(folder)
    assert seen is not None
    shadow_folder.exchange(folder, seen, "ann")
    with pytest.raises(UserError, match="Somebody else has just exchanged"):
        shadow_folder.exchange(folder, seen, "ben")  # who has looked at the same time
    pair = shadow_folder.load_pair(folder)
    assert pair is not None
    assert [exchange.by for exchange in pair.exchanges[2:]] == ["ann"]


def test_an_exchange_that_fails_is_said_once_and_tried_again_less_and_less_often(
    start: Callable[..., Shadow],
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shadow, "_LOOK_SECONDS", 0.02)
    attempts: list[float] = []

    def fail(_: Path) -> None:
        attempts.append(time.monotonic())
        raise UserError("There is no memory.")

    start(on_exchange=fail)
    assert CliRunner().invoke(cli, ["promote", str(folder)]).exit_code == 0
    wait_for(lambda: len(attempts) == 6)
    assert (np.diff(attempts) >= 0.02 * 2.0 ** np.arange(5)).all()
    assert [each.getMessage() for each in caplog.records] == [
        f"{folder}: the models are not exchanged yet: There is no memory."
    ]


def test_agreement_is_said_and_tested_where_labels_are_known(
    start: Callable[..., Shadow], folder: Path, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    outcomes: list[str] = []
    second, first = start(on_outcome=outcomes.append), Predictor(pair[0])
    assert "No picture has been answered" in run("shadow", folder)
    for colour in ("red", "green"):
        (tmp_path / "data" / colour).mkdir(parents=True)
        (tmp_path / "data" / colour / "a.png").write_bytes(picture(colour))
        Image.new("RGB", (9, 9), COLOURS[colour]).save(tmp_path / "data" / colour / "b.png")
        second.offer(*answer_of(first, colour))
    wait_for(lambda: len(outcomes) == 2)
    second.close()
    said = run("shadow", folder, "--data", tmp_path / "data")
    assert "They agree on 50.0% of 2 pictures" in said
    assert "the first is right on 100.0% and the second on 50.0%; it may be chance" in said
    assert "(paired test, p = 1)" in said
    for colour in ("red", "green"):
        (tmp_path / "data" / colour / "a.png").rename(tmp_path / f"{colour}.png")
    said = run("shadow", folder, "--data", tmp_path / "data")
    assert "has none of the 2 pictures that both have answered for" in said
    (tmp_path / "green.png").rename(tmp_path / "data" / "green" / "a.png")
    said = run("promote", folder, "--data", tmp_path / "data")
    assert "On 1 picture whose labels are known both are right on the same 100.0%" in said


def test_the_test_of_two_models_counts_copies_once(
    start: Callable[..., Shadow], folder: Path, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    outcomes: list[str] = []
    second, first = start(on_outcome=outcomes.append), Predictor(pair[0])
    (tmp_path / "data" / "red").mkdir(parents=True)
    shades = np.random.default_rng(0).uniform(0.3, 1, (8, 8, 1)) * COLOURS["red"]
    original = Image.fromarray(shades.astype(np.uint8))
    for size in range(64, 80):
        path = tmp_path / "data" / "red" / f"{size}.png"
        original.resize((size, size)).save(path)
        second.offer(path.read_bytes(), *answer_of(first, "red")[1:])
    wait_for(lambda: len(outcomes) == 16)
    second.close()
    said = run("shadow", folder, "--data", tmp_path / "data")
    assert "right on 100.0% and the second on 0.0%; it may be chance" in said


def test_labels_that_only_one_of_the_two_knows_are_named(tmp_path: Path) -> None:
    one = write_model(tmp_path / "one")
    other = write_model(tmp_path / "other", ("red", "cyan", "blue"))
    shadow.prepared(tmp_path / "both", one, other)
    expected = "only the first knows green; only the second knows cyan"
    assert expected in run("shadow", tmp_path / "both")
    said = run("promote", tmp_path / "both")
    assert expected in said
    assert "so nothing says which model is better" in said
    sets = write_model(tmp_path / "sets", has_label_sets=True)
    with pytest.raises(UserError, match="Name two models of one task"):
        shadow.prepared(tmp_path / "others", one, sets)


def test_a_set_of_labels_is_the_same_in_whatever_order_the_two_find_them(tmp_path: Path) -> None:
    sets = {"has_label_sets": True, "thresholds": [0.6] * 3}
    pair = write_model(tmp_path / "one", **sets), write_model(tmp_path / "two", REVERSED, **sets)
    shadow.prepared(tmp_path / "both", *pair)
    outcomes: list[str] = []
    second, first = Shadow(tmp_path / "both", on_outcome=outcomes.append), Predictor(pair[0])
    rows = []
    for name, colour, labels in (
        ("magenta.png", (255, 0, 255), ["blue", "red"]),
        ("green.png", (0, 255, 0), ["green"]),
    ):
        path = tmp_path / name
        Image.new("RGB", (8, 8), colour).save(path)
        (answer,) = first.answers([path])
        second.offer(path.read_bytes(), first, answer)
        rows.append(json.dumps({"image_url": name, "label": labels}))
    wait_for(lambda: len(outcomes) == 2)
    second.close()
    assert outcomes == ["agrees", "agrees"]
    table = tmp_path / "labels.jsonl"
    table.write_text("\n".join(rows))
    said = run("shadow", tmp_path / "both", "--data", table)
    assert "On 2 pictures whose labels are known both are right on the same 100.0%" in said


def test_a_model_that_is_clearly_worse_is_promoted_on_demand_only(
    start: Callable[..., Shadow], folder: Path, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    outcomes: list[str] = []
    second, first = start(on_outcome=outcomes.append), Predictor(pair[0])
    for size in range(8, 16):
        for colour in ("red", "blue"):
            path = tmp_path / "data" / colour / f"{size}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (size, size), COLOURS[colour]).save(path)
            second.offer(path.read_bytes(), *answer_of(first, colour)[1:])
    wait_for(lambda: len(outcomes) == 16)
    second.close()
    asked = ["promote", str(folder), "--data", str(tmp_path / "data")]
    refused = CliRunner().invoke(cli, asked)
    assert refused.exit_code == 2
    assert "chance does not explain that" in refused.stdout
    assert f"{pair[1]} is worse than {pair[0]} on these pictures" in refused.stderr
    assert shadow.prepared(folder, *pair).first == pair[0]
    assert CliRunner().invoke(cli, [*asked, "--anyway"]).exit_code == 0
    assert shadow.prepared(folder, *pair).first == pair[1]
    assert CliRunner().invoke(cli, [*asked, "--back"]).exit_code == 0  # the better one
    assert [entry.outcome for entry in audit.read()[-3:]] == ["failed", "done", "done"]


def test_a_folder_of_other_models_is_refused(folder: Path, pair: tuple[Path, Path]) -> None:
    folder.chmod(0o750)
    with pytest.raises(UserError, match="Other users may look into"):
        shadow.prepared(folder, *pair)
    folder.chmod(0o700)
    with pytest.raises(UserError, match="Name another --shadow-folder"):
        shadow.prepared(folder, pair[0], folder / "third")
    result = CliRunner().invoke(cli, ["shadow", "nobody"])
    assert result.exit_code == 2
    assert "no folder of two models in service" in result.stderr
