"""Location of labelled pictures in a job, and how it is read."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_serializer, field_validator

from automl.errors import UserError
from automl.frozen_model import FrozenModel
from automl.host import home
from automl.jobs import (
    addresses,
    azure_values,
    datastores,
    group_patterns,
    label_patterns,
    split_meanings,
)
from automl.jobs.data_types import DataType
from automl.texts import mark


def _is_a_level(level: int | None) -> int | None:
    if level == 0:
        raise UserError(
            "There is no level 0 of folders. 1 is the outermost folder below the splits, -1 the "
            "one that holds the picture."
        )
    return level


def _is_a_code_page(page: str | None) -> str | None:
    try:
        b"a".decode(page or "utf-8")
    except (LookupError, ValueError):
        raise UserError(
            f"code_page is {page!a}, which is no code page. Some are shift_jis, gbk, big5, cp949, "
            "cp866, cp1251, cp1252 and utf-8."
        ) from None
    return page


_Level = Annotated[int | None, AfterValidator(_is_a_level)]


class DataSource(FrozenModel):
    """Location of labelled pictures."""

    path: Path
    """Folder with one sub-folder of pictures per class, an archive of such a folder, or a table;
    of a table also its address, see `addresses`."""

    type: Annotated[DataType | None, azure_values.AnySpelling()] = None
    """Form of the data at the path; detected from its name and content if left out."""

    image_column: str | None = None
    """Column of a table with the location of each picture; recognised by its name if left out."""

    split_column: str | None = None
    """Column of a table that says train, validation or test; if left out, a column with these
    words is used. Never, if neither a column nor a list of names says the split."""

    split_values: Annotated[str, AfterValidator(split_meanings.check)] | None = None
    """Meaning of values of the split column, such as 0=train, 1=test; rows may also be unused."""

    group_column: str | None = None
    """Column of a table; pictures with equal values stay on one side of the split."""

    group_pattern: Annotated[str, AfterValidator(group_patterns.check)] | None = None
    """The group inside the name of the file, as {group}_#.* for the clip of clip3_0012.jpg;
    pictures of one group stay on one side of the split. Never, if the names say no groups."""

    label_level: _Level = Field(None, ge=-20, le=20)
    """For a folder of pictures: level of the folder that names the class. 1 is the outermost folder
    below the splits, -1 the one that holds the picture; recognised if left out."""

    group_level: _Level = Field(None, ge=-20, le=20)
    """For a folder of pictures: level of the folders whose pictures stay on one side of the split,
    counted like label_level."""

    label_pattern: Annotated[str, AfterValidator(label_patterns.check)] | None = None
    """For a folder of pictures: the label inside the name of the file, as {label}_#.* for
    cat_12.jpg; * stands for any characters, # for digits."""

    split_folders: Literal["auto", "never"] = "auto"
    """For a folder of pictures: never, if folders named like train and test are classes."""

    table: str | None = None
    """For a folder or archive: path in it of the table that holds the labels, or never, if its
    folders name the classes whatever tables there are; found if left out."""

    class_names: str | None = None
    """Path below the folder of the file that names classes which are numbers or codes, such as
    classes.txt or data.yaml, or never; found if left out."""

    leave_out: str | None = None
    """For a folder: names of folders and pictures to leave out, with * for any characters, several
    separated by bars; or never. If left out, masks with the names of other pictures are."""

    parts: Literal["auto", "together", "alone"] = "auto"
    """For archives: together, if those with numbers in their names are parts of one whole, also if
    some are missing; alone, if they are not."""

    code_page: Annotated[str | None, AfterValidator(_is_a_code_page)] = None
    """Code page of the names in an archive that are not marked as UTF-8, and of a table as text,
    such as shift_jis, gbk, cp949, cp866 or cp1251; guessed if left out."""

    mode: Annotated[
        Literal["direct", "download", "ro_mount", "rw_mount", "eval_mount", "eval_download"] | None,
        azure_values.AnySpelling(),
    ] = None
    description: str | None = None
    datastore: str | None = None

    @field_validator("path", mode="before")
    @classmethod
    def _can_be_read(cls, path: Any, info: ValidationInfo) -> Any:
        path = datastores.plain(path) if isinstance(path, str) else path
        if isinstance(path, str | Path) and (address := addresses.of(path)):
            return Path(address)
        if isinstance(path, str) and (folder := datastores.folder_of_sdk(path)):
            beside = beside_the_job(folder, info)
            path = beside if Path(beside).exists() else path
        if isinstance(path, str) and _is_elsewhere(path):
            raise UserError(_why_not_local(path))
        return path if not isinstance(path, str | Path) else beside_the_job(path, info)

    @field_serializer("path", when_used="json")
    def _as_written(self, path: Path) -> str:
        return addresses.of(path) or str(path)

    @property
    def location(self) -> str:
        """The path or address, to show."""
        address = addresses.of(self.path)
        return address.partition("?")[0] if address else str(self.path)


def _is_elsewhere(path: str) -> bool:
    return "://" in path or "${{" in path or datastores.asset(path) is not None


def _why_not_local(path: str) -> str:
    """Return why a location cannot be read here, and what to do.

    Raises:
        UserError: the location is in a datastore; says how to map it.
    """
    if asset := datastores.asset(path):
        return mark(
            f"{path} is a data asset of Azure Machine Learning, which is not mapped to a folder. "
            f"Copy its files to a folder and add data_assets: {{{asset[0]}: /that/folder}} to the "
            f"job, or --data-asset {asset[0]}=/that/folder on the command line."
        )
    if "${{" in path:
        return mark(
            f"{path} comes from another step, which does not run here. Run that step, and set path "
            "to the folder with its result."
        )
    datastores.locate(path, {})
    return mark(
        f"{path} is not on this machine. Download the data and set path to the local folder; the "
        "address may be given of a table, ending in .csv, .jsonl or .parquet, and of a folder or "
        "an archive in s3:, gs:, abfs: or hf:."
    )


def beside_the_job(path: str | Path, info: ValidationInfo) -> str | Path:
    """Make a path relative to the folder of the job file, if there is one."""
    base_dir = (info.context or {}).get("base_dir")
    if base_dir is None:
        return path
    try:
        return home.absolute(Path(base_dir, Path(path).expanduser()))
    except RuntimeError:
        raise UserError(
            f"{path} names a user who does not exist here. Write the whole path."
        ) from None
