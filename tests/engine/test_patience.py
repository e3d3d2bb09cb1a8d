"""A storage that is away for a while is asked again; what no waiting mends is raised at once."""

import errno

import pytest

from automl.engine import patience


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_PAUSE_SECONDS", 0.0)


class Fails:
    """Raises the errors one after the other, and then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def test_a_storage_that_comes_back_is_used() -> None:
    bucket = Fails(OSError("AWS Error NETWORK_CONNECTION"), ConnectionResetError())
    assert patience.patiently(bucket, seconds=60) == "answer"
    assert bucket.calls == 3


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (OSError("AWS Error NETWORK_CONNECTION"), 0),
        (OSError(errno.ENOSPC, "No space left on device"), 60),
        (FileNotFoundError("no such checkpoint"), 60),
        (ValueError("a bug"), 60),
    ],
)
def test_other_errors_and_those_of_this_disk_are_raised_at_once(
    error: Exception, seconds: float
) -> None:
    bucket = Fails(error)
    with pytest.raises(type(error)):
        patience.patiently(bucket, seconds=seconds)
    assert bucket.calls == 1
