import math
import os
import threading
import time
from datetime import UTC
from pathlib import Path

import pytest

from automl.errors import UserError
from automl.experiments import store
from automl.export import test_score
from automl.host import process_lock
from automl.reports import test_data


def test_opening_scores_the_test_pictures_and_says_who_did_it(with_test_data):
    assert store.load_test_opening(with_test_data) is None
    opening = test_data.open_for(with_test_data)
    assert (opening.trial_id, opening.num_pictures, opening.num_unreadable) == ("t1", 10, 0)
    assert opening.metrics["accuracy"] == pytest.approx(0.9)
    assert opening.score_low <= 0.9 <= opening.score_high
    assert opening.opened_at.tzinfo == UTC
    assert store.load_test_opening(with_test_data) == opening
    assert store.load_experiment(with_test_data).test_score == pytest.approx(0.9)
    predictions = store.load_predictions(store.test_predictions_path(with_test_data))
    assert (predictions.predicted == predictions.labels).sum() == 9


def test_the_card_of_the_best_model_says_the_score_from_then_on(with_test_data):
    card = store.best_model_dir(with_test_data) / "README.md"
    card.write_text(f"# Model\n\n{test_score.NOT_OPENED}\n")
    test_data.open_for(with_test_data)
    assert card.read_text().startswith("# Model\n\nOn 10 test pictures, which had no part in")
    assert "**accuracy 0.900**" in card.read_text()


def test_they_can_be_opened_once_only(with_test_data):
    opening = test_data.open_for(with_test_data, "t1")
    assert test_data.open_for(with_test_data) == opening
    with pytest.raises(UserError, match="opened for t1 on .* only once"):
        test_data.open_for(with_test_data, "t2")


def test_a_trial_without_a_model_is_refused_and_nothing_is_opened(with_test_data):
    with pytest.raises(UserError, match="t9 has no model in pets. Choose from t1, t2"):
        test_data.open_for(with_test_data, "t9")
    assert store.load_test_opening(with_test_data) is None


def test_pictures_that_are_gone_are_counted_and_when_all_are_it_stays_sealed(with_test_data):
    first, *others = map(Path, test_data.pictures(with_test_data)["path"])
    first.unlink()
    for path in others:
        path.rename(f"{path}.away")
    with pytest.raises(UserError, match="None of the 10 test pictures can be read"):
        test_data.open_for(with_test_data)
    assert store.load_test_opening(with_test_data) is None
    for path in others:
        Path(f"{path}.away").rename(path)
    assert test_data.open_for(with_test_data).num_unreadable == 1


def test_without_test_data_it_says_how_to_give_some(make_experiment, make_trial, with_test_data):
    samples = store.load_samples(with_test_data)
    report = store.load_report(with_test_data)
    directory = make_experiment("bare", [make_trial("t1", [0.5])], best_trial="t1")
    store.save_dataset(directory, samples[samples["split"] != "test"], report)
    with pytest.raises(UserError, match="has no test data. Set test_data in the job"):
        test_data.open_for(directory)


def test_while_the_engine_holds_the_experiment_they_stay_sealed(with_test_data):
    lock = process_lock.take(store.lock_path(with_test_data))
    assert lock is not None
    try:
        with pytest.raises(UserError, match="Another command is writing to pets"):
            test_data.open_for(with_test_data)
    finally:
        os.close(lock)


def test_two_at_once_open_them_for_one_trial(with_test_data, monkeypatch):
    """The second has seen them sealed, and gets the lock when the first has opened them."""
    looked, opened = threading.Event(), threading.Event()
    take = process_lock.take

    def late(path):
        if threading.current_thread() is second:
            looked.set()
            assert opened.wait(60)
        return take(path)

    monkeypatch.setattr(process_lock, "take", late)
    refused = []

    def open_late():
        try:
            test_data.open_for(with_test_data, "t2", by="bob")
        except UserError as error:
            refused.append(str(error))

    second = threading.Thread(target=open_late)
    second.start()
    assert looked.wait(60)
    first = test_data.open_for(with_test_data, "t1", by="ann")
    opened.set()
    second.join()
    assert "opened for t1" in refused[0]
    assert store.load_test_opening(with_test_data) == first


def test_where_every_score_is_nan_a_trial_has_to_be_named(
    make_experiment, make_trial, with_test_data
):
    directory = make_experiment("nan", [make_trial("t1", [math.nan])], best_trial=None)
    store.save_dataset(
        directory, store.load_samples(with_test_data), store.load_report(with_test_data)
    )
    with pytest.raises(UserError, match=r"of every trial is NaN\. Name a trial: t1\."):
        test_data.open_for(directory)


def test_the_earlier_opening_is_told_in_local_time_with_its_zone(with_test_data, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        test_data.open_for(with_test_data, "t1")
        with pytest.raises(UserError, match=r"opened for t1 on \d+ \w+ \d+, \d\d:\d\d JST and"):
            test_data.open_for(with_test_data, "t2")
    finally:
        monkeypatch.undo()
        time.tzset()
