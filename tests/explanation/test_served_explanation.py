import base64
import io
import json

import numpy as np
from PIL import Image

from automl.experiments import store
from tests.serving.conftest import served, write_model


def entry(path, parameters=None, *, wanted=True):
    text = base64.encodebytes(path.read_bytes()).decode()
    return json.dumps(
        {"image_base64": text, "model_explainability": wanted, "xai_parameters": parameters}
    )


def test_a_server_explains_the_pictures_that_ask_for_it(explained):
    directory, path = explained
    model_dir = write_model(store.best_model_dir(directory))
    asked = {"xai_algorithm": "guided_backprop", "attributions": True}
    with served({"pets": model_dir}) as client:
        refused = client.score(entry(path, {"xai_algorithm": "magic"}))
        assert refused.status_code == 422
        assert "xai_parameters" in refused.json()["detail"]
        first, second = client.score(entry(path, asked), entry(path, wanted=False)).json()
    assert list(first) == ["probs", "labels", "visualizations", "attributions"]
    assert np.shape(first["attributions"]) == (3, 64, 64)
    drawn = Image.open(io.BytesIO(base64.b64decode(first["visualizations"])))
    assert drawn.format == "PNG"
    assert list(second) == ["probs", "labels"]


def test_of_label_sets_each_label_above_the_threshold_is_explained(explained):
    directory, path = explained
    model_dir = write_model(store.best_model_dir(directory), has_label_sets=True)
    asked = {"xai_algorithm": "guided_backprop", "attributions": True}
    limit = {"confidence_score_threshold_multilabel": 1.0}
    with served({"pets": model_dir}) as client:
        every, none = client.score(entry(path, asked), entry(path, asked | limit)).json()
    assert np.shape(every["attributions"]) == (3, 3, 64, 64)  # sigmoid(mean) is at least 0.5
    assert len(every["visualizations"]) == 3
    assert (none["visualizations"], none["attributions"]) == ([], [])
