"""The time of the end of a search, kept for the plans of others; nothing is exported."""

import time
from pathlib import Path

from automl.engine import measuring
from automl.engine.end_time import EndTime, frozen_networks
from automl.engine.pacing import slowdown
from automl.engine.refit import RefitInputs
from automl.engine.resources import Resources
from automl.experiments import store
from automl.experiments.records import SOUP, Member
from automl.host import home
from automl.jobs import schedule
from tests.conftest import build_trial
from tests.engine.test_pacing import COSTS, TUNING, opened

PROBE = {"method": "linear_probe", "model_name": "resnet18"}
PAIR = {**PROBE, "method": "concatenated_probe", "second_model_name": "mobilenetv2"}


def test_an_end_is_kept_by_its_kind_as_a_multiple_of_what_is_expected(tmp_path: Path) -> None:
    results, _ = opened(tmp_path, minutes=30)
    resources = Resources(1, num_cpus=2, num_gpus=0, notes=[])
    inputs = RefitInputs(store.load_job(tmp_path / "e"), {}, {}, resources, costs=COSTS)
    measuring.keep(COSTS.speeds, resources)
    end, began = EndTime(), time.monotonic()
    for _ in range(2):
        with end.running():
            time.sleep(0.1)
        time.sleep(0.1)  # not a part of the end
    most = time.monotonic() - began - 0.2
    for asked in (PROBE, TUNING):
        trial = build_trial("trial-000", [0.9], hyperparameters=asked)
        results._set(trial)
        end.keep(inputs, results, trial)
    known = measuring.known(resources)
    assert known is not None
    ((frozen,), (trained,)) = (known.ends["frozen"], known.ends["trained"])
    _, factor = slowdown(COSTS, [build_trial("trial-000", [0.9], hyperparameters=PROBE)])
    expected = schedule.kept_back(3600, COSTS.num_pictures, factor, frozen_networks=1)
    assert frozen * expected + 1e-9 >= 0.2
    assert frozen * expected <= most
    assert trained < frozen  # more is expected of a trained model
    home.cache_dir("speeds").rename(tmp_path / "speeds")
    end.keep(inputs, results, trial)  # nothing is known of this machine any more


def test_networks_of_a_model_are_counted_unless_one_was_trained() -> None:
    trials = {
        name: build_trial(name, [0.9], hyperparameters=asked)
        for name, asked in (("one", PROBE), ("two", PAIR), ("tuned", TUNING))
    }
    assert [frozen_networks(trial, trials) for trial in trials.values()] == [1, 2, None]
    for names, expected in ((("one", "two"), 3), (("one", "tuned"), None)):
        members = [Member(trial_id=name, title=name, weight=0.5) for name in names]
        ensemble = build_trial("ensemble", [0.9], hyperparameters=PROBE, members=members)
        assert frozen_networks(ensemble, trials) == expected


def test_a_soup_in_an_ensemble_is_a_network_that_was_trained() -> None:
    trials = {"one": build_trial("one", [0.9], hyperparameters=PROBE)}
    trials["tuned"] = build_trial("tuned", [0.9], hyperparameters=TUNING)
    for name, names in ((SOUP, ["tuned"]), ("ensemble", [SOUP, "one"])):
        members = [Member(trial_id=each, title=each, weight=1 / len(names)) for each in names]
        trials[name] = build_trial(name, [0.9], hyperparameters=TUNING, members=members)
    assert frozen_networks(trials["ensemble"], trials) is None
