"""Docstrings begin with their subject or with what the function does."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
RELATIVE = re.compile(r'"""(Who|Whose|Of|What|Which|Where) ')


def test_no_docstring_begins_with_a_relative_clause():
    folders = ("automl", "pages", "benchmarks", "docs", "tests")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert len(paths) > 500
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if RELATIVE.search(line)
    ]
    assert not found
