"""Load a job for the command line: from a YAML file, or AutoMode on a data set."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from automl.errors import UserError
from automl.host import home
from automl.jobs import addresses, azure_pipeline, azure_refusals, data_versions
from automl.jobs.job import DATA_KEYS, Job
from automl.jobs.job_errors import Place, Problem
from automl.jobs.job_yaml import parse, parse_value
from automl.jobs.trial_numbers import AUTOMODE_TRIALS, MOST_TRIALS

_PLACES = ("datastores", "data_assets")
"""Sections of a job that say what is read instead of a location of Azure's."""

_DATA_PATHS = [(key, "path") for key in DATA_KEYS]


def load(
    path: Path,
    overrides: Sequence[str] = (),
    datastores: Mapping[str, str] | None = None,
    data_assets: Mapping[str, str] | None = None,
    node: str | None = None,
) -> Job:
    """Load a .yml file, or make a job of AutoMode on anything else, and override some keys.

    Args:
        path: a job file, whose data paths are relative to it, or a data set.
        overrides: `key.path=value`, the value in YAML, its data paths relative to the working
            directory; the last override of a key wins.
        datastores: datastore -> folder or URL, in addition to those of the job.
        data_assets: data asset -> folder, in addition to those of the job.
        node: AutoML step of a pipeline's file, needed if it has several.

    Raises:
        UserError: there is nothing at the path, an override cannot be applied, or the data has no
            such version.
        JobError: holds every problem of the job.
    """
    address = addresses.of(path)
    path = home.absolute(path)
    if is_job_file(path):
        return load_file(path, overrides, datastores, data_assets, node)
    if address is None and not path.exists():
        raise UserError(f"{path} does not exist. Name a job file (.yml) or a folder of pictures.")
    data = {
        "training_data": {"path": address or str(path)},
        "limits": {"max_trials": _automode_trials(overrides)},
    }
    places = (datastores, data_assets)
    job = _overridden(data, overrides, places, lines={}, base_dir=path.parent)
    return data_versions.resolved(job)


def _automode_trials(overrides: Sequence[str]) -> int:
    """AutoMode's trials where the user names no number: a time limit decides if there is one."""
    keys = {override.partition("=")[0].strip() for override in overrides}
    return MOST_TRIALS if "limits.timeout_minutes" in keys else AUTOMODE_TRIALS


def load_file(
    path: Path,
    overrides: Sequence[str] = (),
    datastores: Mapping[str, str] | None = None,
    data_assets: Mapping[str, str] | None = None,
    node: str | None = None,
) -> Job:
    """Load a job file, whatever its name ends in; see `load`."""
    path = home.absolute(path)
    data, lines, notes = parse(read(path))
    if azure_pipeline.is_pipeline(data):
        data, lines = azure_pipeline.job_of(data, lines, node)
    places = (datastores, data_assets)
    job = _overridden(data, overrides, places, lines=lines, base_dir=path.parent)
    return data_versions.resolved(job.with_notes(notes))


def refused_by_azure(path: Path, node: str | None = None) -> list[Problem]:
    """Return a sentence for each part of a valid job file that Azure would refuse."""
    text = read(home.absolute(path))
    data, lines, _ = parse(text)
    return azure_refusals.problems(text, data, lines, node)


def changed(job: Job, overrides: Sequence[str]) -> Job:
    """The job with some keys overridden; see `load`."""
    data, _, _ = parse(job.to_yaml())
    return _overridden(data, overrides, (None, None), lines={}, base_dir=Path.cwd())


def _overridden(
    data: dict[str, Any],
    overrides: Sequence[str],
    places: Sequence[Mapping[str, str] | None],
    *,
    lines: dict[Place, int],
    base_dir: Path,
) -> Job:
    for override in overrides:
        key_path = _apply(data, override)
        lines = {key: line for key, line in lines.items() if key[: len(key_path)] != key_path}
    for section, mapped in zip(_PLACES, places, strict=True):
        if mapped:
            data[section] = {**(data.get(section) or {}), **mapped}
    return Job.from_dict(data, base_dir=base_dir, lines=lines)


def is_job_file(path: Path) -> bool:
    """True if the name is that of a YAML file."""
    return path.suffix.lower() in (".yml", ".yaml") and not path.is_dir()


def read(path: Path) -> str:
    """Return the text of a job file.

    Raises:
        UserError: the file does not exist, cannot be read, or is not text.
    """
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist. Check the name of the job file.") from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder. Give a job file, such as job.yml.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not text in UTF-8. Save it as UTF-8.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None


def _apply(data: dict[str, Any], override: str) -> tuple[str | int, ...]:
    """Set one key in place, make the sections above it, and return its path."""
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise UserError(f"{override!r} sets no key. Write it as key=value: limits.max_trials=4.")
    try:
        value = parse_value(text, tuple(key.strip().split(".")))
    except yaml.YAMLError:
        raise UserError(
            f"The value of {key} is not valid YAML: {text}. Put it in quotes if it is text."
        ) from None
    *sections, last = key.strip().split(".")
    node: Any = data
    path = []
    for part in sections:
        path.append(_step(node, part, key))
        if isinstance(node, dict) and node.get(part) is None:
            node[part] = {}
        node = node[path[-1]]
    path.append(_step(node, last, key))
    is_path = tuple(path) in _DATA_PATHS or (len(path) == 2 and path[0] in _PLACES)
    node[path[-1]] = _absolute(value) if is_path and isinstance(value, str) else value
    return tuple(path)


def _step(node: Any, part: str, key: str) -> str | int:
    """Return a part of a dotted key as a key of the mapping or a position in the list."""
    if isinstance(node, dict):
        return part
    if isinstance(node, list) and part.isdecimal() and int(part) < len(node):
        return int(part)
    raise UserError(f"{key} cannot be set: there is no {part} in {node!r}.")


def _absolute(text: str) -> str:
    is_elsewhere = "://" in text or text.startswith("azureml:")
    return text if is_elsewhere else str(home.absolute(text))
