"""Machines whose cloud has announced their end, as it does with spot machines.

Ray gives such a machine no more work, but leaves what runs there. A trial goes on elsewhere from
its next evaluation on, whose state has reached the engine: nothing is trained twice.
"""

import ray
from ray.tune.experiment import Trial

from automl.engine import nodes, ray_internals
from automl.engine.results import Results
from automl.texts import mark


class Leaving:
    """Looks again and again which machines are about to end."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._known: set[str] = set()

    def look(self) -> None:
        """Ask Ray, and note machines that are new."""
        new = ray_internals.draining() - self._known
        if not new:
            return
        self._known |= new
        said = mark(
            "{name} is about to end, as its cloud has announced: its trials go on elsewhere after "
            "their next evaluation."
        )
        names = [node.name for node in nodes.alive() if node.node_id in new]
        self._results.add_notes(*(said.format(name=name) for name in names))

    def let_go(self, trial: Trial) -> None:
        """End the worker of a trial on such a machine, right after its state was taken."""
        worker = ray_internals.worker_of(trial)
        if worker is not None and self._known.intersection(trial.last_result.get("nodes", ())):
            ray.kill(worker)
