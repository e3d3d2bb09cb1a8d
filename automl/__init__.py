"""AutoML for image classification: `automl.run(job)` and `automl.open_experiment(path)`."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl.experiment import Experiment, open_experiment, run
    from automl.job import Job

__all__ = ["Experiment", "Job", "open_experiment", "run"]


def __getattr__(name: str) -> Any:
    """Import on first use: the command line must answer before pandas has been imported."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module("automl.job" if name == "Job" else "automl.experiment")
    return getattr(module, name)
