"""Licences of pretrained weights that a job allows."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from automl.errors import UserError
from automl.jobs import model_catalog, search_space
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job_errors import Place
from automl.texts import mark


def check(licences: Sequence[str]) -> list[str]:
    """Return the identifiers in lower case.

    Raises:
        UserError: the list is empty, or an entry is not an identifier.
    """
    if not licences:
        raise UserError(
            "allowed_licences is empty. List licences, or leave it out to allow all weights."
        )
    return [identifier(licence, "allowed_licences") for licence in licences]


def identifier(licence: str, where: str) -> str:
    """Return an identifier in lower case.

    Args:
        licence: what the user wrote.
        where: what names it, for the error: `allowed_licences`.

    Raises:
        UserError: it is not an identifier.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", licence.lower()):
        raise UserError(
            f"{where} names {licence!r}; allowed are identifiers of SPDX, such as "
            f"{' and '.join(model_catalog.LICENCES)}."
        )
    return licence.lower()


def refusal(model_name: str, licence: str | None, allowed: Sequence[str] | None) -> str:
    """Return why a trial may not start from the weights of a model; empty if it may.

    Args:
        model_name: the model.
        licence: that of its weights; None if it is not known, which a list does not allow.
        allowed: `allowed_licences` of the job.
    """
    if allowed is None or licence in allowed:
        return ""
    stated = (
        mark(f"have the licence {licence}") if licence else mark("have a licence that is not known")
    )
    return mark(
        f"The pretrained weights of {model_name} {stated}, and allowed_licences is "
        f"{', '.join(allowed)}. Choose another model, allow the licence, or set pretrained: never."
    )


def conflicts(
    allowed: Sequence[str] | None,
    shared: Mapping[str, Any],
    sub_spaces: Sequence[Mapping[str, Any]] | None,
) -> dict[Place, str]:
    """Return a sentence for each model whose weights the job does not allow, by its place.

    Args:
        allowed: `allowed_licences`.
        shared: `training_parameters`.
        sub_spaces: `search_space`; None without a search, where only a model that the job names
            is looked at: AutoMode leaves out what is not allowed.
    """
    found: dict[Place, str] = {}
    if allowed is None:
        return found
    if sub_spaces is None:
        places: list[tuple[Place, Mapping[str, Any]]] = [(("training_parameters",), shared)]
    else:
        places = [(("search_space", n), {**shared, **own}) for n, own in enumerate(sub_spaces)]
    for place, values in places:
        names = search_space.values(values["model_name"]) if "model_name" in values else []
        for name in map(str, [] if values.get("pretrained") == "never" else names):
            if said := refusal(name, model_catalog.licence(name), allowed):
                found.setdefault((*place, "model_name"), said)
    return found


def with_default_model(shared: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a job that trains one model, which has a default."""
    return {"model_name": Hyperparameters().model_name, **shared}
