"""`automl shadow` and `automl promote`: two models on the same requests."""

import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from automl.cli import audited, lookup
from automl.cli.experiments import AsJson
from automl.cli.output import fail, refusals, say, say_json, say_table
from automl.errors import PredictionError, UserError
from automl.figures import wording
from automl.host import home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automl.serving.shadow_folder import Line, Pair

_NUM_SHOWN = 20
_FOLDER = typer.Argument(metavar="FOLDER", help="That of automl serve --shadow, or its name.")
_DATA = typer.Option("--data", metavar="DATA", help="Labelled pictures that were asked about.")


@dataclass(frozen=True)
class Labelled:
    """Both models on the pictures whose labels are known."""

    num_pictures: int
    first: float
    second: float
    """Accuracies."""

    num_only_one_right: int
    """Pictures that one of the two gets right and the other does not."""

    p_value: float

    @property
    def is_clear(self) -> bool:
        """True if chance does not explain the difference."""
        from automl.evaluation.significance import LEVEL

        return self.p_value < LEVEL

    @property
    def second_is_worse(self) -> bool:
        return self.is_clear and self.second < self.first

    @property
    def sentence(self) -> str:
        pictures = wording.count(self.num_pictures, "picture")
        if not self.num_only_one_right:
            return (
                f"On {pictures} whose labels are known both are right on the same "
                f"{wording.percent(self.first)}, so nothing says which is better."
            )
        verdict = "chance does not explain that" if self.is_clear else "it may be chance"
        return (
            f"On {pictures} whose labels are known the first is right on "
            f"{wording.percent(self.first)} and the second on {wording.percent(self.second)}; "
            f"{verdict} (paired test, p = {self.p_value:.2g})."
        )


def show(
    folder: Annotated[Path, _FOLDER],
    data: Annotated[Path | None, _DATA] = None,
    as_json: AsJson = False,
) -> None:
    """Say how far two models in service agree, and which is right where labels are known."""
    from automl.serving import shadow_folder

    folder, pair, lines = _read(folder)
    counts, labelled = shadow_folder.load_counts(folder), _labelled(pair, lines, data)
    differing = [line for line in lines if _said(line, pair.first) != _said(line, pair.second)]
    if as_json:
        say_json(
            {
                **pair.model_dump(mode="json"),
                "counts": counts.model_dump(),
                "labelled": asdict(labelled) if labelled else None,
                "differing": [_row(line, pair) for line in differing],
            }
        )
        return
    say(f"First: {pair.first}\nSecond: {pair.second}")
    if said := other_labels(pair):
        say(said)
    if not counts.answered:
        say("No picture has been answered by both yet.")
        return
    share = 1 - counts.differing / counts.answered
    say(
        f"They agree on {wording.percent(share)} of {wording.count(counts.answered, 'picture')}; "
        f"{counts.dropped:,} were dropped, {counts.failed:,} failed."
    )
    if differing:
        rows = [list(_row(line, pair).values()) for line in differing[-_NUM_SHOWN:]]
        say_table(["picture (SHA-256)", "first", "probability", "second", "probability"], rows)
    say(_on_labels(labelled, lines, data))


def promote(
    folder: Annotated[Path, _FOLDER],
    data: Annotated[Path | None, _DATA] = None,
    back: Annotated[bool, typer.Option("--back", help="Undo the last promotion.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also a model that the test with --data finds worse.")
    ] = False,
) -> None:
    """Let the second of two models in service answer as the first; a running server follows.

    With --data, a model that is worse by the paired test is refused.
    """
    from automl.experiments import launcher
    from automl.serving import shadow_folder

    folder, pair, lines = _read(folder)
    if back and len(pair.exchanges) % 2 == 0:
        fail(f"{pair.first} was first from the beginning: there is nothing to go back to.")
    if not (pair.second / "model.onnx").is_file():
        fail(f"{pair.second} has no model any more, so it cannot be first. Export it again.")
    if said := other_labels(pair):
        say(said)
    labelled = _labelled(pair, lines, data)
    say(_on_labels(labelled, lines, data))
    details = {"first": str(pair.second), "before": str(pair.first), "folder": str(folder)}
    if labelled:
        details["p_value"] = f"{labelled.p_value:.2g}"
    experiment = lookup.experiment_of(pair.second)
    with refusals(), audited.recorded("promote", experiment, **details):
        if labelled and labelled.second_is_worse and not anyway:
            raise UserError(
                f"{pair.second} is worse than {pair.first} on these pictures, so it stays second. "
                "To promote it nevertheless, add --anyway."
            )
        shadow_folder.exchange(folder, pair, launcher.user())
    say(f"{pair.second} is first now; a running server follows within seconds.")
    undone = "" if back else " --back"
    say(f"The way back: automl promote {shlex.quote(str(folder))}{undone}")


def _on_labels(labelled: Labelled | None, lines: "Sequence[Line]", data: Path | None) -> str:
    """Say which model is right more often, or why nothing tells."""
    if labelled:
        return labelled.sentence
    if not lines:
        return "No picture has been answered by both yet, so nothing says which model is better."
    if data is None:
        return (
            "No labels of these pictures are known, so no test says which model is better. Name "
            "labelled pictures among them with --data DATA."
        )
    return (
        f"{data} has none of the {wording.count(len(lines), 'picture')} that both have answered "
        "for, so no test says which model is better. Name data with some of them."
    )


def other_labels(pair: "Pair") -> str:
    """Sentence about labels that only one of two models knows; empty if none are known."""
    from automl.prediction import inference

    try:
        first, second = (set(inference.labels_of(each)[0]) for each in (pair.first, pair.second))
    except PredictionError:
        return ""  # one of the two is gone
    said = [
        f"only the {which} knows {', '.join(sorted(names))}"
        for which, names in (("first", first - second), ("second", second - first))
        if names
    ]
    if not said:
        return ""
    return f"The two have other labels: {'; '.join(said)}. Programs that ask have to know both."


def _read(folder: Path) -> "tuple[Path, Pair, list[Line]]":
    from automl.serving import shadow_folder

    path = home.absolute(folder)
    if not path.is_dir() and str(folder) == folder.name:
        path = home.shadows_dir() / folder
    with refusals():
        pair = shadow_folder.load_pair(path)
    if pair is None:
        known = ", ".join(sorted(each.name for each in home.shadows_dir().iterdir()))
        fail(
            f"{folder} is no folder of two models in service. "
            + (f"There is: {known}." if known else "Start one: automl serve E --shadow E2.")
        )
    models = {str(pair.first), str(pair.second)}
    latest = {
        line.content: line for line in shadow_folder.lines(path) if line.answers.keys() == models
    }
    return path, pair, list(latest.values())


def _labelled(pair: "Pair", lines: "list[Line]", data: Path | None) -> Labelled | None:
    """Both models on the pictures of the data that were asked about; None if there are none."""
    if data is None:
        return None
    import numpy as np

    from automl.dataset import manifest
    from automl.evaluation import picture_groups, significance
    from automl.experiments import groups
    from automl.jobs import job_file
    from automl.jobs.tasks import IMAGE_CLASSIFICATION_MULTILABEL
    from automl.prediction import inference

    with refusals():
        has_sets = inference.labels_of(pair.first)[1]
        task = [f"task={IMAGE_CLASSIFICATION_MULTILABEL.name}"] if has_sets else []
        samples = manifest.look(job_file.load(data, task)).readable
    labels = dict(zip(samples["content_hash"], samples["label"], strict=True))
    known = [line for line in lines if line.content in labels]
    if not known:
        return None
    first, second = (
        np.array([_said(line, model) == labels[line.content] for line in known])
        for model in (pair.first, pair.second)
    )
    # copies and pictures of one group are not independent
    ids = dict(zip(samples["content_hash"], samples["id"], strict=True))
    independent = picture_groups.one_of_each(
        np.array([ids[line.content] for line in known]), groups.of_samples(samples)
    )
    p_value = significance.p_value_of_right(first[independent], second[independent])
    shares = float(first.mean()), float(second.mean())
    return Labelled(len(known), *shares, int((first != second).sum()), p_value)


def _said(line: "Line", model: Path) -> str:
    return line.answers[str(model)].label


def _row(line: "Line", pair: "Pair") -> dict[str, Any]:
    first, second = (line.answers[str(model)] for model in (pair.first, pair.second))
    return {
        "content": line.content,
        "first": first.label,
        "first_probability": first.probability,
        "second": second.label,
        "second_probability": second.probability,
    }
