import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ACTS = {
    *("launcher.create", "launcher.start", "launcher.stop", "launcher.resume", "launcher.delete"),
    *("test_data.open_for", "sharing.pack", "sharing.unpack", "html_report.html"),
    *("html_report.write", "store.request_stop", "exporting.run"),
    *("limits.save", "caches.clear", "going_on.go_on", "launcher.restart"),
    *("data_versions.keep", "remarks.save", "chosen_thresholds.choose", "new_data.planned"),
    "labelling.rankings().begin",
}
FILES = [
    path
    for path in [*ROOT.glob("pages/*.py"), *ROOT.glob("automl/ui/**/*.py"), ROOT / "app.py"]
    if path.name != "guarded_actions.py"
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_page_acts_past_the_check(path):
    tree = ast.parse(path.read_text("utf-8"))
    named = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not named & ACTS


@pytest.mark.parametrize("path", sorted(ROOT.glob("pages/*.py")), ids=lambda path: path.name)
def test_a_page_begins_by_asking_who_is_there(path):
    """Its first statement that does anything is `frame.begin…`, which asks who is there."""
    body = ast.parse(path.read_text("utf-8")).body
    quiet = (ast.Import, ast.ImportFrom, ast.FunctionDef)
    first = next(
        node
        for node in body[1:]
        if not isinstance(node, quiet)
        and not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.List))
    )
    assert "frame.begin" in ast.unparse(first)
