import pytest

from automl.engine import failures
from automl.errors import DivergedError, OutOfMemoryError


@pytest.mark.parametrize(
    ("error", "cause", "next_step"),
    [
        (DivergedError("The loss became NaN."), "The loss became NaN.", "Lower learning_rate"),
        (OutOfMemoryError("Nothing fits."), "Nothing fits.", "Choose a smaller model"),
        (ValueError("layers_to_freeze is 9."), "layers_to_freeze is 9.", "Change the hyperparam"),
        (OSError(28, "No space left"), "OSError: [Errno 28] No space left", "disk is full"),
        (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero", "The details say where"),
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
