import base64
import io
import json
import shutil

import numpy as np
from PIL import Image

from automl.experiments import store
from tests.serving.conftest import served, write_model


def entry(path, parameters=None, *, wanted=True):
    text = base64.encodebytes(path.read_bytes()).decode()
    return json.dumps(
        {"image_base64": text, "model_explainability": wanted, "xai_parameters": parameters}
    )


def test_a_server_explains_the_pictures_that_ask_for_it(explained, tmp_path):
    """A model of classes explains its answer, one of label sets each label above the threshold."""
    directory, path = explained
    other = shutil.copytree(directory, tmp_path / "other" / directory.name)
    models = {
        "pets": write_model(store.best_model_dir(directory)),
        "sets": write_model(store.best_model_dir(other), has_label_sets=True),
    }
    asked = {"xai_algorithm": "guided_backprop", "attributions": True}
    limit = {"confidence_score_threshold_multilabel": 1.0}
    with served(models) as client:  # one server: its explaining process takes seconds to start
        refused = client.score(entry(path, {"xai_algorithm": "magic"}), path="/models/pets/score")
        assert refused.status_code == 422
        assert "xai_parameters" in refused.json()["detail"]
        entries = (entry(path, asked), entry(path, wanted=False))
        first, second = client.score(*entries, path="/models/pets/score").json()
        entries = (entry(path, asked), entry(path, asked | limit))
        every, none = client.score(*entries, path="/models/sets/score").json()
    assert list(first) == ["probs", "labels", "visualizations", "attributions"]
    assert np.shape(first["attributions"]) == (3, 64, 64)
    drawn = Image.open(io.BytesIO(base64.b64decode(first["visualizations"])))
    assert drawn.format == "PNG"
    assert list(second) == ["probs", "labels"]
    assert np.shape(every["attributions"]) == (3, 3, 64, 64)  # sigmoid(mean) is at least 0.5
    assert len(every["visualizations"]) == 3
    assert (none["visualizations"], none["attributions"]) == ([], [])
