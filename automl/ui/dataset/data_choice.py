"""The data of a new experiment: its path and form, its split, its corrections.

All but the corrections is kept in the URL too, so that a reload keeps it.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from pydantic import ValidationError

from automl.access.permissions import Action
from automl.dataset.reading import TRAINING
from automl.errors import UserError
from automl.figures import wording
from automl.jobs import datastores, job_errors
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.jobs.tasks import IMAGE_CLASSIFICATION as _DEFAULT_TASK
from automl.jobs.tasks import TASKS, TaskRules
from automl.texts import _
from automl.ui import cached, data_source, selection, sign_in

if TYPE_CHECKING:
    from automl.jobs.corrections import Corrections
    from automl.jobs.unsaved_corrections import Unsaved

_SESSION = "session of corrections"
_REFUSED = "link to refused data"
_CODE_PAGE, _LEAVE_OUT = "code_page", "leave_out"
COLUMNS = ("image_column", "split_column", "group_column")
FOLDERS = (
    *("label_level", "group_level", "label_pattern", "split_folders", _LEAVE_OUT, "table"),
    "parts",
)
SEALED_SHARE = "0.1"
"""Share of many pictures that is sealed for a test."""

_MANY_PICTURES = 500
_MAX_UNDONE = 100

FORM = ("type", *COLUMNS, "split_values", "group_pattern", *FOLDERS, _CODE_PAGE)
"""Keys of a data source that say how it is read."""

_WITH_ANY = (_CODE_PAGE, _LEAVE_OUT, "split_column", "split_values", "group_pattern")
"""Those that go with any of the other readings."""

_HELD_OUT = ("validation", "test")
_FORM_HELD_OUT = tuple(f"{name}_data.{key}" for name in _HELD_OUT for key in FORM)

OPTIONS = (
    *(*_HELD_OUT, "share", "test_share", "seed", "datastores", *FORM, *_FORM_HELD_OUT),
    *("task", "value_range", "background"),
)
"""Parameters of the URL that describe the data, besides its path `data` and `target`."""


def require(purpose: str) -> DataSource:
    """The pictures chosen for a new experiment; draws the empty state if none are.

    Args:
        purpose: sentence on what the page is for.
    """
    data = chosen()
    if data is None:
        st.info(f"{purpose} {_('Choose the pictures first.')}")
        selection.empty_state(_("Choose pictures"), "pages/dataset.py")
    assert data
    return data


def is_chosen() -> bool:
    """True if pictures are chosen for a new experiment, and were not refused."""
    return selection.remembered("data") is not None and st.session_state.get(_REFUSED) != link()


def note_reading(*, is_refused: bool) -> None:
    """Keep whether the chosen data could be read; draws the page again if its frame says else."""
    was_chosen = is_chosen()
    st.session_state[_REFUSED] = link() if is_refused else None
    if is_chosen() != was_chosen:
        st.rerun()


def chosen() -> DataSource | None:
    """The training data that the URL or the session names; shows an error if a link is invalid."""
    path = selection.remembered("data")
    if path is None:
        return None
    _forget_older()
    _keep_in_url("data", "target", *OPTIONS)
    try:
        return DataSource.model_validate({"path": path, **_remembered(*FORM)})
    except ValidationError as error:  # a link can say anything
        choose(None)
        st.error(wording.plain(wording.stored(job_errors.explain(error.errors()[0]))))
        return None


def choose(data: DataSource | None) -> None:
    """Choose other pictures, and forget the options of the former ones."""
    selection.remember("data", None if data is None else str(data.path))
    for name in ("target", *OPTIONS):
        selection.remember(name, None)


def take(job: Job) -> None:
    """Choose the data of a job, with its split and corrections."""
    choose(job.training_data)
    for name, value in link_to(job).items():
        selection.remember(name, value)
    _set_corrections(job.corrections)
    st.session_state.pop(_SESSION, None)  # what is kept of those before is not overwritten


def link() -> dict[str, str]:
    """Parameters of the URL that lead to the same data."""
    _forget_older()
    return _remembered("data", "target", *OPTIONS)


def link_to(job: Job) -> dict[str, str]:
    """Parameters of the URL that lead to the data of a job, without its corrections."""
    data = job.training_data
    sources = {"validation": job.validation_data, "test": job.test_data}
    parameters = {
        "data": str(data.path),
        "target": job.target_column_name,
        "share": str(job.validation_data_size),
        "test_share": str(job.test_data_size),
        "seed": str(job.seed),
        "datastores": "\n".join(f"{name}={place}" for name, place in job.datastores.items()),
        "task": "" if job.task == _DEFAULT_TASK.name else job.task,
        "value_range": ", ".join(f"{end:.15g}" for end in job.value_range or ()),
        "background": "" if job.background == "white" else job.background,
        **{name: str(source.path) for name, source in sources.items() if source},
        **{
            f"{name}_data.{key}": value
            for name, source in sources.items()
            if source
            for key, value in source.model_dump(include=set(FORM), exclude_defaults=True).items()
        },
        **data.model_dump(include=set(FORM), exclude_defaults=True),
    }
    return {name: str(value) for name, value in parameters.items() if value}


def task() -> TaskRules:
    """The task for which the data is read."""
    return TASKS.get(option("task"), _DEFAULT_TASK)  # a link can say anything


def choose_task(name: str) -> None:
    """Read the data for another task."""
    choose_options({"task": "" if name == _DEFAULT_TASK.name else name})


def target_column() -> str:
    """The column of a table that holds the labels."""
    default: str = Job.model_fields["target_column_name"].default
    return selection.remembered("target") or default


def choose_target_column(name: str) -> None:
    """Set the column of a table that holds the labels."""
    selection.remember("target", name)


def option(name: str) -> str:
    """Value of one of `OPTIONS`; empty if it is not set."""
    return selection.remembered(name) or ""


def choose_options(changed: dict[str, str]) -> None:
    """Set some of `OPTIONS`; an empty text unsets one."""
    for name, value in changed.items():
        selection.remember(name, value or None)


def seal_by_default(job: Job) -> None:
    """Seal a share of many pictures for a test, unless the data or the user says otherwise.

    It is done before the data are looked at, which would take as long once more after it.

    Raises:
        UserError, OSError: see `cached.inspection`.
    """
    if option("test_share") or option("test") or "test" in job.corrections.move.values():
        return
    samples = cached.files(job).samples
    readable = samples["problem"].isna()
    if readable.sum() >= _MANY_PICTURES and not (samples["split"][readable] == "test").any():
        choose_options({"test_share": SEALED_SHARE})
        st.rerun()


def understand(options: Mapping[str, Any], section: str = TRAINING) -> None:
    """Choose another reading of the training, validation or test data.

    Args:
        options: keys of a data source, with their values.
        section: its key in the job.

    Raises:
        DataError: it has another path, which is outside the data roots.
    """
    prefix = "" if section == TRAINING else f"{section}."
    if "path" in options:
        data = data_source.from_path(str(options["path"]))
        if prefix:
            selection.remember(section.removesuffix("_data"), str(data.path))
        else:
            choose(data)
    if not options.keys() <= {*_WITH_ANY, "task"}:
        lasting = (_CODE_PAGE, _LEAVE_OUT)
        choose_options({prefix + name: "" for name in FORM if name not in lasting})
    for name, value in options.items():
        if name == "target_column_name":
            choose_target_column(value)
        elif name == "task":
            choose_task(value)
        elif name != "path":
            selection.remember(prefix + name, str(value))


def about() -> dict[str, Any]:
    """Keys of a job that describe its data, without `training_data`.

    Raises:
        UserError: a datastore is given without a folder.
    """
    options = _remembered(*OPTIONS)
    keys = {"share": "validation_data_size", "test_share": "test_data_size", "seed": "seed"}
    content: dict[str, Any] = {key: options[name] for name, key in keys.items() if name in options}
    image_column = _remembered("image_column")
    for name in _HELD_OUT:
        if name in options:
            chosen = {key: options.get(f"{name}_data.{key}") for key in FORM}
            chosen = {key: value for key, value in chosen.items() if value}
            content[f"{name}_data"] = {"path": options[name], **image_column, **chosen}
    if "value_range" in options:
        content["value_range"] = _numbers(options["value_range"])
    content |= {key: options[key] for key in ("task", "background") if key in options}
    folders = datastores.from_options(options.get("datastores", "").splitlines())
    corrected = corrections().model_dump(exclude_defaults=True)
    return {
        "target_column_name": target_column(),
        **content,
        **({"datastores": folders} if folders else {}),
        **({"corrections": corrected} if corrected else {}),
    }


def _numbers(text: str) -> list[float] | str:
    """Numbers separated by commas; the text itself if it is something else, which a job refuses."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        return text


def job(data: DataSource) -> Job:
    """A job with this data and defaults for everything else.

    Raises:
        UserError: the options of the data are invalid.
    """
    return Job.from_dict({"training_data": data.model_dump(exclude_none=True), **about()})


def corrections() -> "Corrections":
    """Corrections of the chosen data; kept in the session, and written into the job."""
    from automl.jobs.corrections import Corrections

    kept: Corrections | None = st.session_state.get(_corrections_key())
    return kept or Corrections()


def correct(changed: "Corrections") -> None:
    """Set the corrections of the chosen data; `undo` takes it back.

    They are kept beside the session, too, which a closed tab ends; see `unsaved`. No other session
    overwrites them. What changes nothing is no step of `undo`.
    """
    sign_in.require(Action.START)  # a part of a page that is drawn alone has not asked
    if changed == corrections():
        return
    _set_corrections(changed)
    _keep(changed)


def change(**changed: Any) -> None:
    """Set some keys of the corrections, as `correct` does."""
    correct(corrections().model_copy(update=changed))


def unsaved() -> "Unsaved | None":
    """Corrections of the chosen data that the visitor has made in another session.

    The latest that are in no version; None if there are none, or if this session has some.
    """
    from automl.jobs import data_versions, unsaved_corrections

    if _corrections_key() in st.session_state:
        return None
    data, by, session = _whose()
    found = unsaved_corrections.of_others(data, by, session)
    try:
        saved = [one.corrections for one in data_versions.of(data)] if found else []
    except UserError:  # the page says it where it draws the versions
        saved = []
    return next((one for one in found if one.corrections not in saved), None)


def go_on_with(found: "Unsaved") -> None:
    """Take the corrections of another session into this one."""
    correct(found.corrections)
    forget(found)


def forget(found: "Unsaved") -> None:
    """Forget the corrections of another session."""
    from automl.jobs import unsaved_corrections

    unsaved_corrections.forget(found)


def _set_corrections(changed: "Corrections") -> None:
    history = st.session_state.setdefault(_history_key(), [])
    history.append(corrections())
    del history[:-_MAX_UNDONE]
    st.session_state[_corrections_key()] = changed


def _keep(changed: "Corrections") -> None:
    from automl.jobs import unsaved_corrections

    unsaved_corrections.keep(*_whose(), changed)


def _whose() -> tuple[Path, str, str]:
    """The chosen data, the visitor, and the name of this session."""
    session = st.session_state.setdefault(_SESSION, secrets.token_hex(8))
    return Path(selection.remembered("data") or ""), sign_in.person().name, session


def can_undo() -> bool:
    """True if the corrections of the chosen data have been changed in this session."""
    return bool(st.session_state.get(_history_key()))


def undo() -> None:
    """Take the last change of the corrections back; a click too many does nothing."""
    sign_in.require(Action.START)
    if history := st.session_state.get(_history_key()):
        st.session_state[_corrections_key()] = history.pop()
        _keep(corrections())


def _history_key() -> str:
    return f"earlier {_corrections_key()}"


def _corrections_key() -> str:
    return f"corrections of {selection.remembered('data')}"


def _remembered(*names: str) -> dict[str, str]:
    """Values of the parameters that are set, in the URL or else in the session."""
    return {name: value for name in names if (value := selection.remembered(name))}


def _forget_older() -> None:
    """Forget what the session knows and the URL does not: a link says all about its data."""
    if "data" in st.query_params:
        for name in ("target", *OPTIONS):
            if name not in st.query_params:
                st.session_state.pop(name, None)


def _keep_in_url(*names: str) -> None:
    """Write parameters into the URL that only the session has, as after a change of the page."""
    for name, value in _remembered(*names).items():
        selection.remember(name, value)
