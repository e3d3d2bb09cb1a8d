"""Texts of the sources and catalogues of their translations; `make texts` brings both together."""

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog
from pydantic import BaseModel

from automl import texts
from automl.access.permissions import Action
from automl.dataset import checks
from automl.dataset.report import Severity
from automl.evaluation.answers import Order
from automl.evaluation.metrics import METRICS_OF_TASK
from automl.experiments.limits import QueueLimits
from automl.experiments.records import ExperimentState, Flag, TrialState
from automl.figures import wording
from automl.frozen_model import field_help
from automl.jobs.data_source import DataSource
from automl.jobs.hyperparameter_metadata import Group
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job, Limits
from automl.jobs.machine_share import ResourcesPerTrial
from automl.jobs.sweep import SamplingAlgorithm
from automl.jobs.tasks import TASKS
from automl.model.pretrained_weights import Place
from automl.ui import schema_fields
from automl.ui.configure.sweep_fields import NO_POLICY, POLICIES
from automl.ui.dataset import data_choice

ROOT = Path(__file__).parents[2]
_OF_DATA = ("group_pattern", "label_pattern", "leave_out", "code_page", *data_choice.COLUMNS)
_OF_JOB = (
    *("primary_metric", "allowed_licences", "value_range", "background"),
    *("ray_address", "storage_path"),
)
_FIELDS: dict[type[BaseModel], tuple[str, ...]] = {
    **dict.fromkeys(
        (Hyperparameters, Limits, QueueLimits, ResourcesPerTrial, SamplingAlgorithm), ()
    ),
    **dict.fromkeys(POLICIES.values(), ()),
    DataSource: _OF_DATA,
    Job: _OF_JOB,
}
"""Schemas with the fields that pages show; all if none is named."""

Key = str | tuple[str, str]
"""An English text, or its singular and its plural."""


def sources() -> list[Path]:
    """The modules with texts of the app."""
    return [
        ROOT / "app.py",
        *sorted((ROOT / "pages").glob("*.py")),
        *sorted((ROOT / "automl").rglob("*.py")),
    ]


def of_sources() -> dict[Key, list[tuple[str, int]]]:
    """Every text with the places where it stands; those made out of names have no place."""
    found: dict[Key, list[tuple[str, int]]] = {key: [] for key in ("English", *of_names())}
    for path in sources():
        for key, line in of_module(path.read_text()):
            found.setdefault(key, []).append((path.relative_to(ROOT).as_posix(), line))
    return found


def of_module(source: str) -> Iterator[tuple[Key, int]]:
    """Texts of one module: what `_`, `mark`, `say`, `ngettext` and `wording.count` are given."""
    if not any(name in source for name in ("automl.texts", "wording.count", "automl.sentences")):
        return
    has_sentences = "automl.sentences import" in source  # commands have a `say` of their own
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            given = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            words = [value for value in given if isinstance(value, str)]
            match node.func:
                case ast.Name(id="say") if not has_sentences:
                    continue
                case ast.Name(id="_" | "mark" | "say") if len(words) == 1:
                    yield words[0], node.lineno
                case ast.Name(id="ngettext" | "say") if len(words) == 2:
                    yield (words[0], words[1]), node.lineno
                case ast.Attribute(attr="count", value=ast.Name(id="wording")) if words:
                    yield wording.counted(words[0]), node.lineno


def of_names() -> set[str]:
    """Texts that no line of the sources holds: of schemas, metrics, states, findings, actions."""
    found = {wording.heading(name) for name in (*checks.kinds(), *Action, *POLICIES, NO_POLICY)}
    found |= {
        schema_fields.plain(str(model.__doc__).split("\n\n")[0]) for model in POLICIES.values()
    }
    for model, names in _FIELDS.items():
        for name in names or model.model_fields:
            found |= {wording.heading(name), schema_fields.plain(field_help(model, name))}
    for metric in (each for task in METRICS_OF_TASK.values() for each in task.values()):
        found |= {metric.name, metric.explanation}
    found |= {text for task in TASKS.values() for text in (task.title, task.about_labels)}
    found |= {
        *ExperimentState,
        *TrialState,
        *Flag,
        *Severity,
        *Place,
        *Group,
        *get_args(Order.__value__ if hasattr(Order, "__value__") else Order),
    }
    return {str(text) for text in found if text}


def po_paths() -> list[Path]:
    return sorted(texts.LOCALE_DIR.glob("*/LC_MESSAGES/automl.po"))


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return pofile.read_po(file)


def compiled(catalogue: Catalog) -> bytes:
    file = io.BytesIO()
    mofile.write_mo(file, catalogue)
    return file.getvalue()


def main() -> None:
    wanted = Catalog()
    for key, places in of_sources().items():
        wanted.add(key, locations=[(path, 0) for path, _ in places])
    for path in po_paths():
        catalogue = read(path)
        wanted.creation_date = catalogue.creation_date  # a date alone is no change
        catalogue.update(wanted, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        with path.open("wb") as file:
            pofile.write_po(file, catalogue, width=100, include_lineno=False, sort_output=True)
        path.with_suffix(".mo").write_bytes(compiled(catalogue))
        missing = [one.id for one in catalogue if one.id and not (one.string and all(one.string))]
        lines = [f"{path.parts[-3]}: {len(catalogue)} texts", *map(repr, missing)]
        sys.stdout.write("\n  not translated: ".join(lines) + "\n")


if __name__ == "__main__":
    main()
