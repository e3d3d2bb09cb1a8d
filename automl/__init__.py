"""AutoML for image classification: `automl.run(job)` and `automl.open_experiment(path)`."""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl.experiments.experiment import Experiment, open_experiment, run
    from automl.jobs.job import Job

# set before the import of the libraries, which read these variables at import
for _name, _value in {
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
}.items():
    os.environ.setdefault(_name, _value)

__all__ = ["Experiment", "Job", "open_experiment", "run"]


def __getattr__(name: str) -> Any:
    """Import a name on first use: the command line must not wait for pandas."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(
        "automl.jobs.job" if name == "Job" else "automl.experiments.experiment"
    )
    return getattr(module, name)
