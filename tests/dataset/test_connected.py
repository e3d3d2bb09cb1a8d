import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from automl.dataset.near_duplicates import connected
from automl.dataset.split import sharing


def reference(count: int, ties: list[tuple[int, int]]) -> list[int]:
    """One tie after the other, the slow way."""
    root = list(range(count))
    for first, second in ties:
        low, high = sorted((root[first], root[second]))
        root = [low if member == high else member for member in root]
    return root


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(
    st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40)
)))  # fmt: skip
def test_ties_are_followed_to_their_ends(problem):
    count, ties = problem
    first, second = np.array(ties, dtype=np.int64).reshape(-1, 2).T
    assert connected(count, first, second).tolist() == reference(count, ties)


def test_a_long_chain_is_one_group():
    rows = np.random.default_rng(0).permutation(100_000)
    assert (connected(len(rows), rows[:-1], rows[1:]) == 0).all()


def test_rows_are_tied_by_any_column_and_by_way_of_other_rows():
    content = pd.Series(["a", "a", "b", "c", "d"])
    person = pd.Series([None, "x", "x", None, None], dtype="str")
    assert sharing(content, person).tolist() == [0, 0, 0, 3, 4]


def test_missing_values_tie_nothing():
    assert sharing(pd.Series([None, None, None], dtype="str")).tolist() == [0, 1, 2]


def test_no_rows_are_no_groups():
    assert sharing(pd.Series([], dtype="str")).tolist() == []
