"""Values of a job that say on which machines its trials run, and what each trial gets of them."""

import math
import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from automl.errors import UserError
from automl.frozen_model import FrozenModel
from automl.texts import mark

_HEAD = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})")
NODE_COUNT = "node_count_per_trial"
"""Key of `properties` by which Azure asks for several machines for a trial."""

_STORAGE = re.compile(r"/|[A-Za-z]:[/\\]|[a-z][a-z0-9+.-]*://[^/\s]|file:///")


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of the address of a Ray cluster's head.

    Raises:
        UserError: the address has another form.
    """
    found = _HEAD.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 2**16:
        raise UserError(
            f"ray_address is {address!r}. It should be the host and the port of the cluster's "
            "head, such as 10.0.0.1:6379, or `auto` for the cluster that this machine is part of."
        )
    return found["host"].strip("[]"), int(found["port"])


def check_address(address: str | None) -> str | None:
    """Refuse an address that no head of a Ray cluster can have; `auto` is left to Ray.

    Raises:
        UserError: says which form it should have.
    """
    if address is not None and address != "auto":
        host_and_port(address)
    return address


def check_storage(path: str | None) -> str | None:
    """Refuse a storage that would be another folder on each machine.

    Raises:
        UserError: the path is relative, or no path.
    """
    if path is not None and not _STORAGE.match(path):
        raise UserError(
            f"storage_path is {path!r}. It should be a whole path, such as /mnt/shared, or an "
            "address, such as s3://bucket/folder, which all machines can reach."
        )
    return path


def check_gpus(gpus: float | None) -> float | None:
    """Refuse parts of several GPUs.

    Raises:
        UserError: says which numbers are near.
    """
    if gpus is not None and gpus > 1 and gpus % 1:
        raise UserError(
            f"resources_per_trial.gpu is {gpus:g}. It should be a part of one GPU, such as 0.5, or "
            f"a whole number of them: {math.floor(gpus)} or {math.ceil(gpus)}."
        )
    return gpus


def node_count(properties: Mapping[str, str]) -> int | None:
    """Machines of a cluster that train a trial together; None if the job does not say it.

    Raises:
        UserError: it is no number of machines.
    """
    asked = properties.get(NODE_COUNT)
    if asked is None:
        return None
    if not asked.isdecimal() or int(asked) < 1:
        raise UserError(
            f"properties.{NODE_COUNT} is {asked!r}. It should be a number of machines, such as "
            "'2', or be left out."
        )
    return int(asked)


class ResourcesPerTrial(FrozenModel):
    """Cores and GPUs that Ray reserves for each trial; derived from the machine if left out."""

    model_config = ConfigDict(allow_inf_nan=False)

    cpu: int | None = Field(None, ge=1)
    """Cores of each trial; derived from the machine and the trials at a time if left out."""

    gpu: Annotated[float | None, AfterValidator(check_gpus)] = Field(None, ge=0)
    """GPUs of each trial: a part of one, such as 0.5, or a whole number, on which it trains
    together; derived from the machine and the trials at a time if left out."""


def too_much(needed: ResourcesPerTrial, *, cores: int, gpus: int, place: str) -> dict[str, str]:
    """Sentences against a share that one machine cannot give, by the key in the job.

    Args:
        needed: the share.
        cores, gpus: those of the machine.
        place: the machine, for the sentences.
    """
    of_cores = (mark("no cores"), mark("1 core"), mark("{count} cores"))
    of_gpus = (mark("no GPUs"), mark("1 GPU"), mark("{count} GPUs"))
    asked = (("cpu", of_cores, needed.cpu, cores), ("gpu", of_gpus, needed.gpu, gpus))
    found = {}
    for name, (none, one, several), count, available in asked:
        if count is not None and count > available:
            key = f"resources_per_trial.{name}"
            there = (none, one, several)[min(available, 2)].format(count=available)
            found[key] = mark(f"{key} is {count:g}, but {place} has {there}.")
            found[key] += " " + (
                mark(f"Ask for at most {available}, or leave it out.")
                if available
                else mark("Leave it out to train without one.")
            )
    return found
