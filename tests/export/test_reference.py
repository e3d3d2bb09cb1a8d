import numpy as np
import pandas as pd
from torch import nn

from automl.export import reference
from automl.export.reference import Pictures
from automl.model.network import Normalised

NETWORK = Normalised(nn.Identity(), (0, 0, 0), (1, 1, 1))
"""Asked for nothing, since the directions are known."""


def test_a_frozen_network_says_how_far_a_class_is_from_the_others_and_a_trained_one_does_not() -> (
    None
):
    labels = np.arange(60) % 3
    features = np.eye(3)[labels] + np.random.default_rng(0).normal(0, 0.02, (60, 3))
    directions = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    folds, splits = np.arange(60) % 5, np.where(np.arange(60) < 40, "train", "validation")
    columns = {"id": np.arange(60), "label": labels.astype(str), "split": splits, "fold": folds}
    pictures = Pictures([], pd.DataFrame(columns), directions)
    frozen = reference.measure(pictures, NETWORK, is_frozen=True)
    trained = reference.measure(pictures, NETWORK, is_frozen=False)
    assert frozen is not None
    assert trained is not None
    assert (frozen.left_out > 0.5).all()
    assert len(frozen.left_out) == 60
    assert frozen.threshold < 0.1
    assert not len(trained.left_out)
