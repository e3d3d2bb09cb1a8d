"""Draw the options of the data: validation and test data, the split, columns and datastores."""

import functools
from typing import Any, get_args

import streamlit as st
from pydantic import ValidationError

from automl.dataset import data_roots
from automl.dataset.report import DatasetReport
from automl.errors import UserError
from automl.figures import wording
from automl.jobs import datastores, job_errors
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.texts import _, mark
from automl.ui import data_source, schema_fields
from automl.ui.dataset import data_choice

_FIELDS = Job.model_fields
_COLUMNS = {
    "image_column": mark("Column of the pictures"),
    "split_column": mark("Column of the split"),
    "group_column": mark("Column of groups that stay together"),
}
_NAMES = {
    "label_pattern": mark("Label in file names"),
    "group_pattern": mark("Group in file names"),
    "leave_out": mark("Leave out"),
    "code_page": mark("Code page"),
}
_OF_TABLES_TOO = ("group_pattern", "code_page")
_GUESSED = ("leave_out", "code_page")
_MAX_SEED = 2**53 - 1  # as Streamlit allows
_BACKGROUNDS = get_args(_FIELDS["background"].annotation)
_WITH_ALPHA = {"RGBA", "RGBa", "LA", "La", "PA", "P"}
_SOURCES = {
    "validation": (
        mark("Validation data"),
        mark("Without it, a share of the training pictures validates."),
    ),
    "test": (mark("Test data"), mark("Stays sealed: never used in training or ranking.")),
}


def split_line(report: DatasetReport) -> str:
    """`80 train · 20 validate`: how many pictures train, validate and test."""
    doing = {
        "train": _("{count} train"),
        "validation": _("{count} validate"),
        "test": _("{count} test"),
    }
    parts = [
        doing[name].format(count=wording.integer(count))
        for name, count in report.splits.items()
        if name in doing
    ]
    return " · ".join(parts)


def show(data: DataSource, columns: list[str], report: DatasetReport | None) -> None:
    """Draw the form, folded.

    Args:
        data: the training data.
        columns: of the training data, if it is a table.
        report: on all the data; None if it could not be read.
    """
    title = _("Split")
    if report:
        title += f": {split_line(report)}"
    with (
        st.expander(title, icon=":material/call_split:"),
        st.form(f"options of {data.path}", border=False),
    ):
        typed = _sources()
        left, right = st.columns(2)
        typed |= _split(left, right)
        typed |= _columns(columns)
        typed |= _names(is_table=bool(columns))
        typed |= _values(report)
        typed["datastores"] = _datastores()
        if st.form_submit_button(_("Apply"), icon=":material/check:"):
            _take(typed)


def _sources() -> dict[str, Any]:
    typed: dict[str, Any] = {}
    for column, (name, (title, explanation)) in zip(st.columns(2), _SOURCES.items(), strict=True):
        with column:
            typed[name] = st.text_input(
                _(title),
                data_choice.option(name),
                placeholder=_("Full path of a folder, archive or table on this machine"),
                help=_(explanation) + " " + _("Any form that training pictures may have."),
            )
            upload = st.file_uploader(
                _("or upload an archive ({data})").format(data=_(title)),
                type=list(data_source.ARCHIVES),
            )
            if upload:
                typed[name] = str(data_source.save_upload(upload, upload.name).path)
    return typed


def _split(left: Any, right: Any) -> dict[str, str]:
    sealed = _given("test_share", 0.0, 1)
    validated = _given("share", _FIELDS["validation_data_size"].default, 1) * (1 - sealed)
    ends = round(100 * (1 - sealed - validated)), round(100 * (1 - sealed))
    first = min(max(ends[0], 1), 98), min(max(ends[1], 2), 100)
    trained_to, validated_to = chosen = left.slider(
        _("Percent that train, validate and stay sealed"),
        1,
        100,
        first,
        format="%d %%",
        help=_(
            "Pictures up to the first mark train, those up to the second validate, and the "
            "rest is sealed for a test that you open once, at the end. Of each class; "
            "copies, near duplicates and groups stay together. A part that the data or a "
            "field above gives is not cut from the training pictures."
        ),
    )
    seed = right.number_input(
        _("Seed of the split"),
        min_value=0,
        value=int(_given("seed", _FIELDS["seed"].default, _MAX_SEED)),
        help=_("Another number chooses other pictures."),
    )
    changed = {"seed": "" if seed == _FIELDS["seed"].default else str(seed)}
    if chosen == first:  # the marks stand at whole percents, the shares need not
        return changed
    validated_to = max(validated_to, trained_to + 1)
    share = round((validated_to - trained_to) / validated_to, 6)
    return {
        **changed,
        "share": "" if share == _FIELDS["validation_data_size"].default else str(share),
        "test_share": str(round(1 - validated_to / 100, 2)),
    }


def _given(name: str, default: float, most: float) -> float:
    """Number of an option; the default if it is none from 0 to the most: links can say anything."""
    try:
        number = float(data_choice.option(name) or default)
    except ValueError:
        return default
    return number if 0 <= number <= most else default


def _columns(columns: list[str]) -> dict[str, str]:
    if not columns:
        return {}
    chosen: dict[str, str] = {}
    for place, (key, title) in zip(st.columns(len(_COLUMNS)), _COLUMNS.items(), strict=True):
        chosen_name = data_choice.option(key)
        chosen[key] = place.selectbox(
            _(title),
            ["", *columns],
            index=columns.index(chosen_name) + 1 if chosen_name in columns else 0,
            format_func=functools.partial(_or_its_absence, key=key),
            help=schema_fields.help_text(DataSource, key),
        )
    return chosen


def _names(*, is_table: bool) -> dict[str, str]:
    """Options about the meaning of names of files and folders, where no table has it."""
    keys = [key for key in _NAMES if not is_table or key in _OF_TABLES_TOO]
    return {
        key: place.text_input(
            _(_NAMES[key]),
            data_choice.option(key),
            placeholder=_("Guessed") if key in _GUESSED else _("None"),
            help=schema_fields.help_text(DataSource, key),
        ).strip()
        for place, key in zip(st.columns(len(keys)), keys, strict=True)
    }


def _values(report: DatasetReport | None) -> dict[str, str]:
    """The range of values and the background, where the pictures or a former choice ask for it."""
    chosen, left, right = {}, *st.columns(2)
    given = data_choice.option("value_range")
    measured = report.rendering.value_range if report else None
    if given or measured:
        chosen["value_range"] = left.text_input(
            _("Values that become black and white"),
            given,
            placeholder=", ".join(f"{end:.6g}" for end in measured or ()),
            help=schema_fields.help_text(Job, "value_range"),
        )
    background = data_choice.option("background")
    if background or (report and _WITH_ALPHA & set(report.modes)):
        default = _FIELDS["background"].default
        picked = right.selectbox(
            _("Behind transparent pixels"),
            _BACKGROUNDS,
            index=_BACKGROUNDS.index(background) if background in _BACKGROUNDS else 0,
            help=schema_fields.help_text(Job, "background"),
        )
        chosen["background"] = "" if picked == default else picked
    return chosen


def _or_its_absence(name: str, key: str) -> str:
    return name or _when_left_out(key)


def _when_left_out(key: str) -> str:
    return _("None") if key == "group_column" else _("Found by its name")


def _datastores() -> str:
    return st.text_area(
        _("Folders of Azure datastores"),
        data_choice.option("datastores"),
        placeholder="workspaceblobstore=/home/me/blobs",
        height="content",
        help=_(
            "One a line, name=folder: the folder that stands for a datastore in tables whose "
            "pictures are at azureml://…/datastores/name/paths/…"
        ),
    )


def _take(typed: dict[str, Any]) -> None:
    try:
        for name in _SOURCES:
            if typed[name].strip():
                typed[name] = str(data_source.from_path(typed[name]).path)
        lines = [line.strip() for line in typed["datastores"].splitlines() if line.strip()]
        for name, place in datastores.from_options(lines).items():
            data_roots.check_datastore(name, place)
    except UserError as error:
        st.error(wording.of_error(error))
        return
    asked = {key: typed[key] for key in _NAMES if typed.get(key)}
    try:
        DataSource.model_validate({"path": ".", **asked})
    except ValidationError as error:
        st.error(wording.plain(wording.stored(job_errors.explain(error.errors()[0]))))
        return
    data_choice.choose_options({**typed, "datastores": "\n".join(lines)})
    st.rerun()
