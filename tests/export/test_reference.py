from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from torch import nn

from automl.export import reference
from automl.export.reference import Pictures
from automl.model.network import Normalised

NETWORK = Normalised(nn.Identity(), (0, 0, 0), (1, 1, 1))
"""Asked for nothing, since the directions are known."""


def three_classes() -> Pictures:
    """60 pictures, of which 20 are for validation."""
    labels = np.arange(60) % 3
    features = np.eye(3)[labels] + np.random.default_rng(0).normal(0, 0.02, (60, 3))
    directions = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    folds, splits = np.arange(60) % 5, np.where(np.arange(60) < 40, "train", "validation")
    columns = {"id": np.arange(60), "label": labels.astype(str), "split": splits, "fold": folds}
    return Pictures([], pd.DataFrame(columns), directions)


def test_a_frozen_network_says_how_far_a_class_is_from_the_others_and_a_trained_one_does_not() -> (
    None
):
    pictures = three_classes()
    frozen = reference.measure(pictures, NETWORK, is_frozen=True)
    trained = reference.measure(pictures, NETWORK, is_frozen=False)
    assert frozen is not None
    assert trained is not None
    assert (frozen.left_out > 0.5).all()
    assert len(frozen.left_out) == 60
    assert frozen.threshold < 0.1
    assert not len(trained.left_out)


def test_the_rate_of_false_alarms_counts_copies_once() -> None:
    copies = {number: number // 2 for number in range(60)}
    pictures = replace(three_classes(), groups=copies)
    found = reference.measure(pictures, NETWORK, is_frozen=False)
    assert found is not None
    assert found.held_out.tolist() == list(range(40, 60, 2))
    assert found.false_alarm_rate == pytest.approx(1 / 11)
    assert len(found.bank) == 40
    of_five = {number: number // 5 for number in range(60)}
    few = replace(three_classes(), groups=of_five)
    assert reference.measure(few, NETWORK, is_frozen=False) is None
