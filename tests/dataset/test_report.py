import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl import texts
from automl.dataset.checks.kind import FindingKind, names
from automl.dataset.report import DatasetReport, Distribution, Finding, Severity
from automl.sentences import say


@given(st.lists(st.floats(1e-3, 1e5), min_size=1))
def test_every_value_is_counted_once(values):
    spread = Distribution.of(np.array(values))
    assert sum(spread.counts) == len(values)
    assert len(spread.edges) == len(spread.counts) + 1
    assert spread.edges[0] <= spread.least * (1 + 1e-9)
    assert spread.most <= spread.edges[-1] * (1 + 1e-9)


def test_bins_grow_by_half_an_octave():
    spread = Distribution.of(np.array([100.0, 200.0, 400.0, 400.0]))
    assert spread.edges[1] / spread.edges[0] == pytest.approx(2**0.5)
    assert (spread.least, spread.median, spread.most) == (100, 300, 400)
    assert [count for count in spread.counts if count] == [1, 1, 2]


def test_findings_that_come_later_are_put_where_they_belong():
    def finding(severity: Severity) -> Finding:
        return Finding(kind="x", severity=severity, count=1, paths=[], message="")

    report = DatasetReport(
        num_images=0, classes={}, splits={}, findings=[finding(Severity.INFO)], data_hash=""
    )
    later = report.plus([finding(Severity.BLOCKING)], splits={"train": 3})
    assert [one.severity for one in later.findings] == [Severity.BLOCKING, Severity.INFO]
    assert later.splits == {"train": 3}
    assert len(report.findings) == 1


def test_a_stored_finding_is_said_in_the_language_of_the_reader() -> None:
    sizes = [f"class {number}" for number in range(7)]
    kind = FindingKind("few_images", Severity.WARNING)
    found = kind.finding(
        [],
        say(
            "{count} picture of {names} is transparent, and {shown} next to nothing is left of "
            "what it shows.",
            "{count} pictures of {names} are transparent, and {shown} next to nothing is left of "
            "what they show.",
            count=np.int64(1200),
            names=names(sizes),
            shown=say("as their opacity"),
        ),
        "A sentence of a reader.",
    )
    assert found.message == (
        "1,200 pictures of class 0, class 1, class 2, class 3, class 4 and 2 more are transparent, "
        "and as their opacity next to nothing is left of what they show. A sentence of a reader."
    )
    read = Finding.model_validate_json(found.model_dump_json())
    assert read == found
    assert read.said() == found.message
    with texts.speaking("de"):
        assert read.said() == (
            "1\N{NARROW NO-BREAK SPACE}200 Bilder von class 0, class 1, class 2, class 3, class 4 "
            "und 2 weitere sind durchsichtig, und als ihre Deckkraft bleibt fast nichts von dem, "
            "was sie zeigen. A sentence of a reader."
        )
        assert read.model_copy(update={"sentences": []}).said() == found.message


@pytest.mark.parametrize("text", ["{count.real}", "{count:>99}", "{other}", "{", "}{"])
def test_the_template_of_a_shared_report_takes_values_alone(text: str) -> None:
    assert str(say(text, count=1)) == text
