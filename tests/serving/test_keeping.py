"""A server keeps what it is told to keep, and no more."""

import asyncio
import hashlib
import json
import stat
from pathlib import Path

import pytest

from automl.errors import UserError
from automl.prediction.inference import Answer, Predictor
from automl.serving.keeping import ANSWERS, PICTURES, Keeper, Keeping, KeptAnswer, counted
from automl.serving.limits import Limits
from automl.serving.models import Decoder, ServedModel
from tests.serving.conftest import picture, write_model


@pytest.fixture
def predictor(tmp_path) -> Predictor:
    unlike = {"threshold": 0.5, "false_alarm_rate": 0.01}
    return Predictor(write_model(tmp_path / "model", unlike=unlike))


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "kept answers"


def sure(predictor: Predictor, distance: float = 0.1) -> Answer:
    return Answer(predictor.run([predictor.blank()])[0].probabilities * 0 + [0.9, 0.1, 0], distance)


def kept(folder: Path, predictor: Predictor, answers: list[Answer], **options) -> list[dict]:
    """Lines of the answers, after each was kept with another picture."""
    keeper = Keeper(Keeping(folder, **{"share": 0.0, "limit": 100, **options}))
    for number, answer in enumerate(answers):
        keeper.keep(picture("red", side=8 + number), predictor, answer)
    keeper.close()
    return [json.loads(line) for line in (folder / ANSWERS).read_text().splitlines()]


def test_unsure_and_unlike_pictures_are_kept_and_every_answer_has_a_line(folder, predictor):
    unsure = Answer(sure(predictor).probabilities * 0 + [0.4, 0.35, 0.25], 0.1)
    lines = kept(folder, predictor, [sure(predictor), unsure, sure(predictor, distance=0.6)])
    assert [line["kept"] for line in lines] == ["", "unsure", "unlike"]
    assert [line["label"] for line in lines] == ["red"] * 3
    names = {path.stem for path in (folder / PICTURES).iterdir()}
    assert names == {line["picture"] for line in lines[1:]}
    content = picture("red", side=9)
    path = folder / PICTURES / f"{hashlib.sha256(content).hexdigest()}.png"
    assert path.read_bytes() == content


def test_nobody_else_may_look(folder, predictor):
    kept(folder, predictor, [sure(predictor, distance=0.6)])
    files = [folder / ANSWERS, *(folder / PICTURES).iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    folders = folder, folder / PICTURES
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    folder.chmod(0o755)
    with pytest.raises(UserError) as refused:
        Keeper(Keeping(folder, 0.0, 1))
    assert str(refused.value).endswith(f"Forbid it: chmod 700 '{folder}'")


def test_there_are_never_more_pictures_than_the_limit(folder, predictor):
    several = [sure(predictor, distance=0.6)] * 4
    lines = kept(folder, predictor, several, limit=3)
    assert [line["kept"] for line in lines] == ["unlike"] * 3 + [""]
    kept(folder, predictor, several, limit=3)  # started again
    assert len(list((folder / PICTURES).iterdir())) == 3
    keeper = Keeper(Keeping(folder, 0.0, 3))
    for path in (folder / PICTURES).iterdir():  # labelled, and gone while the server runs
        path.unlink()
    keeper.keep(picture("red"), predictor, sure(predictor, distance=0.6))
    keeper.close()
    assert len(list((folder / PICTURES).iterdir())) == 1
    room = len(picture("red", side=8))
    lines = kept(folder / "small", predictor, several, max_bytes=room)
    assert [line["kept"] for line in lines] == ["unlike", "", "", ""]


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (1.0, 5)])
def test_a_share_of_the_others_is_kept(folder, predictor, share, count):
    lines = kept(folder, predictor, [sure(predictor)] * 5, share=share)
    assert [line["kept"] for line in lines].count("sample") == count


def test_a_picture_that_goes_while_the_folder_is_counted_costs_no_line(folder, predictor):
    (folder / PICTURES).mkdir(mode=0o700, parents=True)
    folder.chmod(0o700)
    (folder / PICTURES / "gone.png").symlink_to("nowhere")  # listed, and not there
    several = [sure(predictor, distance=0.6)] * 2
    assert [line["kept"] for line in kept(folder, predictor, several, limit=1)] == ["unlike", ""]


def test_old_answers_go(folder, predictor, monkeypatch):
    monkeypatch.setattr("automl.serving.keeping.MAX_ANSWERS", 6)
    lines = kept(folder, predictor, [sure(predictor, distance=0.01 * n) for n in range(9)])
    assert [line["distance"] for line in lines] == [0.03, 0.04, 0.05, 0.06, 0.07, 0.08]


def test_answers_whose_lines_are_gone_are_counted(folder, predictor, tmp_path, monkeypatch):
    monkeypatch.setattr("automl.serving.keeping.MAX_ANSWERS", 6)
    other = Predictor(write_model(tmp_path / "other", trial_id="t2"))
    kept(folder, other, [sure(other)] * 2)
    kept(folder, predictor, [sure(predictor)] * 5)
    lines = kept(folder, predictor, [sure(predictor)] * 4)  # started again
    assert [(line["trial"], line["number"]) for line in lines] == [
        ("t1", number) for number in (5, 6, 7, 8, 9)
    ]
    (seen,) = counted(map(KeptAnswer.model_validate, lines)).items()
    assert seen == ((predictor.experiment, "t1"), 9)
    for line in lines[:2]:
        del line["number"]  # as earlier versions wrote them
    assert counted(map(KeptAnswer.model_validate, lines[:2])).total() == 2


def test_a_server_that_is_told_to_keeps_what_it_answers(folder, tmp_path):
    keeper, limits = Keeper(Keeping(folder, 1.0, 10)), Limits()
    decoder = Decoder(limits)
    served = ServedModel("pets", write_model(tmp_path / "m"), limits, decoder)
    served.listeners.append(keeper.keep)
    asyncio.run(served.answers([picture("red"), b"no picture"]))
    for each in (served, decoder, keeper):
        each.close()
    (line,) = map(json.loads, (folder / ANSWERS).read_text().splitlines())
    assert (line["trial"], line["label"], line["unlike"]) == ("t1", "red", None)
