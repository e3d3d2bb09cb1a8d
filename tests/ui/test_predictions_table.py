import math

import numpy as np
import pytest

from automl.prediction.inference import Answer, Failure, Predictor
from automl.ui.predict import predictions_table
from automl.ui.predict.answered_picture import AnsweredPicture, Caution
from tests.serving.conftest import write_model


@pytest.fixture
def make_table(tmp_path):
    def make(answers, caution, labels=("red", "green", "blue"), **settings):
        model = Predictor(write_model(tmp_path / "model", labels, **settings))
        pictures = [
            AnsweredPicture(f"{number}.png", answer, None) for number, answer in enumerate(answers)
        ]
        return predictions_table.frame(pictures, model, caution)

    return make


def test_a_row_says_what_was_answered_and_every_probability(make_table):
    row = Answer(np.array([0.375, 0.5, 0.125], np.float32), distance=0.4)
    unlike = {"threshold": 0.3, "false_alarm_rate": 0.01}
    failure = Failure("It is empty.")
    table = make_table([row, failure], Caution(0.0, set_limit=0.3), unlike=unlike)
    first, second = table.to_dict("records")
    assert math.isnan(first.pop("error"))
    assert first == {
        **{"path": "0.png", "answer": "green", "unlike": True, "label": "green"},
        "set": "green, red",
        **{"probability": 0.5, "blue": 0.125, "green": 0.5, "red": 0.375},
    }
    assert second["error"] == "It is empty."
    assert math.isnan(second["probability"])


def test_below_the_threshold_the_answer_is_not_sure_but_the_label_is_kept(make_table):
    table = make_table([Answer(np.array([0.25, 0.5, 0.25], np.float32))], Caution(0.51))
    assert table.loc[0, "answer"] == "not sure"
    assert table.loc[0, "label"] == "green"
    assert table["unlike"].isna().all()


def test_labels_called_as_other_columns_are_told_apart(make_table):
    table = make_table([Answer(np.ones(3, np.float32))], Caution(0), ("answer", "cat", "unlike"))
    assert list(table.columns)[-3:] == ["class answer", "cat", "class unlike"]
