"""Differences between this program and Azure's client: the table of docs/azure.md.

    PYTHONPATH=. python -m tests.jobs.azure_differences

writes the table into the page. `covers` names files of `azure_variants` that one of the two takes
and the other refuses; test_azure_differences.py asks this program about all of them and compares
the answers with those of Azure: its client (see `azure_oracle`) and the documented rules of its
service and its trials (see `azure_service`).
"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from automl.errors import UserError
from automl.jobs import job_file, job_notes
from automl.model import warm_start
from tests.jobs import azure_first_count, azure_service, azure_variants

PAGE = Path(__file__).parents[2] / "docs" / "azure.md"
VERDICTS = Path(__file__).parents[1] / "data" / "azure-verdicts.json"
_BEGIN = "<!-- written by: python -m tests.jobs.azure_differences -->\n"
_END = "<!-- end of the table -->\n"


@dataclass(frozen=True)
class Difference:
    """A row of the table."""

    where: str
    azure: str
    here: str
    covers: tuple[str, ...] = ()
    """Patterns of the names of files; empty if it is no matter of taking or refusing a file."""

    def is_about(self, name: str) -> bool:
        """True if it covers a file."""
        return any(fnmatchcase(name, pattern.replace("[", "[[]")) for pattern in self.covers)


def answers_here(folder: Path) -> tuple[dict[str, bool], dict[str, bool]]:
    """Whether this program takes each file, by name, without `--azure` and with it.

    Args:
        folder: receives the data and one file after the other.
    """
    (folder / "data").mkdir()
    places = [
        {name: str(folder / place) for name, place in section.items()}
        for section in (azure_variants.DATASTORES, azure_variants.DATA_ASSETS)
    ]
    taken, taken_by_both = {}, {}
    for name, text in azure_variants.variants().items():
        path = folder / "job.yml"
        path.write_text(text.replace("{folder}", str(folder)), "utf-8")
        try:
            job = job_file.load_file(path, (), *places)
            warm_start.check(job)
            job_notes.notes(job)
        except UserError:
            taken[name] = taken_by_both[name] = False
        else:
            taken[name] = True
            taken_by_both[name] = not job_file.refused_by_azure(path)
    return taken, taken_by_both


def answers_of_client() -> dict[str, bool]:
    """Whether Azure's client takes each file, as `azure_oracle` has written it."""
    verdicts: dict[str, bool] = json.loads(VERDICTS.read_text("utf-8"))
    return verdicts


def answers_of_azure() -> dict[str, bool]:
    """Whether Azure trains with each file: its client, and its service by what is documented."""
    texts = azure_variants.variants()
    return {
        name: is_taken and azure_service.is_taken(texts[name])
        for name, is_taken in answers_of_client().items()
    }


def different(here: dict[str, bool], azure: dict[str, bool]) -> list[str]:
    """Names of the files that only one of the two takes."""
    return [name for name, is_taken in azure.items() if here[name] != is_taken]


def lines(
    here: dict[str, bool], with_option: dict[str, bool], azure: dict[str, bool]
) -> Iterator[str]:
    """The table with the sentences above it, from the answers about each file."""
    names, remaining = different(here, azure), different(with_option, azure)
    num_of_service = sum(answers_of_client().values()) - sum(azure.values())
    yield (
        f"Of {len(azure)} job files with one change each, right and wrong, "
        f"{len(azure) - len(names)} are taken or refused by both; the last column counts the other "
        f"{len(names)}. `automl validate --azure` also refuses what Azure would, which is what "
        f"{len(names) - len(remaining)} of them hold: with it, {len(azure) - len(remaining)} agree."
        "\n\n"
        "Azure's answer is that of its client (azure-ai-ml 1.35.2), which has to be able to write "
        f"the request, but for {num_of_service} files that the client sends and that Azure's "
        "documentation rules out: a number out of its range, a distribution that the algorithm "
        "does not draw from or that has nothing to draw, data without a path, a detector as the "
        "model, or a vision transformer with two sides.\n"
    )
    first = azure_first_count.DIFFERED
    differ = sum(name in remaining for name in first)
    num_first = azure_first_count.NUM_FILES
    yield (
        f"\nA first comparison had {num_first} files, {len(first)} of which differed. These are "
        f"among the files above; with `--azure`, {len(first) - differ} of them agree today. If the "
        f"others still do, that is {num_first - differ} of {num_first}.\n"
    )
    yield "\n| In the file | Azure | Here | Files |\n|---|---|---|---|\n"
    for row in DIFFERENCES:
        count = sum(row.is_about(name) for name in names)
        yield f"| {row.where} | {row.azure} | {row.here} | {count or ''} |\n"


def page_with(table: str) -> str:
    """The page with another table."""
    before, _, rest = PAGE.read_text("utf-8").partition(_BEGIN)
    return f"{before}{_BEGIN}{table}{_END}{rest.partition(_END)[2]}"


DIFFERENCES = [
    Difference(
        "`training_data.path` and the others",
        "a data asset, a datastore, a URL or a local folder",
        "a local path, also as `file:///…` and `azureml:../folder`, as Azure's SDK writes "
        "it; a folder at `abfss:`, `abfs:`, `az:`, `wasbs:`, `s3:`, `gs:` or `hf:` "
        "([data.md](data.md)) or the web address of one in Azure's Blob storage, but not another "
        "`https:`, which lists no folders, nor `adl:`, a storage that Azure has closed; "
        "`datastores: {name: folder}` (or `--datastore name=folder`) maps a datastore to "
        "a folder, `data_assets: {name: folder}` (or `--data-asset name=folder`) a data "
        "asset such as `azureml:name:1`; `name:1` maps one version",
        (
            "training_data.path: azureml:fridge*",
            "training_data.path: *elsewhere*",
            "training_data.path: *registries*",
            "training_data.path: https:*",
        ),
    ),
    Difference(
        "`training_data.type`",
        "`mltable` only",
        "any form in [data.md](data.md); detected if left out",
    ),
    Difference(
        "`target_column_name`",
        "required",
        "required with `type: mltable`; else `label` if left out",
    ),
    Difference(
        "a number that nothing can be done with and that has no documented range "
        "(`timeout_minutes: 0`, `random_seed: -1`, a policy's number below 0)",
        "taken; no trial is of use",
        "refused at once, before it costs anything",
        (
            "limits.timeout_minutes: 0",
            "limits.timeout_minutes: -1",
            "training_parameters.random_seed: -1",
            "policy: *: -0.2}",
            "policy: *: -1}",
        ),
    ),
    Difference(
        "`step_lr_step_size: 0`, a `choice` of nothing, swapped bounds, a rate as the bound of a "
        "logarithm",
        "sent by the client; no trial can be drawn or trained",
        "refused at once, before it costs anything",
    ),
    Difference(
        "`sigma: 0`",
        "always `mu`",
        "the same, with a note",
    ),
    Difference(
        "sides that do not fit the network (256 for `vits16r224`)",
        "sent by the client; the trial fails",
        "refused at once; in a search space only that trial fails",
    ),
    Difference(
        "`validation_resize_size` below `validation_crop_size`",
        "taken",
        "taken: pictures are resized to the side of the crop, and a note says so",
    ),
    Difference(
        "a distribution that leaves the range of its hyperparameter in part",
        "taken; trials with such a value fail",
        "the same; `automl validate` says how likely it is, and refuses one that is outside as a "
        "whole",
    ),
    Difference(
        "`early_stopping_delay: 0`",
        "from 1",
        "from 0: improvement is tracked from the first evaluation",
        ("training_parameters.early_stopping_delay: 0",),
    ),
    Difference(
        "`limits.max_trials: 1.5`, `number_of_epochs: 2.5`",
        "the client takes 1 and 2",
        "the same",
    ),
    Difference(
        "a search space that can draw what cannot be trained",
        "the trial fails",
        "the same; `automl validate` says how likely it is",
    ),
    Difference(
        "MLTable",
        "`convert_column_types`, `header`, `folder` and `pattern`",
        "the same; a folder or pattern elsewhere has to be in a mapped datastore. "
        "`read_delta_lake` is refused: write "
        "the table as Parquet, with the label in a column",
    ),
    Difference(
        "`limits.exit_score`",
        "refused for pictures",
        "ends the search when the primary metric of a trial reaches it",
        ("limits.exit_score: *", "limits: {exit_score: *"),
    ),
    Difference(
        "`primary_metric`",
        "documented: `accuracy` only",
        "all five that the client knows",
    ),
    Difference(
        "`test_data`",
        "accepted and dropped",
        "pictures that are never used in training or ranking",
    ),
    Difference(
        "`test_data_size`",
        "crashes the client",
        "the share of the training pictures that is sealed for a test",
    ),
    Difference(
        "`sweep` with `limits` inside (older files)",
        "refused",
        "used as the job's `limits`",
        ("limits in the sweep only",),
    ),
    Difference(
        "`sampling_algorithm` as an object (`seed`, `rule: sobol`)",
        "loads, but cannot be sent",
        "works",
        ("sampling: {*",),
    ),
    Difference(
        "`bayesian`",
        "`choice`, `uniform`, `quniform`; one sub-space",
        "all distributions but the normal ones; any number of sub-spaces",
    ),
    Difference(
        "`early_termination: {type: bandit}` without a slack, or with both",
        "the client fills in 0",
        "a slack that is left out is 0, which stops every trial behind the best; of two "
        "the more generous applies",
    ),
    Difference(
        "`early_termination: {type: asha}`",
        "unknown",
        "asynchronous successive halving, see [search.md](search.md)",
        ("policy: {type: asha}",),
    ),
    Difference(
        "`model_name`",
        "twelve names, or one of the Hugging Face Hub",
        "the twelve, some small models, and every model name of timm. Names of the Hub "
        "and of Azure's registry (`google/vit-base-patch16-224`, "
        "`microsoft-beit-base-patch16-224-pt22k-ft22k`, `hf-hub:timm/…`) stand for timm's "
        "model of that kind, and a note says which; models that timm does not have are "
        "refused with the nearest names, before a trial fails",
        (
            "training_parameters.model_name: any/text",
            "training_parameters.model_name: somebody/foo",
        ),
    ),
    Difference(
        "`checkpoint_run_id`",
        "id of a run of the workspace",
        "`experiment/trial` of an experiment that is here ([training.md](training.md)); a model "
        "that is not here is refused at once",
        ("training_parameters.checkpoint_run_id: x",),
    ),
    Difference(
        "values of a search space as text, `uniform(0.001,0.01)`",
        "in the designer only",
        "anywhere",
        (
            "search_space.*: uniform(*",
            "search_space.*: choice(*",
        ),
    ),
    Difference(
        "a key that occurs twice",
        "the last one counts",
        "the same, and a note names both lines",
    ),
    Difference(
        "plain words and numbers such as `off`, `no`, `012`, `1:30`, `2024-01-01`",
        "YAML 1.1: False, False, 10, 90, a date",
        "YAML 1.2: text. A key that is true or false still takes `on`, `off`, `yes` and "
        "`no`; under `corrections` every scalar is text as written",
        ("text: date",),
    ),
    Difference(
        "old names (`lr_scheduler`, `split_ratio`, `image_model`, `iterations`, …)",
        "refused",
        "refused with the name of today",
    ),
    Difference(
        "`sweep` without `search_space`",
        "the client accepts it",
        "AutoMode chooses the hyperparameters, and a note says that `sweep` has no effect",
    ),
    Difference(
        "other names than `best_model` under `outputs`",
        "the client accepts them, and writes nothing to them",
        "the same, and a note names each",
    ),
    Difference(
        "`type` or `task` left out",
        "refused",
        "`automl` and `image_classification`",
        (
            "no type",
            "no task",
        ),
    ),
    Difference(
        "`optimizer: adamw` as `AdamW`, other spellings of words",
        "Azure folds `snake_case` and `CamelCase`",
        "any case, with or without underscores",
        (
            "training_parameters.optimizer: AdamW",
            "primary_metric: auc-weighted",
            "training_data.mode: RoMount",
            "policy: {type: Median_Stopping}",
            "policy: {type: Truncation_Selection*",
        ),
    ),
    Difference(
        "numbers in quotes, or with a fraction, for a whole number in a search space",
        "refused",
        "taken as numbers",
        (
            "search_space.number_of_epochs: {type: choice, values: *",
            "search_space.weighted_loss: {type: choice, values: *",
            "search_space.number_of_epochs: '5'",
            "search_space.number_of_epochs: {type: quniform, min_value: 5.0, *",
        ),
    ),
    Difference(
        "`type: pipeline`",
        "every step runs",
        "its AutoML step runs, with the pipeline's inputs and outputs in place of "
        "`${{parent.inputs.…}}`; of several steps one is named with `--node NAME`; other "
        "steps do not run",
    ),
    Difference(
        "`outputs.best_model`",
        "an MLflow model in the datastore",
        "with `path`, a folder beside the job, the MLflow model is written there when the "
        "experiment ends (needs the extra `mlflow`); a folder that holds anything else is "
        "left as it is, and a note says so",
    ),
    Difference(
        "tasks other than `image_classification` and "
        "[`image_classification_multilabel`](several-labels.md)",
        "run",
        "refused",
        ("task: *", "job: image_*", "job: boxes*", "job: masks*"),
    ),
    Difference(
        "`seed`, `datastores` and the other keys of the last section",
        "refused",
        "see there",
        ("seed: 5", "training_parameters.precision: *"),
    ),
    Difference(
        "`training_data` without a path",
        "the client accepts it; the service's schema requires it",
        "refused",
    ),
    Difference(
        "`training_data.description` and the like, `mode: rw_mount`",
        "refused",
        "no effect",
        ("training_data.description: *", "training_data.mode: rw_mount"),
    ),
    Difference(
        "`services` with `job_service_type`",
        "refused",
        "no effect",
        ("services: {x: {job_service_type: ssh}}",),
    ),
    Difference(
        "a reference to an input that the pipeline does not have",
        "the client accepts it",
        "refused",
        ("pipeline: no such input",),
    ),
]


def main() -> None:
    """Write the table into the page."""
    with tempfile.TemporaryDirectory() as folder:
        here, azure = answers_here(Path(folder)), answers_of_azure()
    PAGE.write_text(page_with("".join(lines(*here, azure))), "utf-8")


if __name__ == "__main__":
    main()
