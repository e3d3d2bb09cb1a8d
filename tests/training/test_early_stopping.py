import math

from automl.jobs.hyperparameters import Hyperparameters
from automl.training.early_stopping import EarlyStopping


def run(scores: list[float], **settings: object) -> tuple[list[bool], int | None]:
    """Improvement of each evaluation, and number of those after which the trial would end."""
    stopping = EarlyStopping(Hyperparameters(**settings))  # type: ignore[arg-type]
    improved = []
    for number, score in enumerate(scores, start=1):
        improved.append(stopping.improved(score))
        if stopping.is_exhausted:
            return improved, number
    return improved, None


def test_with_delay_and_patience_of_five_the_earliest_end_is_after_ten() -> None:
    assert run([0.5] * 20)[1] == 10


def test_an_improvement_starts_the_patience_anew() -> None:
    scores = [0.5, 0.4, 0.4, 0.6, 0.5, 0.5, 0.5]
    assert run(scores, early_stopping_delay=1, early_stopping_patience=3)[1] == 7


def test_equal_is_no_improvement() -> None:
    assert run([0.5, 0.5])[0] == [True, False]


def test_nan_is_never_the_best() -> None:
    assert run([math.nan, 0.1, math.nan])[0] == [False, True, False]


def test_switched_off_it_never_ends_a_trial() -> None:
    assert run([0.5] * 50, early_stopping=False)[1] is None
