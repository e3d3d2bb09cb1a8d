"""All errors whose message is written for the user, as one tree.

    UserError(ValueError)         the user's input is wrong; nothing was started or written
    ├── DataError                 the data set
    ├── JobError                  the job file, in `jobs.job_errors`: every problem with its line
    ├── ExportError               the requested export
    ├── ExplanationError          the requested explanation
    │   └── FeatureMapMissingError
    ├── PredictionError           the model, the pictures or the answer file of a prediction
    ├── ServingError              the address or the key file of a server
    ├── NewerFormatError          a file of a later version of this program
    ├── DamagedFileError          a file of an experiment that cannot be read
    ├── DeletedError              an experiment that another process has deleted
    └── NotAllowedError           the person's role does not allow it

    ExperimentError(RuntimeError) an experiment or a trial cannot go on
    ├── ClusterError              the Ray cluster
    ├── DiskFullError             the disk
    ├── GpuFailedError            a GPU
    ├── RankDiedError             one of the processes that train a trial together
    ├── NoModelError              no trial was scored
    ├── WeightsMissingError       `pretrained: required` without weights
    ├── DivergedError             the loss of a trial
    └── OutOfMemoryError          the memory of a trial's device

A plain `ValueError` is never the user's fault: it comes from a library, or is a bug of ours.
"""

import errno

_MAX_SHOWN = 80


class UserError(ValueError):
    """The user's input is wrong. The message says what is wrong, what is allowed and what to do."""


class DataError(UserError):
    """The data set cannot be read or used as it is."""


class ExportError(UserError):
    """The model cannot be exported in this way; nothing was written."""


class ExplanationError(UserError):
    """The answer for a picture could not be explained."""


class FeatureMapMissingError(ExplanationError):
    """The model has no feature map that the method could weigh."""


class PredictionError(UserError):
    """The model, the pictures or the answer file of a prediction cannot be used."""


class ServingError(UserError):
    """The server cannot be started with this address or key file."""


class NewerFormatError(UserError):
    """A later version of this program has written the file."""


class DamagedFileError(UserError):
    """A file of an experiment is damaged, or was written by another version of this program."""


class DeletedError(UserError):
    """Another process has deleted the experiment."""


class NotAllowedError(UserError):
    """The person is not let in, or their role does not allow the action."""


class ExperimentError(RuntimeError):
    """An experiment or a trial ended without a result; the message says why."""


class ClusterError(ExperimentError):
    """Ray cannot be started or reached."""


class DiskFullError(ExperimentError):
    """The disk has no room for what the experiment has to write."""


class GpuFailedError(ExperimentError):
    """The GPU has failed: this process can no longer compute on it."""

    node: str = ""
    """Ray's id of the machine."""

    gpu: str = ""
    """Number of the GPU on its machine."""


class RankDiedError(ExperimentError):
    """One of the processes that train a trial together has ended."""


class NoModelError(ExperimentError):
    """Every trial failed, or there was no time for one."""


class WeightsMissingError(ExperimentError):
    """The job requires pretrained weights, and none are available."""


class DivergedError(ExperimentError):
    """The training loss or a weight became infinite or NaN."""


class OutOfMemoryError(ExperimentError):
    """Not even one picture fits into the memory of the device."""


def is_full_disk(error: BaseException) -> bool:
    """True for the error of a disk that has no room, or of a quota that is used up."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def short(value: object) -> str:
    """A value as Python writes it, in ASCII and cut to what fits into a sentence."""
    if isinstance(value, str):
        return ascii(value[:_MAX_SHOWN]) + ("…" if len(value) > _MAX_SHOWN else "")
    text = ascii(value)
    return text[:_MAX_SHOWN] + ("…" if len(text) > _MAX_SHOWN else "")
