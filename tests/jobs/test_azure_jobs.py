"""Azure's own job files and keys: what is accepted, refused, and said to have no effect."""

from pathlib import Path

import pytest
import yaml

from automl.jobs import job_notes
from automl.jobs.distributions import Choice, Uniform
from automl.jobs.job import Job
from automl.jobs.job_errors import JobError
from automl.jobs.sweep import Bandit, MedianStopping, TruncationSelection

MINIMAL = {
    "type": "automl",
    "task": "image_classification",
    "target_column_name": "label",
    "training_data": {"type": "mltable", "path": "./tables/train"},
}
SPACE = [{"learning_rate": {"type": "uniform", "min_value": 0.001, "max_value": 0.01}}]
SAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "azure_samples"


def job(**changes):
    return Job.from_yaml(yaml.safe_dump({**MINIMAL, **changes}))


def swept(sampling_algorithm="random", *, space=None, **sweep):
    sweep = {"sampling_algorithm": sampling_algorithm, **sweep}
    return job(search_space=space or SPACE, sweep=sweep)


def refused(**changes):
    with pytest.raises(JobError) as refusal:
        job(**changes)
    return refusal.value.problems


def keys(problems):
    return [problem.key for problem in problems]


def stopping(**policy):
    return swept(early_termination=policy).sweep.early_termination


def test_a_table_needs_the_name_of_its_labels():
    without = {key: value for key, value in MINIMAL.items() if key != "target_column_name"}
    with pytest.raises(JobError) as refusal:
        Job.from_dict(without)
    assert keys(refusal.value.problems) == ["target_column_name"]
    assert Job.from_dict({**without, "training_data": {"path": "pictures"}})


@pytest.mark.parametrize(("given", "counts_as"), [("5", 5), (1.5, 1), (1000, 1000), (7, 7)])
def test_limits_are_read_as_azures_client_reads_them(given, counts_as):
    assert job(limits={"max_trials": given}).limits.max_trials == counts_as


def test_limits_have_azures_defaults():
    limits = job().limits
    assert (limits.max_trials, limits.max_concurrent_trials) == (1, 1)
    assert (limits.timeout_minutes, limits.exit_score) == (10_080, None)


def test_more_trials_at_a_time_than_trials_is_said():
    notes = job_notes.notes(job(limits={"max_trials": 2, "max_concurrent_trials": 4}))
    assert any("max_concurrent_trials is 4 and counts as 2" in note for note in notes)


def test_limits_inside_the_sweep_are_the_jobs_limits():
    asked = swept(limits={"max_trials": 7, "timeout_minutes": 30})
    assert (asked.limits.max_trials, asked.limits.timeout_minutes) == (7, 30)
    assert Job.from_yaml(asked.to_yaml()) == asked


def test_a_problem_of_limits_inside_the_sweep_has_its_line():
    text = (
        "training_data: {path: x}\nsearch_space: [{momentum: 0.5}]\n"
        "sweep:\n  sampling_algorithm: random\n  limits:\n    max_trials: 0\n"
    )
    with pytest.raises(JobError) as refusal:
        Job.from_yaml(text)
    assert [(p.line, p.key) for p in refusal.value.problems] == [(6, "limits.max_trials")]


def test_limits_in_both_places_are_refused():
    sweep = {"sampling_algorithm": "random", "limits": {"max_trials": 3}}
    assert keys(refused(limits={"max_trials": 2}, search_space=SPACE, sweep=sweep)) == [
        "sweep.limits"
    ]


@pytest.mark.parametrize("name", ["random", "Random", "GRID", "Bayesian"])
def test_a_sampling_algorithm_is_named_in_any_case(name):
    space = [{"number_of_epochs": {"type": "choice", "values": [1, 2]}}]
    assert swept(name, space=space).sweep.sampling_algorithm.type == name.lower()


def test_a_sampling_algorithm_may_be_an_object():
    algorithm = swept({"type": "random", "seed": 3, "rule": "Sobol"}).sweep.sampling_algorithm
    assert (algorithm.seed, algorithm.rule) == (3, "sobol")
    assert any("logbase" in n for n in job_notes.notes(swept({"type": "random", "logbase": "e"})))
    assert any("sobol" in n for n in job_notes.notes(swept({"type": "bayesian", "rule": "sobol"})))


@pytest.mark.parametrize(
    ("policy", "kind"),
    [
        ({"type": "bandit", "slack_factor": 0.2}, Bandit),
        ({"type": "Bandit", "slack_amount": 0.1}, Bandit),
        ({"type": "median_stopping"}, MedianStopping),
        ({"type": "truncation_selection", "truncation_percentage": 20}, TruncationSelection),
    ],
)
def test_a_policy_has_azures_defaults(policy, kind):
    found = stopping(**policy)
    assert type(found) is kind
    assert (found.evaluation_interval, found.delay_evaluation) == (1, 0)


def test_bandit_takes_a_missing_slack_as_nothing():
    assert stopping(type="bandit").slack_factor == stopping(type="bandit").slack_amount == 0
    both = swept(early_termination={"type": "bandit", "slack_factor": 0.1, "slack_amount": 0.1})
    assert any("below both" in note for note in job_notes.notes(both))


@pytest.mark.parametrize(
    ("policy", "key"),
    [
        ({"type": "truncation_selection"}, "truncation_percentage"),
        ({"type": "truncation_selection", "truncation_percentage": 0}, "truncation_percentage"),
        ({"type": "truncation_selection", "truncation_percentage": 100}, "truncation_percentage"),
        (
            {
                "type": "truncation_selection",
                "truncation_percentage": 20,
                "exclude_finished_jobs": True,
            },
            "exclude_finished_jobs",
        ),
        ({"type": "bandit", "slack_factor": -0.1}, "slack_factor"),
        ({"type": "median_stopping", "evaluation_interval": -1}, "evaluation_interval"),
        ({"type": "median_stopping", "slack_factor": 0.1}, "slack_factor"),
        ({"type": "asha", "reduction_factor": 1}, "reduction_factor"),
    ],
)
def test_a_policy_out_of_range_is_refused_naming_the_key(policy, key):
    sweep = {"sampling_algorithm": "random", "early_termination": policy}
    (problem,) = refused(search_space=SPACE, sweep=sweep)
    assert problem.key == f"sweep.early_termination.{key}"
    assert key in problem.message
    assert problem.line is not None


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"type": "hyperband"}, "type is 'hyperband'; allowed is 'bandit', 'median_stopping'"),
        ({"slack_factor": 1}, "type is missing"),
        ("bandit", "early_termination is 'bandit'"),
        ({"type": "bandit", "slack_facto": 1}, "Did you mean slack_factor?"),
    ],
)
def test_a_policy_that_does_not_exist_is_explained(policy, words):
    sweep = {"sampling_algorithm": "random", "early_termination": policy}
    (problem,) = refused(search_space=SPACE, sweep=sweep)
    assert words in problem.message


WHOLE = [{"type": "randint", "upper": 3}, {"type": "choice", "values": [1, 2]}, 3]
STEPS = [
    {"type": "quniform", "min_value": 1, "max_value": 5, "q": 1},
    {"type": "qnormal", "mu": 10, "sigma": 1, "q": 1},
    {"type": "qloguniform", "min_value": 0, "max_value": 2, "q": 1},
    {"type": "qlognormal", "mu": 1, "sigma": 1, "q": 1},
]
SMOOTH = [
    {"type": "uniform", "min_value": 0, "max_value": 1},
    {"type": "loguniform", "min_value": -9, "max_value": -1},
    {"type": "normal", "mu": 0.5, "sigma": 0.1},
    {"type": "lognormal", "mu": -3, "sigma": 1},
    {"type": "quniform", "min_value": 0, "max_value": 1, "q": 0.1},
    {"type": "qloguniform", "min_value": -9, "max_value": -1, "q": 0.1},
    {"type": "qnormal", "mu": 0.5, "sigma": 0.1, "q": 0.1},
    {"type": "qlognormal", "mu": -3, "sigma": 1, "q": 0.1},
    {"type": "choice", "values": [0.1, 0.2]},
    {"type": "randint", "upper": 2},
    0.1,
]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("learning_rate", value) for value in SMOOTH),
        *(("layers_to_freeze", value) for value in [*WHOLE, *STEPS]),
        ("nesterov", {"type": "choice", "values": [True, False]}),
        ("optimizer", {"type": "choice", "values": ["sgd", "AdamW"]}),
        ("learning_rate", "uniform(0.001,0.01)"),
        ("number_of_epochs", "choice(15, 30)"),
        ("model_name", "choice('vitb16r224','vits16r224')"),
    ],
    ids=str,
)
def test_a_hyperparameter_is_searched_by(name, value):
    assert swept(space=[{name: value}])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("number_of_epochs", value) for value in SMOOTH[:8]),
        ("number_of_epochs", {"type": "quniform", "min_value": 1, "max_value": 5, "q": 0.5}),
        ("nesterov", WHOLE[0]),
        ("optimizer", {"type": "choice", "values": ["rmsprop"]}),
        ("optimizer", {"type": "uniform", "min_value": 0, "max_value": 1}),
        ("checkpoint_frequency", 1),
        ("checkpoint_run_id", "x"),
        ("advanced_settings", "{}"),
        ("augmentations", "x"),
        ("learning_rate", "zipf(1)"),
    ],
    ids=str,
)
def test_a_hyperparameter_is_not_searched_by(name, value):
    sweep = {"sampling_algorithm": "random"}
    (problem,) = refused(search_space=[{name: value}], sweep=sweep)
    assert problem.key == f"search_space.0.{name}"
    assert problem.line is not None


@pytest.mark.parametrize(
    ("algorithm", "value"),
    [("grid", SMOOTH[0]), ("grid", SMOOTH[2]), ("bayesian", SMOOTH[2]), ("bayesian", SMOOTH[3])],
)
def test_a_sampler_refuses_what_it_cannot_draw(algorithm, value):
    space = [{"momentum": 0.5}, {"learning_rate": value}]
    (problem,) = refused(search_space=space, sweep={"sampling_algorithm": algorithm})
    assert problem.key == "search_space.1.learning_rate"
    assert value["type"] in problem.message


@pytest.mark.parametrize("sampler", ["random", "grid", "bayesian"])
def test_sub_spaces_go_with_every_sampler(sampler):
    choices = {"type": "choice", "values": [0.1, 0.2]}
    assert swept(sampler, space=[{"momentum": choices}, {"learning_rate": choices}])


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"queue_settings": {"job_tier": "foo"}}, "queue_settings.job_tier"),
        ({"queue_settings": {"tier": "spot"}}, "queue_settings.tier"),
        ({"identity": {"type": "me"}}, "identity.type"),
        ({"resources": {"instance_typ": "x"}}, "resources.instance_typ"),
        ({"outputs": {"best_model": {"type": "table"}}}, "outputs.best_model.type"),
        ({"outputs": {"worst_model": {"path": 3}}}, "outputs.worst_model.path"),
        ({"training_data": {"path": "x", "mode": "upload"}}, "training_data.mode"),
    ],
)
def test_sections_without_effect_are_checked_all_the_same(changes, key):
    assert keys(refused(**changes)) == [key]


def test_sections_without_effect_are_named():
    asked = job(
        identity={"type": "managed_identity"},
        queue_settings={"job_tier": "Spot", "priority": "high"},
        resources={"instance_type": "Standard_NC6s_v3", "instance_count": 1},
        outputs={"best_model": {"type": "mlflow_model"}},
        properties={"node_count_per_trial": "2"},
    )
    for key in ("identity", "queue_settings", "resources", "outputs"):
        assert f"{key} has no effect here." in job_notes.notes(asked)
    start = "properties.node_count_per_trial has no effect on one machine. Set ray_address"
    assert any(note.startswith(start) for note in job_notes.notes(asked))
    on_a_cluster = asked.model_copy(update={"ray_address": "10.0.0.1:6379"})
    assert not any("node_count" in note for note in job_notes.notes(on_a_cluster))
    assert Job.from_yaml(asked.to_yaml()) == asked


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image_model": {}}, "Write training_parameters"),
        ({"split_ratio": 0.2}, "Write validation_data_size"),
        ({"validation_size": 0.2}, "Write validation_data_size"),
        ({"iterations": 10}, "Write limits.max_trials"),
        ({"limits": {"max_concurrent_iterations": 4}}, "limits.max_concurrent_trials"),
        ({"limits": {"experiment_timeout_hours": 4}}, "limits.timeout_minutes"),
        ({"hyperparameter_sampling": {}}, "sweep.sampling_algorithm"),
        ({"early_termination_policy": {}}, "sweep.early_termination"),
        ({"arguments": []}, "Write training_parameters"),
        ({"training_parameters": {"amsgrad": True}}, "now called ams_gradient"),
        ({"training_parameters": {"lr_scheduler": "step"}}, "learning_rate_scheduler"),
        ({"training_parameters": {"train_crop_size": 2}}, "training_crop_size"),
        ({"search_space": [{"valid_resize_size": 2}]}, "validation_resize_size"),
        ({"search_space": [{"grad_accumulation_step": 2}]}, "gradient_accumulation_step"),
    ],
)
def test_an_earlier_name_is_answered_with_todays(changes, words):
    (problem,) = refused(**changes)
    assert words in problem.message


def test_every_problem_of_one_level_is_listed_with_its_line():
    text = """\
type: automl
task: image_classification
target_column_name: label
trainig_data: {path: x}
computer: local
training_data:
  type: mltable
  path: x
  mod: direct
training_parameters:
  model_name: vitb16r224
  training_crop_size: 100
  validation_resize_size: 100
search_space:
  - number_of_epochs:
      type: quniform
      min_value: 5
    learning_rate:
      type: choice
      values: [3, 0.1, 4]
    optimizer: rmsprop
sweep:
  sampling_algorithm: randm
  early_termination:
    type: bandit
    slack_factor: -1
    delay: 3
"""
    with pytest.raises(JobError) as refusal:
        Job.from_yaml(text)
    assert [(p.line, p.key) for p in refusal.value.problems] == [
        (4, "trainig_data"),
        (5, "computer"),
        (9, "training_data.mod"),
        (15, "search_space.0.number_of_epochs.max_value"),
        (15, "search_space.0.number_of_epochs.q"),
        (18, "search_space.0.learning_rate"),
        (18, "search_space.0.learning_rate"),
        (21, "search_space.0.optimizer"),
        (23, "sweep.sampling_algorithm.type"),
        (26, "sweep.early_termination.slack_factor"),
        (27, "sweep.early_termination.delay"),
    ]


def test_what_does_not_go_together_is_listed_beside_what_is_out_of_range():
    problems = refused(
        limits={"max_trials": 0},
        training_parameters={"model_name": "vitb16r224", "training_crop_size": 100},
    )
    assert sorted(keys(problems)) == ["limits.max_trials", "training_parameters"]


def test_of_a_key_that_is_there_twice_the_last_counts_with_a_note():
    text = "training_data: {path: x}\nlimits: {max_trials: 3}\nlimits:\n  timeout_minutes: 9\n"
    job = Job.from_yaml(text)
    assert (job.limits.max_trials, job.limits.timeout_minutes) == (1, 9)
    (note,) = job_notes.notes(job)
    assert note == "limits is there twice, in lines 2 and 3: the last counts."
    with pytest.raises(JobError, match=r"^Line 4, limits\.timeout_minutes: "):
        Job.from_yaml(text.replace("9", "0"))


@pytest.mark.parametrize("task", ["regression", "image_object_detection"])
def test_another_task_is_refused_in_one_sentence(task):
    (problem,) = refused(task=task, primary_metric="iou", training_parameters={"tile_overlap": 1})
    assert problem.key == "task"
    assert problem.line is not None
    assert problem.message.startswith(f"{task} does not run here. Allowed is image_classification,")


needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="Azure's samples are not here")


@needs_samples
def test_azures_sample_jobs_load_and_mean_what_they_say():
    (sweep_path,) = SAMPLES.glob("cli/jobs/*/*multiclass*/*mc-task-fridge-items.yml")
    sweep = Job.from_yaml(sweep_path.read_text(), base_dir=sweep_path.parent)
    assert sweep.training_data.path == sweep_path.parent / "data" / "training-mltable-folder"
    assert (sweep.limits.timeout_minutes, sweep.limits.max_trials) == (60, 10)
    assert sweep.sweep.early_termination == Bandit(
        type="bandit", slack_factor=0.2, evaluation_interval=2, delay_evaluation=6
    )
    first, second = sweep.search_space
    assert first["learning_rate"] == Uniform(type="uniform", min_value=0.001, max_value=0.01)
    assert second["layers_to_freeze"] == Choice(type="choice", values=[0, 2])
    assert Job.from_yaml(sweep.to_yaml()) == sweep

    (automode_path,) = SAMPLES.glob("cli/jobs/*/*multiclass*/*automode.yml")
    assert Job.from_yaml(automode_path.read_text()).is_automode


@needs_samples
def test_azures_multilabel_sample_jobs_load():
    jobs = sorted(SAMPLES.glob("cli/jobs/**/*multilabel*/*.yml"))
    assert len(jobs) == 3
    for path in jobs:
        job = Job.from_yaml(path.read_text(), base_dir=path.parent)
        assert (job.task, job.primary_metric) == ("image_classification_multilabel", "iou")
        assert Job.from_yaml(job.to_yaml()) == job


def test_a_task_has_its_metrics_and_refuses_those_of_the_other():
    data = {"training_data": {"path": "x"}}
    several = {**data, "task": "image_classification_multilabel"}
    assert Job.from_dict(several).primary_metric == "iou"
    assert Job.from_dict(data).primary_metric == "accuracy"
    for metric in ("accuracy", "AUC_weighted", "norm_macro_recall", "precision_score_weighted"):
        assert Job.from_dict({**several, "primary_metric": metric}).primary_metric == metric.lower()
    with pytest.raises(JobError, match=r"primary_metric is 'iou'; .*every picture has one label"):
        Job.from_dict({**data, "primary_metric": "iou"})
    with pytest.raises(JobError, match="any number of labels, allowed is one of iou, accuracy"):
        Job.from_dict({**several, "primary_metric": "f1_score_macro"})
