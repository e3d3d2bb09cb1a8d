"""Texts of the sources and catalogues of their translations; `make texts` brings both together."""

import ast
import functools
import io
import re
import string
import sys
from collections.abc import Iterator, Sequence
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

_NO_PAGE = (
    *("automl/cli", "automl/export/standalone", "automl/export/__main__", "automl/serving/limits"),
    *(f"automl/model/{name}" for name in ("weights_", "package_weights", "checkpoint_file")),
)
"""Modules whose errors no page shows: of commands, servers and programs in an export."""

Key = str | tuple[str, str]
"""An English text, or its singular and its plural."""


def sources() -> list[Path]:
    """The modules with texts of the app."""
    return [
        ROOT / "app.py",
        *sorted((ROOT / "pages").glob("*.py")),
        *sorted((ROOT / "automl").rglob("*.py")),
    ]


def shows_errors(path: Path) -> bool:
    """True if a page may show the errors of a module."""
    return not path.relative_to(ROOT).as_posix().startswith(_NO_PAGE)


def of_sources() -> dict[Key, list[tuple[str, int]]]:
    """Every text with the places where it stands; those made out of names have no place."""
    found: dict[Key, list[tuple[str, int]]] = {key: [] for key in ("English", *of_names())}
    for path in sources():
        for key, line in of_module(path):
            found.setdefault(key, []).append((path.relative_to(ROOT).as_posix(), line))
    return found


def of_module(path: Path) -> Iterator[tuple[Key, int]]:
    """Texts of one module: what `_`, `mark`, `say`, `ngettext` and `wording.count` are given, and
    the sentences that errors are made of."""
    has_sentences = "automl.sentences import" in path.read_text()  # commands have another `say`
    for node in nodes(path):
        if isinstance(node, ast.Call):
            for text in filled(node) if shows_errors(path) else ():
                yield from ((sentence, node.lineno) for sentence in sentences(text))
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


@functools.cache
def nodes(path: Path) -> Sequence[ast.AST]:
    """Every node of a module that may have texts."""
    source = path.read_text()
    return list(ast.walk(ast.parse(source))) if _MAY_HAVE_TEXTS.search(source) else []


_MAY_HAVE_TEXTS = re.compile(r"automl\.texts|wording\.count|automl\.sentences|Error\(|Picture\(")


@functools.cache
def error_names() -> frozenset[str]:
    """Names of the errors whose sentences may reach a page."""
    found: dict[str, set[str]] = {}
    for path in sources():
        if "class " in (source := path.read_text()) and shows_errors(path):
            for name, bases in re.findall(r"^class (\w+)\((.+?)\):", source, re.M):
                found[name] = set(re.split(r"\W+", bases))
    known = {"ValueError", "RuntimeError", "OSError", "TypeError", "Exception"}
    while more := {name for name, bases in found.items() if bases & known} - known:
        known |= more
    return frozenset(known & found.keys())


def filled(call: ast.Call) -> Iterator[ast.Constant | ast.JoinedStr]:
    """The arguments of an error, or the f-string of `mark(f"…")`."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    for text in _literals(call.args[0]) if call.args else ():
        if name in error_names() or (name == "mark" and isinstance(text, ast.JoinedStr)):
            yield text


def _literals(node: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Literals of an expression, but none inside of a call or of another literal."""
    if isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    ):
        yield node
    elif not isinstance(node, ast.Call):
        for child in ast.iter_child_nodes(node):
            yield from _literals(child)


def sentences(text: ast.Constant | ast.JoinedStr) -> Iterator[str]:
    """Templates of the sentences of a literal; a value that is a sentence itself is in none."""
    for sentence in _BETWEEN.split(template(text)):
        own = sentence.strip()
        if not any(name for _, name, _, _ in string.Formatter().parse(own)):
            own = own.replace("{{", "{").replace("}}", "}")  # nobody fills it
        if re.search(r"[a-z]{2}", re.sub(r"\{\w+\}", "", own)) and " " in own:
            yield own


_BETWEEN = re.compile(r"(?<=[.?]) (?=[A-Z{])|(?<=\}) (?=[A-Z][a-z]+ [a-z])")


def template(text: ast.Constant | ast.JoinedStr) -> str:
    """An f-string with the names of its values: `{table.path} has {len(rows):,}…` has `{path}`."""
    if isinstance(text, ast.Constant):
        return str(text.value).replace("{", "{{").replace("}", "}}")
    names: dict[str, str] = {}
    parts = []
    for part in text.values:
        if isinstance(part, ast.FormattedValue):
            name, code = placeholder(part.value) or "value", ast.unparse(ast.JoinedStr([part]))
            others = [known for known in names.values() if re.fullmatch(rf"{name}(_\d)?", known)]
            names.setdefault(code, f"{name}_{len(others) + 1}" if others else name)
            parts.append(f"{{{names[code]}}}")
        else:
            parts.append(template(part))
    return "".join(parts)


def placeholder(node: ast.AST) -> str:
    """The name in an expression by which a translator knows its value; empty if it has none."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").lower()
        case ast.Call(func=ast.Name(id="len")):
            return "count"
        case ast.Call(args=[first, *_]):
            return placeholder(first)
    return next(filter(None, map(placeholder, ast.iter_child_nodes(node))), "")


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
