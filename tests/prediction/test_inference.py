import json

import numpy as np
import pytest

from automl.errors import PredictionError
from automl.prediction.inference import Answer, Predictor
from tests.serving.conftest import write_model


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path / "model")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("settings.json", "{", "settings.json is not valid .*Export the model again"),
        ("settings.json", "[]", "settings.json is not valid"),
        ("settings.json", '{"trial_id": "t1"}', "validation_resize_size: Field required"),
        ("labels.json", '{"a": 1}', "labels.json is not valid"),
        ("labels.json", "[]", "labels.json is not valid"),
        ("labels.json", '["a", "b", "a"]', "has the label 'a' more than once"),
        ("model.onnx", "nothing", "cannot be loaded"),
    ],
)
def test_a_damaged_file_of_a_model_is_named(model, name, content, sentence):
    (model / name).write_text(content)
    with pytest.raises(PredictionError, match=sentence):
        Predictor(model)


def test_thresholds_that_are_not_one_for_each_label_are_refused(model):
    write_model(model, has_label_sets=True, thresholds=[0.4, 0.6])
    with pytest.raises(PredictionError, match=r"settings\.json has 2 thresholds for 3 labels"):
        Predictor(model)


@pytest.mark.parametrize("name", ["settings.json", "labels.json", "model.onnx"])
def test_a_missing_file_of_a_model_is_named(model, name):
    (model / name).unlink()
    with pytest.raises(PredictionError, match=f"{model}.* cannot be (read|loaded)"):
        Predictor(model)


def test_a_model_that_cannot_be_run_is_a_sentence(model):
    (model / "labels.json").write_text(json.dumps(["a", "b"]))
    predictor = Predictor(model)
    with pytest.raises(PredictionError, match="has 2 labels, but its model answers for 3 classes"):
        predictor.run([predictor.blank()])
    with pytest.raises(PredictionError, match="cannot be run"):
        predictor.run([np.zeros((0, 3, 3), np.uint8)])


def test_more_false_alarms_mark_more_pictures_of_a_class_that_is_missing(model):
    held_out = [(number, number / 100) for number in range(99)]
    left_out = [0.5, 0.9, 0.95, 1.0]
    unlike = {"threshold": 0.98, "false_alarm_rate": 0.01, "held_out": held_out}
    write_model(model, unlike={**unlike, "left_out": left_out})
    usual = Predictor(model)
    more = usual.with_false_alarms(0.1)
    assert Predictor(model, false_alarms=0.1).unlike == more.unlike
    assert [each.unlike.threshold for each in (usual, more)] == [0.98, 0.89]
    assert [each.unlike.caught for each in (usual, more)] == [0.25, 0.75]
    between = Answer(np.array([1, 0, 0], np.float32), 0.9)
    assert [each.prediction(between).is_unlike for each in (usual, more)] == [False, True]
    with pytest.raises(PredictionError, match="of 0.005 needs 199 pictures .* the model has 99"):
        Predictor(model, false_alarms=0.005)
    write_model(model, unlike={"threshold": 0.98, "false_alarm_rate": 0.01})
    assert Predictor(model).unlike.caught is None
