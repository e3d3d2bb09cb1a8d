import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.dataset.report import DatasetReport, Distribution, Finding, Severity


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
