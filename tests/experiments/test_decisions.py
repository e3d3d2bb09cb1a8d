import pytest

from automl.experiments import decisions


def test_decisions_of_two_tabs_are_kept_and_nobody_sees_those_of_others(tmp_path):
    for content, decision in (("a" * 64, "cat"), ("b" * 64, "leave out"), ("a" * 64, "dog")):
        decisions.keep(tmp_path, "ann@example.com", (content, ""), decision)
    found = decisions.load(tmp_path, "ann@example.com")
    assert found == {("a" * 64, ""): "dog", ("b" * 64, ""): "leave out"}
    assert decisions.load(tmp_path, "bob@example.com") == {}


@pytest.mark.parametrize("content", ["", "{", "1", "[1]", '[["a", "b"]]', "[" * 100_000])
def test_decisions_that_cannot_be_read_are_none(tmp_path, content):
    decisions.keep(tmp_path, "ann", ("a" * 64, ""), "cat")
    (path,) = tmp_path.glob("decisions/*.json")
    path.write_text(content)
    assert decisions.load(tmp_path, "ann") == {}


def test_a_deleted_experiment_does_not_come_back(tmp_path):
    decisions.keep(tmp_path / "gone", "ann", ("a" * 64, ""), "cat")
    assert not (tmp_path / "gone").exists()
