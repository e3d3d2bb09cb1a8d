"""The row that is selected in a table."""

from typing import Any


def row(state: Any, num_rows: int) -> int | None:
    """Position of the selected row; None without one.

    Args:
        state: what `st.dataframe` returned.
        num_rows: of the table as it is. The browser keeps a selection while the table of a running
            trial gets shorter.
    """
    rows: list[int] = state.selection.rows
    return next((position for position in rows if position < num_rows), None)
