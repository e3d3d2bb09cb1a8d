import pytest

from automl.engine import failures
from automl.errors import DataError, DivergedError, OutOfMemoryError, UserError


@pytest.mark.parametrize(
    ("error", "cause", "next_step"),
    [
        (DivergedError("The loss became NaN."), "The loss became NaN.", "Lower learning_rate"),
        (OutOfMemoryError("Nothing fits."), "Nothing fits.", "Choose a smaller model"),
        (UserError("layers_to_freeze is 9."), "layers_to_freeze is 9.", "Change the hyperparam"),
        (DataError("a.jpg has changed."), "a.jpg has changed.", "Change the hyperparam"),
        (ValueError("bad shape"), "ValueError: bad shape.", "please report it"),
        (FileNotFoundError(2, "x"), "FileNotFoundError: [Errno 2] x.", "decoded again"),
        (PermissionError(13, "x"), "PermissionError: [Errno 13] x.", "can be read"),
        (OSError(28, "No space left"), "OSError: [Errno 28] No space left.", "disk is not full"),
        (KeyError(), "KeyError.", "The details say where"),
        (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero.", "The details say where"),
    ],
)
def test_a_failure_has_a_cause_a_next_step_and_a_traceback(
    error: Exception, cause: str, next_step: str
) -> None:
    try:
        raise error
    except type(error) as caught:
        found = failures.explain(caught)
    assert found.cause == cause
    assert next_step in found.next_step
    assert "test_failures.py" in found.traceback
