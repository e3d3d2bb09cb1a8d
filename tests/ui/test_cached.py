import os

from automl.experiments import store
from automl.ui import cached
from automl.ui.version_cache import for_version_of


def test_trials_are_read_again_only_when_they_have_changed(make_experiment, make_trial):
    directory = make_experiment(trials=[make_trial("t1", [0.5]), make_trial("t2", number=1)])
    first = cached.trials(directory)
    assert cached.trials(directory) is first
    store.save_trial(directory, make_trial("t1", [0.5, 0.7]))
    second = cached.trials(directory)
    assert [len(trial.evaluations) for trial in second] == [2, 0]
    assert second[1] is first[1]  # its file is the same


def test_two_writes_in_one_tick_of_the_clock_are_two_versions(make_experiment, make_trial):
    directory = make_experiment(trials=[make_trial("t1", [0.5])], message="first")
    paths = [
        store.trial_path(directory, "t1"),
        directory / "trials",
        store.experiment_path(directory),
    ]
    times = [(path, path.stat().st_atime_ns, path.stat().st_mtime_ns) for path in paths]
    assert len(cached.trials(directory)[0].evaluations) == 1
    record = cached.experiment(directory)
    store.save_trial(directory, make_trial("t1", [0.5, 0.7]))
    store.save_experiment(directory, record.model_copy(update={"message": "later"}))
    for path, accessed, modified in times:
        os.utime(path, ns=(accessed, modified))
    assert len(cached.trials(directory)[0].evaluations) == 2
    assert len(cached.trial(directory, "t1").evaluations) == 2
    assert cached.experiment(directory).message == "later"


def test_only_the_latest_version_is_kept_and_of_the_arguments_the_latest_used(tmp_path):
    calls = []

    @for_version_of(lambda path: path, max_entries=2)
    def text(path):
        calls.append(path.name)
        return path.read_text()

    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for path in (first, second, third):
        path.write_text("a")
    assert [text(first), text(second), text(first)] == ["a"] * 3
    text(third)  # the second was used longest ago
    text(first)
    assert calls == ["first", "second", "third"]
    first.write_text("ab")
    assert text(first) == "ab"
    text(second)
    assert calls == ["first", "second", "third", "first", "second"]


def test_a_file_that_appears_is_read_and_an_error_is_not_kept(tmp_path):
    path = tmp_path / "late"

    @for_version_of(lambda path: path, max_entries=2)
    def size(path):
        return len(path.read_bytes())

    for _ in range(2):
        try:
            size(path)
        except FileNotFoundError:
            path.write_bytes(b"ab")
    assert size(path) == 2


def test_the_course_of_a_search_is_more_than_its_progress(make_experiment, make_trial):
    directory = make_experiment(trials=[make_trial("t1", [0.5])], progress=0.1)
    first, record = cached.course_versions(directory), cached.experiment(directory)
    store.save_experiment(directory, record.model_copy(update={"progress": 0.2}))
    assert cached.experiment(directory).progress == 0.2
    assert cached.course_versions(directory) == first
    store.save_experiment(directory, record.model_copy(update={"best_score": 0.6}))
    second = cached.course_versions(directory)
    store.save_trial(directory, make_trial("t1", [0.5, 0.7]))
    assert len({first, second, cached.course_versions(directory)}) == 3


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
