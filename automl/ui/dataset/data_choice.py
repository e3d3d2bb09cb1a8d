"""The data of a new experiment: where it is, how it is split, what is corrected about it.

All but the corrections is in the URL too, so that a reload finds it again.
"""

from typing import TYPE_CHECKING, Any

import streamlit as st
from pydantic import ValidationError

from automl.figures import wording
from automl.jobs import datastores, job_errors
from automl.jobs.job import DataSource, Job
from automl.ui import selection

if TYPE_CHECKING:
    from automl.jobs.corrections import Corrections

COLUMNS = ("image_column", "split_column", "group_column")
OPTIONS = ("validation", "test", "share", "seed", "datastores", "type", *COLUMNS)
"""What can be said about the data beside where it is; names of the URL's parameters."""

KEYS = (
    *("target_column_name", "validation_data", "test_data", "validation_data_size", "seed"),
    *("datastores", "corrections"),
)
"""What of a job is in `about`."""


def require() -> DataSource:
    """The pictures chosen for a new experiment; draws the empty state where there are none."""
    data = chosen()
    if data is None:
        st.info("Here you set up an experiment. Choose the pictures first.")
        selection.empty_state("Choose pictures", "pages/dataset.py")
    assert data
    return data


def chosen() -> DataSource | None:
    path = selection.remembered("data")
    if path is None:
        return None
    if st.session_state.get("data") not in (None, path):  # a link to other data than before
        for name in ("target", *OPTIONS):
            st.session_state.pop(name, None)
    selection.remember("data", path)
    try:
        return DataSource.model_validate({"path": path, **_given("type", *COLUMNS)})
    except ValidationError as error:  # a link can say anything
        choose(None)
        st.error(wording.plain(job_errors.explain(error.errors()[0])))
        return None


def choose(data: DataSource | None) -> None:
    """Other pictures, of which nothing else is known yet."""
    selection.remember("data", None if data is None else str(data.path))
    for name in ("target", *OPTIONS):
        selection.remember(name, None)


def take(job: Job) -> None:
    """The data of a job, split and corrected as there."""
    choose(job.training_data)
    for name, value in link_to(job).items():
        selection.remember(name, value)
    correct(job.corrections)


def link() -> dict[str, str]:
    """The URL's parameters that lead to the same data."""
    return _given("data", "target", *OPTIONS)


def link_to(job: Job) -> dict[str, str]:
    """The same for the data of a job, but for its corrections."""
    data = job.training_data
    sources = {"validation": job.validation_data, "test": job.test_data}
    given = {
        "data": str(data.path),
        "target": job.target_column_name,
        "share": str(job.validation_data_size),
        "seed": str(job.seed),
        "datastores": "\n".join(f"{name}={place}" for name, place in job.datastores.items()),
        **{name: str(source.path) for name, source in sources.items() if source},
        **{name: getattr(data, name) for name in ("type", *COLUMNS)},
    }
    return {name: value for name, value in given.items() if value}


def target_column() -> str:
    """The column of a table that holds the labels."""
    default: str = Job.model_fields["target_column_name"].default
    return _given("target").get("target", default)


def choose_target_column(name: str) -> None:
    selection.remember("target", name)


def option(name: str) -> str:
    """What was said about one of `OPTIONS`; empty where nothing was."""
    return _given(name).get(name, "")


def choose_options(changed: dict[str, str]) -> None:
    for name, value in changed.items():
        selection.remember(name, value or None)


def about() -> dict[str, Any]:
    """What a job says about its data beside `training_data`.

    Raises:
        ValueError: a datastore has no place.
    """
    given = _given(*OPTIONS)
    keys = {"share": "validation_data_size", "seed": "seed"}
    content: dict[str, Any] = {key: given[name] for name, key in keys.items() if name in given}
    image_column = _given("image_column")
    for name in ("validation", "test"):
        if name in given:
            content[f"{name}_data"] = {"path": given[name], **image_column}
    places = datastores.from_options(given.get("datastores", "").splitlines())
    corrected = corrections().model_dump(exclude_defaults=True)
    return {
        "target_column_name": target_column(),
        **content,
        **({"datastores": places} if places else {}),
        **({"corrections": corrected} if corrected else {}),
    }


def job(data: DataSource) -> Job:
    """A job of nothing but the data.

    Raises:
        ValueError: what is said about the data makes no sense.
    """
    return Job.from_dict({"training_data": data.model_dump(exclude_none=True), **about()})


def corrections() -> "Corrections":
    """What is to be changed about the chosen pictures; kept in the session, then in the job."""
    from automl.jobs.corrections import Corrections

    kept: Corrections | None = st.session_state.get(_corrections_key())
    return kept or Corrections()


def correct(changed: "Corrections") -> None:
    st.session_state[_corrections_key()] = changed


def _corrections_key() -> str:
    return f"corrections of {selection.remembered('data')}"


def _given(*names: str) -> dict[str, str]:
    """Of the names those that are remembered; the URL follows."""
    found = {name: value for name in names if (value := selection.remembered(name))}
    for name, value in found.items():
        selection.remember(name, value)
    return found
