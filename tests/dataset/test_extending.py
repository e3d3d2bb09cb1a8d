"""A form of data, or a finding, is added with one file: shown in a copy of the package."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import automl

FORM = '''
"""A text file with one picture a line: its label, a blank, its path."""

import pandas as pd

from automl.dataset.readers.form import TableFile
from automl.dataset.readers.table import Table


def _read(path, _):
    lines = path.read_text().splitlines()
    rows = [line.split(" ", 1) for line in lines]
    index = [f"Line {number} of {path.name}" for number in range(1, len(lines) + 1)]
    return Table(pd.DataFrame(rows, index, ["label", "path"], dtype=object), path, path.parent)


FORM = TableFile(suffixes=(".lst",), read=_read)
'''

FINDING = '''
"""Pictures that are wider than they are high."""

from automl.dataset.checks.kind import FindingKind
from automl.dataset.report import Severity

LANDSCAPE = FindingKind("landscape", Severity.INFO, remedy="leave_out")


def check(data):
    readable = data.readable
    wide = readable[readable["width"] > readable["height"]]
    yield LANDSCAPE.finding(wide["path"], f"{len(wide)} pictures are wider than high.")
'''

Command = Callable[..., dict[str, object]]


@pytest.fixture
def extended(tmp_path: Path) -> Command:
    """The command line of a copy of the package with one form and one finding more."""
    copied = tmp_path / "copy" / "automl"
    shutil.copytree(Path(automl.__file__).parent, copied)  # with its bytecode
    (copied / "dataset" / "readers" / "forms" / "label_list.py").write_text(FORM)
    (copied / "dataset" / "checks" / "landscape.py").write_text(FINDING)

    def run(*arguments: str | Path) -> dict[str, object]:
        result = subprocess.run(
            [sys.executable, "-m", "automl.cli", *map(str, arguments), "--json"],
            env={**os.environ, "PYTHONPATH": str(copied.parent)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return dict(json.loads(result.stdout.splitlines()[-1]))

    return run


def test_a_form_and_a_finding_are_added_with_one_file_each(extended, make_folder, tmp_path):
    folder = make_folder(cat=12, dog=12)
    lines = [f"{path.parent.name} {path.relative_to(folder)}" for path in folder.glob("*/*")]
    (folder / "pictures.lst").write_text("\n".join(lines))
    report = extended("check", folder / "pictures.lst")
    assert report["classes"] == {"cat": 12, "dog": 12}
    assert [finding["kind"] for finding in report["findings"]] == ["landscape"]

    job = tmp_path / "job.yml"
    job.write_text(
        "type: automl\ntask: image_classification\ntarget_column_name: label\n"
        f"training_data: {{path: {folder / 'pictures.lst'}, type: label_list}}\n"
    )
    assert extended("validate", job)["valid"] is True
