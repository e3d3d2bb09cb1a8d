"""Lines that are appended to a private file, and read while it is written."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from automl.host import json_lines


class Point(BaseModel):
    x: int


def test_a_line_that_was_cut_off_is_left_out_and_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "points.jsonl"
    json_lines.append(path, '{"x": 1}')
    with path.open("ab") as file:
        file.write(b'{"x": 2')
    json_lines.append(path, '{"x": 3}')
    assert [point.x for point in json_lines.read(path, Point)] == [1, 3]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "points.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        json_lines.append(tmp_path / "points.jsonl", "{}")
    assert not (tmp_path / "elsewhere").exists()
