"""Why a trial failed and what to do about it, in words. No torch."""

import traceback

from automl.experiments.records import TrialError

LOST = "The worker process died three times; the system may have ended it for want of memory."
LOST_NEXT_STEP = (
    "Lower training_batch_size or training_crop_size, choose a smaller model, or run fewer trials "
    "at a time."
)
SILENT_NEXT_STEP = (
    "Look whether the disk or the network that the data and the weights are on answers, then start "
    "the experiment again."
)
_NEXT_STEPS = {
    "DivergedError": "Lower learning_rate, to a third for example, or set precision: fp32.",
    "OutOfMemoryError": "Choose a smaller model or training_crop_size, or lower "
    "max_concurrent_trials.",
    "WeightsMissingError": "Put the weights into AUTOML_WEIGHTS_DIR, or use pretrained: auto.",
    "ValueError": "Change the hyperparameter that is named and start again.",
    "FileNotFoundError": "The decoded pictures are gone. Resume the experiment: they are decoded "
    "again.",
    "OSError": "Look whether the disk is full or cannot be read, then resume the experiment.",
}
_OTHERWISE = (
    "The details say where it happened. Another model or the default hyperparameters may avoid it; "
    "if not, please report it with the details."
)


def is_memory_short(details: str) -> bool:
    """Whether Ray's memory monitor has ended the worker, by what Ray says of its death."""
    return "low on memory" in details or "OutOfMemory" in details


def is_gpu_failed(error: Exception) -> bool:
    """Whether the process can use its GPU no more; a full memory is no such case."""
    text = f"{type(error).__name__}: {error}"
    return "CUDA error" in text and "out of memory" not in text


def explain(error: Exception) -> TrialError:
    """One sentence on the cause, one on the next step, and the traceback of the error at hand."""
    kind = type(error).__name__
    is_ours = type(error).__module__.startswith("automl.") or isinstance(error, ValueError)
    return TrialError(
        cause=str(error) if is_ours else f"{kind}: {error}",
        next_step=_NEXT_STEPS.get(kind, _OTHERWISE),
        traceback=traceback.format_exc(),
    )
