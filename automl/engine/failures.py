"""Sentences on the cause of a trial's failure and the next step. Imports neither torch nor Ray."""

import traceback

from automl.errors import (
    DivergedError,
    ExperimentError,
    OutOfMemoryError,
    UserError,
    WeightsMissingError,
)
from automl.experiments.records import TrialError
from automl.texts import mark

_NEXT_STEPS: dict[type[BaseException], str] = {
    DivergedError: mark("Lower learning_rate, to a third for example, or set precision: fp32."),
    OutOfMemoryError: mark(
        "Choose a smaller model or training_crop_size, or lower max_concurrent_trials."
    ),
    WeightsMissingError: mark(
        "Add the weights with automl weights add FILE, or use pretrained: auto."
    ),
    UserError: mark("Change the hyperparameter that is named and start again."),
    FileNotFoundError: mark(
        "The decoded pictures are missing. Resume the experiment: they are decoded again."
    ),
    OSError: mark("Check that the disk is not full and can be read, then resume the experiment."),
}
"""By the class of the error, or by the nearest class that it is derived from."""

_OTHERWISE = mark(
    "The details say where it happened. Another model or the default hyperparameters may avoid it; "
    "if not, please report it with the details."
)


def explain(error: Exception) -> TrialError:
    """Cause, next step and traceback of the error that is being handled."""
    return TrialError(
        cause=cause_of(error),
        next_step=next_step(type(error)),
        traceback=traceback.format_exc(),
    )


def cause_of(error: Exception) -> str:
    """The message of an error; that of a library needs its class, too.

    Ray's error for a function that has failed in a worker holds the error there; its own text is a
    traceback of many lines.
    """
    inner = getattr(error, "cause", None)
    error = inner if isinstance(inner, Exception) else error
    if isinstance(error, (UserError, ExperimentError)):
        return str(error)
    text = f"{type(error).__name__}: {error}".rstrip(".: \n")
    return f"{text}."  # a next step may follow


def next_step(kind: type[BaseException]) -> str:
    """Sentence with the user's next step after an error of this class."""
    steps = (_NEXT_STEPS[base] for base in kind.__mro__ if base in _NEXT_STEPS)
    return next(steps, _OTHERWISE)


def is_gpu_failed(error: Exception) -> bool:
    """True if the process cannot use its GPU any more; not if only the GPU's memory is full.

    torch has no class for it: a CUDA error is a RuntimeError whose text begins with `CUDA error`.
    """
    text = f"{type(error).__name__}: {error}"
    return "CUDA error" in text and "out of memory" not in text


def lost_worker(details: str) -> TrialError:
    """The worker died more often than a trial may go on."""
    return TrialError(
        cause=mark(
            "The worker process died three times; the system may have ended it because memory was "
            "short."
        ),
        next_step=mark(
            "Lower training_batch_size or training_crop_size, choose a smaller model, or run fewer "
            "trials at a time."
        ),
        traceback=details,
    )


def hung_again(seconds: float) -> TrialError:
    """The worker hangs after the trial was started again for that reason."""
    return TrialError(
        cause=mark("Its worker did nothing for {seconds} seconds, for the second time.").format(
            seconds=f"{seconds:.0f}"
        ),
        next_step=mark(
            "Check that the disk or the network with the data and the weights responds, then start "
            "the experiment again."
        ),
        traceback="",
    )
