"""Machines that join a cluster during a search: asked like those before it.

Ray may give a machine to a trial as soon as it has joined. One that turns out not to fit is taken
out: its cores are reserved one by one, so that no trial gets it, and a trial that is there already
is ended and goes on elsewhere.
"""

from collections.abc import Iterable
from typing import Any

import ray
from ray.tune.experiment import Trial

from automl.engine import nodes, ray_internals
from automl.engine.nodes import Node
from automl.engine.results import Results
from automl.texts import mark


class Joining:
    """Looks again and again for machines that are new."""

    def __init__(self, asked: Iterable[str], results: Results) -> None:
        """asked: ids of the machines that were asked before the search."""
        self._known = set(asked)
        self._results = results
        self._here = nodes.facts(has_gpus=False)
        self._pending: dict[Any, Node] = {}
        self._reserved: list[Any] = []  # Ray frees a group whose handle is gone

    def look(self, trials: list[Trial]) -> None:
        """Ask new machines, and read the answers that have come; does not wait for any."""
        for node in nodes.alive():
            if node.node_id not in self._known:
                self._known.add(node.node_id)
                self._pending[nodes.ask(node)] = node
        if not self._pending:
            return
        answered, _ = ray.wait([*self._pending], num_returns=len(self._pending), timeout=0)
        for answer in answered:
            node = self._pending.pop(answer)
            reason = nodes.misfit_of(answer, node, self._here)
            if reason:
                self._take_out(node, trials)
            joined = mark("{name} has joined the cluster. Trials run there, too.")
            useless = mark("{name} has joined the cluster. It gets no trial: {reason}")
            template = useless if reason else joined
            self._results.add_notes(template.format(name=node.name, reason=reason))

    def _take_out(self, node: Node, trials: list[Trial]) -> None:
        place = {"ray.io/node-id": node.node_id}
        for _ in range(node.num_cpus):
            group = ray.util.placement_group([{"CPU": 1}], bundle_label_selector=[place])
            self._reserved.append(group)
        for trial in trials:
            worker = ray_internals.worker_of(trial)
            if worker is not None and ray_internals.node_of(worker) == node.node_id:
                ray.kill(worker)
