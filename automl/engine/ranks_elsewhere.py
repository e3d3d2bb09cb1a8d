"""The processes of a trial on other machines of the cluster, each a worker of Ray.

They run in the placement group of the trial, end with its first process, and are asked through Ray;
only the gradients take another way.
"""

import contextlib
import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from automl.engine import failures, lost_gpus
from automl.engine.carried import Carried
from automl.engine.heartbeat import Heartbeat
from automl.errors import RankDiedError
from automl.training.trial_data import TrialData

if TYPE_CHECKING:
    from automl.training.devices import Elsewhere
    from automl.training.rank_process import Answer, Request, Setup
    from automl.training.trial_training import TrialTraining


def machines(*, with_others: bool) -> dict[str, str]:
    """Names of the machines that this worker's trial runs on, by Ray's id; its own is the first.

    Args:
        with_others: it runs on all of its placement group, which a baseline does not.
    """
    own, group = ray.get_runtime_context().get_node_id(), ray.util.get_current_placement_group()
    if not with_others or group is None or group.bundle_count == 1:
        return {own: ""}
    others = ray.util.placement_group_table(group)["bundles_to_node_id"].values()
    names = {each["NodeID"]: each["NodeManagerHostname"] for each in ray.nodes()}
    return {each: names.get(each, each) for each in (own, *others)}


def elsewhere(
    devices: tuple[str, ...],
    data: TrialData,
    carried: Carried,
    beat: Callable[[bytes], None],
) -> "Elsewhere":
    """The ranks of this worker's trial on the other machines of its placement group.

    Args:
        devices: of this machine; each of the others has as many.
        data: pictures of the trial as the engine knows them.
        carried: brings them to each machine.
        beat: sends a sign of life.
    """
    from automl.training.devices import Elsewhere

    group = ray.util.get_current_placement_group()
    assert group is not None
    others = devices[:1] * (len(devices) * (group.bundle_count - 1))

    def start(rank: int, setup: "Setup") -> _Line:
        place = PlacementGroupSchedulingStrategy(group, rank // len(devices))
        has_gpu = devices[0].startswith("cuda")
        worker = ray.remote(_Rank).options(
            num_cpus=0,  # the bundle has them
            num_gpus=1 if has_gpu else 0,
            scheduling_strategy=place,
        )
        return _Line(worker.remote(), rank, replace(setup, data=data), carried, beat)

    return Elsewhere(others, ray.util.get_node_ip_address(), start)


class _Rank:
    """Actor: one process of a trial."""

    def begin(
        self, rank: int, setup: "Setup", carried: Carried, beat: Callable[[bytes], None]
    ) -> "Answer":
        """Meet the others, and build the trial."""
        from automl.training import rank_process

        self._heartbeat = Heartbeat(beat)
        self._folder = tempfile.TemporaryDirectory(prefix="automl-rank-")
        try:
            self._training: TrialTraining = rank_process.join(
                rank,
                replace(
                    setup,
                    data=carried.here(setup.data, setup.hyperparameters),
                    host=ray.util.get_node_ip_address(),
                ),
            )
        except Exception as error:  # noqa: BLE001 (raised by the leader)
            return _told(rank_process.Answer(error=rank_process.portable(error)))
        return rank_process.Answer()

    def answer(self, request: "Request") -> "Answer":
        """The value of a request, or its error."""
        from automl.training import rank_process

        found = rank_process.answer(self._training, request, Path(self._folder.name))
        if found.starts_from is not None:
            return replace(found, starts_from=found.starts_from.for_other_machines())
        return _told(found)


def _told(answer: "Answer") -> "Answer":
    """The answer; of an error of the GPU, one that names it."""
    if answer.error is not None and failures.is_gpu_failed(answer.error):
        return replace(answer, error=lost_gpus.describe(answer.error))
    return answer


class _Line:
    """The leader's line to a rank on another machine, see `devices.Line`."""

    def __init__(
        self,
        worker: Any,
        rank: int,
        setup: "Setup",
        carried: Carried,
        beat: Callable[[bytes], None],
    ) -> None:
        self._worker = worker
        self._ours, self._theirs = Pipe(duplex=False)
        begun = worker.begin.remote(rank, setup, carried, beat)
        begun.future().add_done_callback(self._tell)

    def send(self, request: "Request", /) -> None:
        self._worker.answer.remote(request).future().add_done_callback(self._tell)

    def recv(self) -> "Answer":
        answer: Answer = self._ours.recv()
        return answer

    def fileno(self) -> int:
        return self._ours.fileno()

    def close(self) -> None:
        ray.kill(self._worker)
        self._ours.close()
        self._theirs.close()

    def _tell(self, answered: "Future[Answer]") -> None:
        """Called by a thread of Ray."""
        from automl.training.rank_process import Answer

        try:
            answer = answered.result()
        except RayError as error:
            first, *_ = str(error).splitlines()
            answer = Answer(error=RankDiedError(f"A process on another machine ended: {first}"))
        with contextlib.suppress(OSError):  # closed meanwhile
            self._theirs.send(answer)
