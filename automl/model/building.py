"""Build the network of a trial: from pretrained weights, from an earlier trial, or from scratch."""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load, load_file
from torch import Tensor, nn

from automl import errors
from automl.jobs import model_catalog
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import (
    blocks,
    linear_head,
    network,
    pretrained_weights,
    several_networks,
    weights_folder,
)
from automl.model.linear_head import HeadNotLinearError
from automl.model.stages import StagesMissingError
from automl.model.warm_start import EarlierModel
from automl.texts import mark


@dataclass
class BuiltModel:
    """A network and the decisions made while building it.

    mean, std: normalisation of RGB values in 0 to 1.
    """

    network: nn.Module
    mean: tuple[float, ...] = weights_folder.IMAGENET_MEAN
    std: tuple[float, ...] = weights_folder.IMAGENET_STD
    weights_folder: Path | None = None
    """Folder of the pretrained weights the network started from."""

    weights_licence: str | None = None
    """Licence of these weights; None if it is not known."""

    earlier: str = ""
    """Trial whose model the network started from, as experiment/trial."""

    new_rows: list[int] = field(default_factory=list)
    """Rows of its last layer for classes that the earlier model did not have, at zero."""

    has_new_head: bool = False
    """True if the last layer is new and the layers before it are not."""

    frozen: list[str] = field(default_factory=list)
    """Names of the parameters that are not trained."""

    notes: list[str] = field(default_factory=list)

    parts: list["BuiltModel"] = field(default_factory=list)
    """The networks that it is made of, see `several_networks`; empty if it is one network."""

    @property
    def is_pretrained(self) -> bool:
        """True if it, or one of its parts, started from pretrained weights."""
        return self.weights_folder is not None or any(part.is_pretrained for part in self.parts)

    @property
    def weights(self) -> str:
        """Source of the weights, for the records: a folder, a trial, or `random`."""
        if self.parts:
            return "; ".join(part.weights for part in self.parts)
        return str(self.weights_folder or self.earlier or "random")


def build(
    hyperparameters: Hyperparameters,
    class_names: list[str],
    earlier: EarlierModel | None = None,
) -> BuiltModel:
    """The network on the CPU. With `head_init: linear_probe` a new head is at zero until fitted.

    Raises:
        WeightsMissingError: weights are required and there are none.
        UserError: `layers_to_freeze` is larger than the number of blocks, or a network whose
            features are put together does not end in one linear layer.
    """
    alone = len(hyperparameters.networks) == 1
    if not alone or hyperparameters.is_mirrored or hyperparameters.has_stages:
        return _side_by_side(hyperparameters, class_names)
    name = model_catalog.timm_name(hyperparameters.model_name)
    if earlier is not None:
        built = _from_earlier(earlier, class_names, hyperparameters)
    elif hyperparameters.pretrained == "never":
        note = mark("Trained from scratch, as asked.")
        built = _from_scratch(name, len(class_names), hyperparameters, note)
    elif (folder := pretrained_weights.find(name)) is not None:
        built = _from_folder(name, folder, len(class_names), hyperparameters)
    else:
        why = pretrained_weights.why_missing(name)
        if hyperparameters.pretrained == "required":
            raise errors.WeightsMissingError(
                f"pretrained is required, but for {name} there are {why}. Add them with automl "
                "weights add FILE, connect to the network, or use pretrained: auto."
            )
        note = mark("Trained from scratch: {why}.").format(why=why)
        built = _from_scratch(name, len(class_names), hyperparameters, note)
    if network.starts_at_zero(hyperparameters.head_init, has_new_head=built.has_new_head):
        network.zero_head(built.network)
    built.frozen = _freeze(built.network, name.partition(".")[0], hyperparameters.layers_to_freeze)
    return built


def _side_by_side(hyperparameters: Hyperparameters, class_names: list[str]) -> BuiltModel:
    changes = {"method": "linear_probe", "mirrored_features": False, "stage_features": False}
    parts = [
        build(hyperparameters.model_copy(update={**changes, "model_name": name}), class_names)
        for name in hyperparameters.networks
    ]
    normalised = [network.Normalised(part.network, part.mean, part.std) for part in parts]
    sizes = [hyperparameters.validation_crop_size] * len(parts)
    try:
        made = several_networks.concatenate(
            normalised,
            sizes,
            len(class_names),
            is_mirrored=hyperparameters.is_mirrored,
            has_stages=hyperparameters.has_stages,
        )
    except StagesMissingError as error:
        raise errors.UserError(
            f"stage_features is on, but {error}. Switch it off, or choose another model."
        ) from error
    except HeadNotLinearError as error:
        raise errors.UserError(
            f"method is {hyperparameters.method}, but {error}. Choose another model."
        ) from error
    return BuiltModel(
        made.network,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        weights_licence=_licence_of_all(parts),
        notes=[note for part in parts for note in part.notes],
        parts=parts,
    )


def _licence_of_all(parts: list[BuiltModel]) -> str | None:
    """Licences of the weights of all parts; None if one is not known, or no part has weights."""
    licences = {part.weights_licence for part in parts if part.is_pretrained}
    known = sorted(licence for licence in licences if licence is not None)
    return " AND ".join(known) if len(known) == len(licences) and known else None


def _freeze(made: nn.Module, architecture: str, num_blocks: int) -> list[str]:
    try:
        return blocks.freeze(made, architecture, num_blocks)
    except blocks.TooManyBlocksError as error:
        raise errors.UserError(
            f"layers_to_freeze is {num_blocks}, but {architecture} has {error.num_blocks} blocks "
            f"before its last layer. Set it to {error.num_blocks} or less."
        ) from error


def _create(
    source: str, num_classes: int, hyperparameters: Hyperparameters, *, pretrained: bool = False
) -> tuple[nn.Module, list[str]]:
    """The network from timm, and notes on hyperparameters that it does not support."""
    rate = hyperparameters.drop_path_rate
    try:
        made = network.create(source, num_classes, pretrained=pretrained, drop_path_rate=rate)
    except TypeError as error:
        if "drop_path_rate" not in str(error):
            raise
    else:
        return made, []
    note = mark("drop_path_rate has no effect: {name} does not support it.").format(
        name=hyperparameters.model_name
    )
    return network.create(source, num_classes, pretrained=pretrained), [note]


def _from_scratch(
    name: str, num_classes: int, hyperparameters: Hyperparameters, note: str
) -> BuiltModel:
    made, notes = _create(name.partition(".")[0], num_classes, hyperparameters)
    return BuiltModel(made, notes=[note, *notes])


def _from_folder(
    name: str, folder: Path, num_classes: int, hyperparameters: Hyperparameters
) -> BuiltModel:
    made, notes = _create(f"local-dir:{folder}", num_classes, hyperparameters, pretrained=True)
    mean, std = weights_folder.normalisation(folder)
    return BuiltModel(
        made,
        mean=mean,
        std=std,
        weights_folder=folder,
        weights_licence=pretrained_weights.licence(name),
        has_new_head=True,
        notes=[mark("Started from pretrained weights of {name}.").format(name=name), *notes],
    )


def _from_earlier(
    earlier: EarlierModel, class_names: list[str], hyperparameters: Hyperparameters
) -> BuiltModel:
    """All layers but the last one come from the earlier model.

    The last one comes from it only if the earlier model ends in a layer that can be trained (a vote
    of nearest neighbours cannot), and that layer was not fitted to the validation pictures, which
    would make the score too good. Rows of classes that stay are kept; those of others are new.
    """
    description = earlier.description
    architecture = description.timm_name.partition(".")[0]
    made, notes = _create(architecture, len(class_names), hyperparameters)
    weights = earlier.weights
    stored = load_file(weights) if isinstance(weights, Path) else load(weights)
    note = mark("Started from the model of {name} after epoch {epoch}.").format(
        name=earlier.name, epoch=description.epoch
    )
    old_names, new_rows = description.class_names, list[int]()
    if description.head == "nearest_neighbours":
        note += " " + mark("That model is a vote of nearest neighbours: the last layer is new.")
    elif description.has_seen_all:
        note += " " + mark(
            "That one was fitted to the validation pictures, too: the last layer is new."
        )
    elif not set(old_names) & set(class_names) or not _is_linear(made):
        note += " " + mark("Its classes are others: the last layer is new.")
    has_new_head = note.endswith("the last layer is new.")
    if has_new_head:
        stored = _with_head_of(made, stored)
    elif old_names != class_names:
        stored = _with_rows_of(made, stored, old_names, class_names)
        new_rows = [row for row, name in enumerate(class_names) if name not in old_names]
        note += _on_rows(old_names, class_names)
    made.load_state_dict(stored)
    return BuiltModel(
        made,
        mean=description.mean,
        std=description.std,
        earlier=earlier.name,
        has_new_head=has_new_head,
        new_rows=new_rows,
        notes=[note, *notes],
    )


def _is_linear(made: nn.Module) -> bool:
    """True if the last layer has one row for each class."""
    try:
        linear_head.of(made)
    except HeadNotLinearError:
        return False
    return True


def _on_rows(old_names: list[str], class_names: list[str]) -> str:
    """Remark on the rows of the last layer when the classes change."""
    new = [name for name in class_names if name not in old_names]
    gone = [name for name in old_names if name not in class_names]
    said = [mark("The last layer keeps the rows of the others.")] if new or gone else []
    if new:
        said.append(_counted(mark("New classes ({count}): {names}."), new))
    if gone:
        said.append(_counted(mark("Classes that are gone ({count}): {names}."), gone))
    return " ".join(["", *said])


def _counted(template: str, names: list[str]) -> str:
    return template.format(count=f"{len(names):,}", names=", ".join(names[:5]))


def _with_rows_of(
    made: nn.Module, stored: dict[str, Tensor], old_names: list[str], class_names: list[str]
) -> dict[str, Tensor]:
    """`stored` with a last layer for other classes: the rows that they had, or zeros."""
    changed = _with_head_of(made, stored)
    for name, own in changed.items():
        before = stored[name]
        if before is own:
            continue
        changed[name] = own = torch.zeros_like(own)
        for row, class_name in enumerate(class_names):
            if class_name in old_names:
                own[row] = before[old_names.index(class_name)]
    return changed


def _with_head_of(made: nn.Module, stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """`stored` with every tensor of its last layer replaced by those of `made`.

    A stored head may have tensors of other names (`fc.features`), so whole modules are replaced.
    """
    own = made.state_dict(keep_vars=True)
    of_head = {id(t) for t in blocks.last_layer(made).state_dict(keep_vars=True).values()}
    head: dict[str, torch.Tensor] = {n: t.detach() for n, t in own.items() if id(t) in of_head}
    modules = {name.rpartition(".")[0] for name in head}
    kept = {n: t for n, t in stored.items() if n.rpartition(".")[0] not in modules}
    return {**kept, **head}
