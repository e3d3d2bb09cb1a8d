"""What the user asks for: one YAML file in Azure's schema, checked, with errors that help."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BeforeValidator,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from automl import compatibility, hyperparameters
from automl.dataset.corrections import Corrections
from automl.datastores import locate
from automl.frozen import FrozenModel

PrimaryMetric = Literal[
    "accuracy",
    "auc_weighted",
    "norm_macro_recall",
    "average_precision_score_weighted",
    "precision_score_weighted",
]
DataType = Literal[
    "mltable",
    "image_folder",
    "hf_imagefolder",
    "zip",
    "tar",
    "csv",
    "tsv",
    "parquet",
    "jsonl",
    "label_studio",
    "vertex_csv",
]

DATA_KEYS = ("training_data", "validation_data", "test_data")
_NO_EFFECT_HERE = (
    "compute",
    "resources",
    "identity",
    "queue_settings",
    "environment_id",
    "environment_variables",
    "services",
    "outputs",
)


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Problem(FrozenModel):
    """One thing wrong with a job file."""

    key: str
    line: int | None
    message: str


class JobError(ValueError):
    """A job that cannot be run as asked, with one problem for every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(_sentence(problem) for problem in problems))
        self.problems = problems


class DataSource(FrozenModel):
    """Where labelled pictures come from."""

    path: Path
    """A folder with one sub-folder of pictures per class, an archive of one, or a table."""

    type: DataType | None = None
    """What is at the path; found out from its name and content when it is not given."""

    image_column: str | None = None
    """Column of a table that says where each picture is; found by its name when left out."""

    split_column: str | None = None
    """Column of a table that says train, validation or test; a column named split with these
    words is taken when left out."""

    group_column: str | None = None
    """Column of a table whose equal values must stay on one side of the split."""

    mode: str | None = None
    description: str | None = None
    datastore: str | None = None

    @field_validator("path", mode="before")
    @classmethod
    def _is_local(cls, path: Any, info: ValidationInfo) -> Any:
        if isinstance(path, str) and ("://" in path or path.startswith("azureml:")):
            raise ValueError(_elsewhere(path))
        return path if not isinstance(path, str | Path) else _beside_the_job(path, info)


def _elsewhere(path: str) -> str:
    if path.startswith("azureml:") and "://" not in path:
        return (
            f"{path} is a data asset of Azure Machine Learning, which cannot be reached from here. "
            "Download it and give the local folder."
        )
    locate(path, {})  # raises for a datastore, and says how to map it
    return f"{path} is not on this machine. Download the data and give the local folder."


def _beside_the_job(path: str | Path, info: ValidationInfo) -> str | Path:
    """Relative to the folder of the job file, if there is one."""
    base_dir = (info.context or {}).get("base_dir")
    if base_dir is None:
        return path
    try:
        return Path(base_dir, Path(path).expanduser())
    except RuntimeError:
        raise ValueError(f"{path} names a user who is not known here. Write it out.") from None


class Limits(FrozenModel):
    """When the search ends."""

    max_trials: int = Field(1, ge=1, le=1000)
    """How many trials to run at most."""

    max_concurrent_trials: int = Field(1, ge=1, le=100)
    """How many trials to train at the same time."""

    timeout_minutes: int = Field(7 * 24 * 60, ge=1, le=60 * 24 * 60)
    """Minutes after which the search ends with the best model so far, start-up included."""

    exit_score: float | None = None
    """Value of the primary metric at which the whole experiment is done."""


class SamplingAlgorithm(FrozenModel):
    """Who proposes hyperparameters."""

    type: Annotated[Literal["random", "grid"], BeforeValidator(_lower)]
    seed: int | None = None


class Sweep(FrozenModel):
    """How the search space is searched."""

    sampling_algorithm: SamplingAlgorithm
    early_termination: dict[str, Any] | None = None

    @field_validator("sampling_algorithm", mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value


class ResourcesPerTrial(FrozenModel):
    """What Ray sets aside for each trial; chosen from the machine when left out."""

    cpu: int | None = Field(None, ge=1)
    gpu: float | None = Field(None, ge=0)


class Job(FrozenModel):
    """One job exactly as asked for; saved as `job.yml` and never edited afterwards."""

    type: Literal["automl"] = "automl"
    task: Literal["image_classification"] = "image_classification"
    primary_metric: Annotated[PrimaryMetric, BeforeValidator(_lower)] = "accuracy"
    """The number that ranks trials; always maximised."""

    target_column_name: str = "label"
    training_data: DataSource
    validation_data: DataSource | None = None
    validation_data_size: float = Field(0.2, gt=0, lt=1)
    """Share of the training pictures held out for validation when none are given."""

    test_data: DataSource | None = None
    """Pictures that stay sealed: never used in training or ranking."""

    datastores: dict[str, str] = Field(default_factory=dict)
    """The place that stands for each of Azure's datastores: a folder, or the URL of one."""

    corrections: Corrections = Field(default_factory=Corrections)
    """What to change about the pictures and labels; the files stay as they are."""

    limits: Limits = Field(default_factory=Limits)
    training_parameters: dict[str, Any] = Field(default_factory=dict)
    """Hyperparameters that every trial shares."""

    search_space: list[dict[str, SerializeAsAny[Any]]] | None = None
    """Sub-spaces of hyperparameters to draw from."""

    sweep: Sweep | None = None
    resources_per_trial: ResourcesPerTrial = Field(default_factory=ResourcesPerTrial)
    ray_address: str | None = None
    """Ray cluster to join; a local one is started when left out."""

    storage_path: str | None = None
    """Folder or bucket that all machines of the cluster reach; the experiment's own if left out."""

    seed: int = Field(0, ge=0)
    """Seeds the split and the sampling."""

    name: str | None = None
    display_name: str | None = None
    experiment_name: str | None = None
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    properties: dict[str, str] = Field(default_factory=dict)
    log_verbosity: Literal["not_set", "debug", "info", "warning", "error", "critical"] = "info"
    schema_url: str | None = Field(None, alias="$schema")
    compute: str | None = None
    resources: dict[str, Any] | None = None
    identity: dict[str, Any] | None = None
    queue_settings: dict[str, Any] | None = None
    environment_id: str | None = None
    environment_variables: dict[str, str] | None = None
    services: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _data_in_datastores(cls, data: Any) -> Any:
        """A data path in a datastore that a local folder stands for becomes that path."""
        if not isinstance(data, dict) or not isinstance(data.get("datastores"), dict):
            return data
        places = {name: str(place) for name, place in data["datastores"].items()}
        found = {
            key: {**data[key], "path": _in_datastore(data[key]["path"], places)}
            for key in DATA_KEYS
            if isinstance(data.get(key), dict) and "path" in data[key]
        }
        return {**data, **found}

    @field_validator("datastores")
    @classmethod
    def _places_beside_the_job(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        return {
            name: place if "://" in place else str(_beside_the_job(place, info))
            for name, place in value.items()
        }

    @field_validator("training_parameters")
    @classmethod
    def _known_hyperparameters(cls, value: dict[str, Any]) -> dict[str, Any]:
        return hyperparameters.check_fixed(value)

    @field_validator("search_space")
    @classmethod
    def _known_sub_spaces(cls, value: list[dict[str, Any]] | None) -> Any:
        return value and hyperparameters.check_search_space(value)

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if not self.search_space:
            hyperparameters.resolve(self.training_parameters)
        if self.is_sweep and not self.search_space:
            raise ValueError(
                "sweep is given but search_space is not. Add a search_space, or leave out sweep "
                "for AutoMode."
            )
        return self

    @property
    def is_sweep(self) -> bool:
        return bool(self.search_space or self.sweep)

    @property
    def is_automode(self) -> bool:
        """More than one trial and no word about how to search: we choose everything."""
        return self.limits.max_trials > 1 and not self.is_sweep

    @classmethod
    def from_yaml(cls, text: str, *, base_dir: Path | None = None) -> Self:
        """Parse and check.

        Args:
            text: the job file.
            base_dir: folder that relative data paths are relative to.

        Raises:
            JobError: with every problem of the file and its line.
        """
        data, lines = parse(text)
        return cls.from_dict(data, base_dir=base_dir, lines=lines)

    @classmethod
    def from_dict(
        cls,
        data: Any,
        *,
        base_dir: Path | None = None,
        lines: dict[tuple[str | int, ...], int] | None = None,
    ) -> Self:
        """As `from_yaml`, from what the YAML holds; `lines` maps a key's path to its line."""
        try:
            return cls.model_validate(data, context={"base_dir": base_dir})
        except ValidationError as error:
            raise JobError(_problems(error, lines or {})) from None

    def to_yaml(self) -> str:
        """The job with what was left out left out; reads back as the same job."""
        data = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True, by_alias=True)
        head = {"type": self.type, "task": self.task, "target_column_name": self.target_column_name}
        text = yaml.safe_dump({**head, **data}, sort_keys=False, allow_unicode=True)
        if "\x85" not in text:
            return text
        # PyYAML writes this character as it is, and reads it as the end of a line
        return yaml.safe_dump({**head, **data}, sort_keys=False)

    def notes(self) -> list[str]:
        """What the file says that has no effect here, one sentence each."""
        ignored = [key for key in _NO_EFFECT_HERE if getattr(self, key) is not None]
        ignored += [f"properties.{key}" for key in self.properties]
        ignored += [
            f"training_parameters.{key}"
            for key in self.training_parameters
            if key in hyperparameters.NO_EFFECT_HERE
        ]
        notes = [f"{key} has no effect here." for key in ignored]
        if self.sweep and self.sweep.early_termination:
            notes.append("sweep.early_termination has no effect here: every trial runs to its end.")
        if not self.is_sweep:
            asked = self.training_parameters
            notes += compatibility.ignored(asked, hyperparameters.resolve(asked))
        if self.search_space and self.sweep is None:
            notes.append("search_space is given without sweep: the values are drawn at random.")
        notes += [
            f"{key} is in training_parameters and in search_space: the search space wins."
            for key in sorted(set(self.training_parameters) & _searched_keys(self))
        ]
        return notes


def _in_datastore(path: Any, places: dict[str, str]) -> Any:
    try:
        return (isinstance(path, str) and locate(path, places)) or path
    except ValueError:
        return path  # the data source says what is wrong with it, under its own key


def _searched_keys(job: Job) -> set[str]:
    return {key for sub_space in job.search_space or [] for key in sub_space}


def parse(text: str) -> tuple[dict[str, Any], dict[tuple[str | int, ...], int]]:
    """The YAML's content, and the line of every key; for `Job.from_dict`.

    Raises:
        JobError: this is not YAML, or not a mapping.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "it cannot be parsed"
        line = mark.line + 1 if mark else None
        problem = Problem(key="job", line=line, message=f"This is not valid YAML: {what}.")
        raise JobError([problem]) from None
    if not isinstance(data, dict):
        message = "A job is a mapping of keys to values, starting with type: automl."
        raise JobError([Problem(key="job", line=1, message=message)])
    assert root is not None  # a mapping has a node
    return data, dict(_lines(root, ()))


def _lines(
    node: yaml.Node, path: tuple[str | int, ...], above: tuple[yaml.Node, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], int]]:
    if node in above:
        message = "A part of the file refers to itself. Write it out."
        raise JobError([Problem(key="job", line=above[-1].start_mark.line + 1, message=message)])
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line + 1
            yield from _lines(value, (*path, key.value), (*above, node))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*path, index), value.start_mark.line + 1
            yield from _lines(value, (*path, index), (*above, node))


def _problems(error: ValidationError, lines: dict[tuple[str | int, ...], int]) -> list[Problem]:
    problems = []
    for detail in error.errors():
        path = detail["loc"]
        known = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in lines), None)
        problems.append(
            Problem(
                key=".".join(str(part) for part in path) or "job",
                line=lines[known] if known else None,
                message=_message(detail),
            )
        )
    return sorted(problems, key=lambda problem: problem.line or 0)


def _message(detail: Any) -> str:
    """One sentence with the value we got, what is allowed and what to do."""
    value, key = detail["input"], detail["loc"][-1] if detail["loc"] else "job"
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(detail["loc"])
    if kind == "missing":
        return f"{key} is missing. Add it."
    if kind == "literal_error":
        return f"{key} is {value!r}; allowed is {context['expected']}."
    if kind == "value_error":
        return str(detail["msg"]).removeprefix("Value error, ")
    return f"{key} is {value!r}. {detail['msg'].replace('Input should', 'It should')}."


def _unknown_key(path: tuple[str | int, ...]) -> str:
    key = str(path[-1])
    if path[0] == "training_parameters":
        return hyperparameters.unknown_key(key)
    model = _SECTIONS.get(path[:-1], Job)
    allowed = [field.alias or name for name, field in model.model_fields.items()]
    nearest = difflib.get_close_matches(key, allowed, n=1)
    hint = f"Did you mean {nearest[0]}?" if nearest else f"Allowed are {', '.join(allowed)}."
    return f"{key} is not a key we know here. {hint}"


_SECTIONS: dict[tuple[str | int, ...], type[FrozenModel]] = {
    ("limits",): Limits,
    ("sweep",): Sweep,
    ("sweep", "sampling_algorithm"): SamplingAlgorithm,
    **{(key,): DataSource for key in DATA_KEYS},
    ("resources_per_trial",): ResourcesPerTrial,
    ("corrections",): Corrections,
}


def _sentence(problem: Problem) -> str:
    place = f"Line {problem.line}, {problem.key}" if problem.line else problem.key
    return f"{place}: {problem.message}"
