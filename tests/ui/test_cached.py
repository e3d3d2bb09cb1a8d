import os

from automl.experiments import store
from automl.ui import cached


def rewrite(directory, trial):
    """As the engine does, a moment later by the clock of the file system."""
    path = store.trial_path(directory, trial.trial_id)
    before = path.stat().st_mtime_ns
    store.save_trial(directory, trial)
    os.utime(path, ns=(before + 1_000_000, before + 1_000_000))


def test_trials_are_read_again_only_when_they_have_changed(make_experiment, make_trial):
    directory = make_experiment(trials=[make_trial("t1", [0.5]), make_trial("t2", number=1)])
    first = cached.trials(directory)
    assert cached.trials(directory) is first
    rewrite(directory, make_trial("t1", [0.5, 0.7]))
    second = cached.trials(directory)
    assert [len(trial.evaluations) for trial in second] == [2, 0]
    assert second[1] is first[1]  # its file is the same


def test_old_versions_are_forgotten(make_experiment, make_trial):
    directory = make_experiment(trials=[make_trial("t1", [0.5])])
    for count in range(1, 6):
        rewrite(directory, make_trial("t1", [0.5] * count))
        assert len(cached.trials(directory)[0].evaluations) == count
    assert len(cached._records(directory)) == 1


def test_the_history_holds_the_best_so_far(make_experiment, make_trial):
    directory = make_experiment(trials=[make_trial("t1", [0.5, 0.3, 0.8])])
    assert cached.history(directory).best.tolist() == [0.5, 0.5, 0.8]
    assert cached.history(directory) is cached.history(directory)


def test_an_experiment_is_measured_again_when_its_records_have_changed(make_experiment, make_trial):
    directory = make_experiment(trials=[make_trial("t1", [0.5])])
    before = cached.usage(directory)
    assert cached.usage(directory) is before
    store.save_trial(directory, make_trial("t2", [0.5], number=1))
    added = store.trial_path(directory, "t2").stat().st_size
    assert cached.usage(directory).num_bytes == before.num_bytes + added
