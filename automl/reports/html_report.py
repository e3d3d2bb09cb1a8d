"""Report of an experiment as one self-contained HTML file that opens offline in any browser.

The figures are the same as in the app; the modules that draw them do not import Streamlit.
"""

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl import recommendation
from automl.evaluation.predictions import Predictions
from automl.experiments import endings, launcher, leaderboard, store
from automl.experiments.records import TrialRecord, now
from automl.figures import search_charts, trial_charts, wording
from automl.host import atomic, file_names
from automl.jobs.tasks import TASKS

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_MAX_TRIALS = 50
_ANCHORS = {"leaderboard": "trials", "trial": "trials", "confusion": "classes"}
"""Part of the report that shows what a sentence of the recommendation rests on."""

_MAX_CLASSES = 25
_MAX_MISTAKES = 24


def write(experiment_dir: Path, target: Path) -> Path:
    """Write the report; return its path."""
    atomic.write_text(target, html(experiment_dir), private=False)
    return target


def html(experiment_dir: Path) -> str:
    """Return the report as text: below 15 MB, of which 5 MB are the plotting library."""
    import jinja2
    import plotly.offline

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("automl.reports", "templates"), autoescape=True
    )
    template = environment.get_template("report.html")
    text = template.render(
        **_content(experiment_dir),
        plotly_js=plotly.offline.get_plotlyjs(),
        created_at=wording.local_time(now()),
    )
    return file_names.without_home(text)


def _content(experiment_dir: Path) -> dict[str, Any]:
    from automl.figures import timeline

    record, job = launcher.record(experiment_dir), store.load_job(experiment_dir)
    trials, damaged = store.readable_trials(experiment_dir)
    metric = job.primary_metric
    ranked = leaderboard.in_order(trials, metric)
    scored = [trial for trial in ranked if trial.best_evaluation()]
    best = scored[0] if scored else None
    figures = []
    if scored:
        figures = [
            ("Best so far", search_charts.best_over_time(timeline.history(trials, metric), metric)),
            (
                "Learning curves",
                trial_charts.learning_curves(scored[: trial_charts.MAX_LINES], metric),
            ),
            ("Scores with their 95 % intervals", trial_charts.intervals(scored, metric)),
        ]
    return {
        "name": record.experiment_id,
        "record": record,
        "outcome": wording.outcome(record.state, endings.extent(record, trials)),
        "metric": wording.metric(metric),
        "data": job.training_data.location,
        "of_classes": "Labels" if TASKS[job.task].has_label_sets else "Classes",
        "dataset": store.load_report(experiment_dir),
        "seconds": wording.duration(record.seconds),
        "best": best,
        "best_score": wording.score_of(best, metric),
        "expected": wording.expected(record),
        "anchors": _ANCHORS,
        "recommendation": recommendation.of_experiment(experiment_dir, record, job, trials),
        "test": _test_section(experiment_dir, metric),
        "trials": [_row(trial, metric) for trial in ranked[:_MAX_TRIALS]],
        "num_trials": len(trials),
        "damaged": damaged,
        "figures": [(title, _figure_html(figure)) for title, figure in figures],
        "job": job.to_yaml(),
        **(_predictions_section(experiment_dir, best) if best else {}),
    }


def _row(trial: TrialRecord, metric: str) -> dict[str, str]:
    return {
        "Trial": f"#{trial.number}",
        "Model": trial.title,
        "Score": wording.score_of(trial, metric),
        "State": trial.state.value,
        "Epochs": str(trial.evaluations[-1].epoch if trial.evaluations else 0),
        "Time": wording.duration(trial.seconds),
        "Why it ended": wording.stored(trial.reason),
    }


def _test_section(experiment_dir: Path, metric: str) -> dict[str, Any] | None:
    opening = store.load_test_opening(experiment_dir)
    if opening is None:
        return None
    score = wording.interval(opening.metrics[metric], opening.score_low, opening.score_high)
    opened_at = wording.local_time(opening.opened_at)
    return {"score": score, "opened_at": opened_at, "opening": opening}


def _predictions_section(experiment_dir: Path, best: TrialRecord) -> dict[str, Any]:
    """Content about the best trial's predictions; empty without them."""
    path = store.predictions_path(experiment_dir, best.trial_id)
    if not path.is_file() or not store.samples_path(experiment_dir).is_file():
        return {}
    from automl.evaluation import answers, class_report, confidence
    from automl.figures import answer_charts

    predictions = store.load_predictions(path)
    evaluation = best.best_evaluation()
    assert evaluation
    samples = store.load_samples(experiment_dir).set_index("id", drop=False)
    names = store.class_names(samples)
    calibration = confidence.calibration(predictions.probabilities, predictions.labels)
    draw = _figures_of_labels if predictions.has_label_sets else _figures_of_classes
    figures = [*draw(predictions, names), ("Calibration", answer_charts.calibration(calibration))]
    return {
        "classes": _rounded(class_report.class_report(predictions, names)),
        "averages": _rounded(class_report.averages(evaluation.metrics)),
        "hyperparameters": {**best.hyperparameters, **best.effective},
        "answer_figures": [(title, _figure_html(figure)) for title, figure in figures],
        "calibration_error": f"{calibration.expected_error:.3f}",
        "is_perfect": not len(answers.wrong(predictions)),
        "mistakes": _mistakes(experiment_dir, predictions, samples, names),
    }


def _figures_of_classes(
    predictions: Predictions, names: list[str]
) -> "list[tuple[str, go.Figure]]":
    """Figures of the confusions."""
    from automl.evaluation import confusion, natural_order
    from automl.figures import confusion_chart

    matrix = confusion.matrix(predictions.labels, predictions.predicted, len(names))
    shown = natural_order.indices(names, confusion.hardest_classes(matrix, _MAX_CLASSES))
    return [("Confusion matrix", confusion_chart.figure_of(matrix, names, shown))]


def _figures_of_labels(predictions: Predictions, names: list[str]) -> "list[tuple[str, go.Figure]]":
    """Labels that occur together, in truth and in the answers."""
    import numpy as np

    from automl.dataset import label_sets
    from automl.figures import co_occurrence_chart

    true = label_sets.co_occurrence(predictions.labels)
    answered = label_sets.co_occurrence(np.asarray(predictions.predicted, bool))
    shown = label_sets.most_frequent(true, _MAX_CLASSES)
    some, of_shown = np.ix_(shown, shown), [names[index] for index in shown]
    return [
        ("Labels that occur together", co_occurrence_chart.figure_of(true[some], of_shown)),
        ("Labels answered together", co_occurrence_chart.figure_of(answered[some], of_shown)),
    ]


def _rounded(table: "pd.DataFrame") -> list[dict[str, str]]:
    """Format numbers as text, and missing values as a dash."""
    rows = table.astype(object).where(table.notna(), "–").to_dict("records")
    return [
        {
            str(name): f"{value:.3f}" if isinstance(value, float) else str(value)
            for name, value in row.items()
        }
        for row in rows
    ]


def _mistakes(
    experiment_dir: Path, predictions: Predictions, samples: "pd.DataFrame", names: list[str]
) -> list[dict[str, str]]:
    """The worst mistakes, except those whose picture can no longer be read."""
    from automl.dataset import pictures
    from automl.evaluation import answers

    wrong = answers.ordered(predictions, answers.wrong(predictions), "highest loss first")
    rows = samples.loc[predictions.sample_ids]
    confidences, mistakes = answers.confidence(predictions), []
    report = store.load_report(experiment_dir)
    rendering = None if report is None else report.rendering
    for position in wrong[:_MAX_MISTAKES].tolist():
        row = rows.iloc[position]
        path = Path(str(row["path"]))
        if store.is_imported(experiment_dir):
            path = store.thumbnail_path(experiment_dir, Path(str(row["content_hash"])).name)
        try:
            data = pictures.thumbnail(path, rendering=rendering)
        except (OSError, pictures.UnreadablePicture):
            continue
        label, answer = answers.in_words(predictions, position, names)
        mistakes.append(
            {
                "picture": base64.b64encode(data).decode(),
                "label": label,
                "answer": answer,
                "probability": f"{confidences[position]:.3f}",
            }
        )
    return mistakes


def _figure_html(figure: "go.Figure") -> Any:
    """Convert a figure to an HTML fragment; its texts were escaped when it was drawn."""
    import markupsafe

    figure.update_layout(template="plotly_white", paper_bgcolor="white", margin={"l": 60, "b": 50})
    return markupsafe.Markup(
        figure.to_html(full_html=False, include_plotlyjs=False, config={"displayModeBar": False})
    )
