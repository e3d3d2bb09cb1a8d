"""Match the tensors of a checkpoint to those of a network, by name or by order. Pure."""

from collections.abc import Collection, Mapping, Sequence

Shapes = Mapping[str, tuple[int, ...]]
"""Name of a tensor -> its shape, in the order of the file or of the network."""

_COUNTER = "num_batches_tracked"
"""A batch norm counts its updates; old checkpoints leave it out, and predictions do not use it."""


def pairs(found: Shapes, expected: Shapes, head: Collection[str]) -> dict[str, str] | None:
    """Match a checkpoint with a network.

    Names decide where they are the same. Otherwise the order does, and then every tensor must also
    be of the same kind: the last part of its name says if it is a weight, a bias or a mean.

    Args:
        found: tensors of the checkpoint.
        expected: tensors of the network.
        head: those of its last layer, which may be missing, or have another number of rows.

    Returns:
        Name in the network -> name in the checkpoint, or None if they do not fit.
    """
    found, expected = _without_counters(found), _without_counters(expected)
    body = [name for name in expected if name not in head]
    if set(body) <= set(found) <= set(expected):
        candidates = [(name, name) for name in expected if name in found]
    else:
        candidates = _in_order(list(found), list(expected), body)
    fits = candidates and all(
        _shape(found[theirs], ours in head) == _shape(expected[ours], ours in head)
        for ours, theirs in candidates
    )
    return dict(candidates) if fits else None


def _in_order(
    found: Sequence[str], expected: Sequence[str], body: Sequence[str]
) -> list[tuple[str, str]]:
    names = next((names for names in (expected, body) if len(names) == len(found)), ())
    candidates = list(zip(names, found, strict=False))
    return candidates if all(_kind(a) == _kind(b) for a, b in candidates) else []


def _kind(name: str) -> str:
    return name.rpartition(".")[2]


def _shape(shape: tuple[int, ...], is_of_head: bool) -> tuple[int, ...]:
    return shape[1:] if is_of_head else shape


def _without_counters(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    return {name: shape for name, shape in shapes.items() if _kind(name) != _COUNTER}
