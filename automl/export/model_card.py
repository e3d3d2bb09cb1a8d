"""The model card: Markdown with the metadata of the Hugging Face Hub, made from the records."""

import html
import math
from pathlib import PurePath
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from automl.dataset.rendering import PLAIN, Rendering
from automl.dataset.report import DatasetReport, Severity
from automl.evaluation.class_report import class_report
from automl.experiments import endings, expectation, store
from automl.experiments.records import Evaluation, TestOpening
from automl.export import formats, test_score
from automl.export.parity_report import Parity
from automl.export.trained_model import TrainedModel
from automl.figures import wording
from automl.host import file_names
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.model_catalog import UNKNOWN_LICENCE

_MAX_CLASSES = 200
_SETTINGS = (
    *Hyperparameters.model_fields,
    "weights",
    "weights_licence",
    "num_parameters",
    "device",
    "torch",
    "timm",
)


def text(model: TrainedModel, parity: Parity) -> str:
    """Return the card."""
    job = store.load_job(model.experiment_dir)
    best = model.trial.best_evaluation()
    assert best is not None
    report = store.load_report(model.experiment_dir)
    head = _metadata(model, parity.format, job.primary_metric, best)
    name = store.load_experiment(model.experiment_dir).experiment_id
    parts = [
        f"# {_plain(name)}: {_plain(model.trial.title)}",
        _summary(model),
        "## How to use it",
        _use(model, parity.format),
        "## How good it is",
        _expectation(model, job.primary_metric),
        _not_beaten(model, job.primary_metric),
        _scores(model, job.primary_metric, best),
        _plain(model.trial.fitted_to),
        test_score.sentence(_opening(model), job.primary_metric),
        "### By class, on the same pictures",
        _classes(model),
        "## What it was made from",
        _data(report),
        "## How it was trained",
        _extent(model),
        _settings(model),
        "## Limits",
        _limits(model, report),
        "## Does it answer as it did where it was trained?",
        _parity(parity),
        "## Questions for the author",
        _QUESTIONS,
    ]
    card = ModelCard(f"---\n{head.to_yaml()}\n---\n\n" + "\n\n".join(filter(None, parts)) + "\n")
    return file_names.without_home(str(card))


def _summary(model: TrainedModel) -> str:
    """The kind of the model, its trial, and the epoch of one that was trained."""
    about, trial_id = model.description, model.trial.trial_id
    classes = f"{len(about.class_names)} {'labels' if about.has_label_sets else 'classes'}"
    if _is_constant(model):
        return (
            f"A constant answer, to compare models with: the model of {trial_id} says of every "
            f"picture how frequent the {classes} were in training."
        )
    epoch = f" after epoch {about.epoch}" if about.epoch else ""
    return (
        f"An image classifier with {classes}: {_plain(about.model_name)} "
        f"(timm `{about.timm_name}`), the model of {trial_id}{epoch}."
    )


def _is_constant(model: TrainedModel) -> bool:
    """True for a model that does not look at pictures."""
    return model.trial.method == "majority_class"


_QUESTIONS = """\
1. What is the model for, and what must it not be used for?
2. Where do the pictures come from, who or what is on them, and how may they and the model be used?
3. What happens when an answer is wrong, and who looks at the answers it is not sure of?"""


def _metadata(
    model: TrainedModel, form: str, primary_metric: str, best: Evaluation
) -> ModelCardData:
    base = _base_model(model)
    return ModelCardData(
        model_name=store.load_experiment(model.experiment_dir).experiment_id,
        **_licence(str(model.trial.effective.get("weights_licence"))),
        base_model=base,
        base_model_relation=None if base is None else "finetune",
        library_name=formats.named(form).library,
        pipeline_tag="image-classification",
        tags=["image-classification", form],
        metrics=[primary_metric],
        eval_results=_results(model, primary_metric, best) or None,
    )


def _results(model: TrainedModel, primary_metric: str, best: Evaluation) -> list[EvalResult]:
    """The scores on validation and test data that are numbers."""
    scores = {"validation": best.metrics[primary_metric]}
    opening = _opening(model)
    if opening is not None:
        scores["test"] = opening.metrics[primary_metric]
    name = store.load_experiment(model.experiment_dir).experiment_id
    report = store.load_report(model.experiment_dir)
    return [
        EvalResult(
            task_type="image-classification",
            dataset_type=name,
            dataset_name=f"{name}, {split} data",
            dataset_split=split,
            dataset_revision=None if report is None else report.data_hash,
            metric_type=primary_metric,
            metric_value=round(score, 6),
        )
        for split, score in scores.items()
        if not math.isnan(score)
    ]


def _licence(of_weights: str) -> dict[str, Any]:
    """The licence of the pretrained weights, which binds the model, as the Hub writes it."""
    if of_weights in ("None", UNKNOWN_LICENCE):
        return {"license": "unknown"}
    if " " in of_weights:  # of several networks
        return {"license": "other", "license_name": of_weights}
    return {"license": of_weights.lower()}


def _base_model(model: TrainedModel) -> str | None:
    """The model of the Hub whose weights the training started from."""
    name = model.description.timm_name
    started_elsewhere = model.trial.effective.get("weights") in (None, "random")
    has_others = model.description.parts or model.hyperparameters.checkpoint_run_id
    has_no_base = started_elsewhere or has_others or _is_constant(model)
    return None if has_no_base or "." not in name else f"timm/{name}"


def _use(model: TrainedModel, form: str) -> str:
    description = model.description
    is_inside = model.hyperparameters.enable_onnx_normalization
    scale = " in 0 to 1" if is_inside else ", in 0 to 1 and then normalised as in `settings.json`"
    usage = formats.named(form).usage.format(
        side=description.validation_crop_size,
        resize=description.validation_resize_size,
        scale=scale,
        link="sigmoid()" if description.has_label_sets else "softmax(1)",
    )
    return f"{usage}\n\n{_rendering(description.rendering)}".rstrip()


def _rendering(rendering: Rendering) -> str:
    """How pixel values become 8-bit RGB; empty if there is nothing to know."""
    if rendering == PLAIN:
        return ""
    said = [f"Transparent pixels: {rendering.background} (`background`)."]
    if rendering.value_range is not None:
        low, high = rendering.value_range
        said.append(
            f"In pictures of more than 8 bits the values {low:,.6g} to {high:,.6g} become black to "
            "white (`value_range`)."
        )
    return f"`rendering` in `settings.json` says how values become RGB. {' '.join(said)}"


def _expectation(model: TrainedModel, primary_metric: str) -> str:
    """The score to expect on new pictures; empty for a trial that is not the best."""
    record = store.load_experiment(model.experiment_dir)
    if record.best_trial != model.trial.trial_id:
        return ""
    expected = wording.expected(record)
    said = f"**On new pictures expect {primary_metric} {expected}.** " if expected else ""
    return said + record.expected_basis


def _not_beaten(model: TrainedModel, primary_metric: str) -> str:
    """Say if no model is better than a constant answer; empty for a trial that is not the best."""
    folder = model.experiment_dir
    if store.load_experiment(folder).best_trial != model.trial.trial_id:
        return ""
    trials, _ = store.readable_trials(folder)
    constant = expectation.constant_answer(folder, primary_metric, model.recorded, trials)
    said = wording.not_beaten(constant, model.description.class_names, primary_metric)
    return f"**{_plain(said)}**" if said else ""


def _scores(model: TrainedModel, primary_metric: str, best: Evaluation) -> str:
    low, high = model.trial.score_low, model.trial.score_high
    interval = "" if low is None or high is None else f", 95 % interval {low:.3f} to {high:.3f}"
    scored_on = model.trial.scored_on
    others = [[name, f"{value:.4f}"] for name, value in sorted(best.metrics.items())]
    return (
        f"**{primary_metric} {best.metrics[primary_metric]:.3f}**{interval}, {scored_on}. "
        "The trial was chosen by this number, so it flatters a little.\n\n"
        + _table(["metric", "value"], others)
    )


def _opening(model: TrainedModel) -> TestOpening | None:
    """The opening of the test data, if it was for this trial."""
    opening = store.load_test_opening(model.experiment_dir)
    is_for_it = opening is not None and opening.trial_id == model.trial.trial_id
    return opening if is_for_it else None


def _classes(model: TrainedModel) -> str:
    report = class_report(model.recorded, model.description.class_names).head(_MAX_CLASSES)
    rows = [
        [row["class"], int(row["pictures"]), *(_number(row[key]) for key in _OF_CLASS)]
        for row in report.to_dict("records")
    ]
    return _table(["class", "pictures", *_OF_CLASS], rows)


_OF_CLASS = ("precision", "recall", "f1")


def _data(report: DatasetReport | None) -> str:
    if report is None:
        return "The report on the data is missing."
    classes = [
        [label, count, *(report.class_splits.get(label, {}).get(s, 0) for s in report.splits)]
        for label, count in list(report.classes.items())[:_MAX_CLASSES]
    ]
    splits = ", ".join(f"{count:,} {split}" for split, count in report.splits.items())
    return (
        f"{report.num_images:,} pictures: {splits}. SHA-256 over their content and labels: "
        f"`{report.data_hash}`.\n\n" + _table(["class", "pictures", *report.splits], classes)
    )


def _settings(model: TrainedModel) -> str:
    effective = model.trial.effective or model.trial.hyperparameters
    shown = {**effective, "weights": _without_folders(str(effective.get("weights")))}
    rows = [[name, shown[name]] for name in _SETTINGS if name in effective]
    notes = "\n".join(f"- {_plain(note)}" for note in model.trial.notes)
    return "\n\n".join(filter(None, [notes, _table(["setting", "in effect"], rows)]))


def _extent(model: TrainedModel) -> str:
    """How much of the search was tried; empty if all of it was, or while it runs."""
    record = store.load_experiment(model.experiment_dir)
    extent = endings.extent(record, store.readable_trials(model.experiment_dir)[0])
    if not record.state.is_finished or extent.is_whole:
        return ""
    outcome = wording.outcome(record.state, extent)
    return f"It was chosen by a search that {outcome if extent.is_at_limit else f'was {outcome}'}."


def _without_folders(weights: str) -> str:
    """Names of weights; of those in folders of this machine the last part."""
    paths = [PurePath(one) for one in weights.split("; ")]
    return "; ".join(path.name if path.is_absolute() else str(path) for path in paths)


def _limits(model: TrainedModel, report: DatasetReport | None) -> str:
    labels = ", ".join(model.description.class_names[:50])
    said = [
        *_about_labels(labels, has_label_sets=model.description.has_label_sets),
        "The numbers hold for pictures like those it was scored on; others may do worse.",
    ]
    if report is not None:
        findings = [f for f in report.findings if f.severity is not Severity.INFO]
        said += [f"In the data: {_plain(finding.message)}" for finding in findings]
    if model.trial.reason:
        said.append(f"Its training ended early: {_plain(model.trial.reason)}")
    return "\n".join(f"- {sentence}" for sentence in said)


def _about_labels(labels: str, *, has_label_sets: bool) -> list[str]:
    if has_label_sets:
        return [
            f"It knows {_plain(labels)} and gives any number of them to a picture, also none.",
            "Each probability comes from a sigmoid of its own and is not calibrated. Metrics of "
            "decisions are those at 0.5; `thresholds` of `settings.json`, in the order of the "
            "labels, are those with the highest F1 of each label on the same pictures, unless "
            "others were chosen with `automl thresholds`.",
        ]
    return [
        f"It knows {_plain(labels)} and gives one of them to any picture, whatever is on it.",
        "Its probabilities come from the softmax and are not calibrated unless a metric above says "
        "so.",
    ]


def _parity(parity: Parity) -> str:
    where = f"{parity.num_images} validation pictures"
    if parity.pictures == "noise":
        where = f"{parity.num_images} pictures of noise (the validation pictures are elsewhere)"
    agreement, difference = wording.percent(parity.agreement), parity.max_probability_difference
    said = (
        f"From the file to the probability, on {where}: {agreement} get the "
        f"same answer, and no probability differs by more than {difference:.1e} "
        f"(allowed: {parity.tolerance:g}). One picture takes {parity.latency_ms:.1f} ms on the "
        f"machine of the export; the files have {parity.size_bytes / 1e6:.1f} MB."
    )
    if parity.onnx_input is not None:
        said = f"{said}\n\n{_plain(parity.onnx_input.sentence)}"
    if parity.int8 is None:
        return said
    int8 = parity.int8
    return (
        f"{said}\n\n`model_int8.onnx`: accuracy {int8.accuracy:.3f} beside "
        f"{int8.original_accuracy:.3f} of the original on all {int8.num_images:,} validation "
        f"pictures, {wording.percent(int8.agreement)} of which get the same answer, "
        f"{int8.size_bytes / 1e6:.1f} MB, {int8.latency_ms:.1f} ms for a picture. To use "
        "it, give it the name `model.onnx`."
    )


def _table(head: list[str], rows: list[list[Any]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_plain(str(cell)) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _plain(text: str) -> str:
    """Escape text for Markdown and HTML, and put it on one line."""
    escaped = html.escape(" ".join(text.split()), quote=False)
    return "".join(f"\\{sign}" if sign in r"\`*_[]|#$~" else sign for sign in escaped)
