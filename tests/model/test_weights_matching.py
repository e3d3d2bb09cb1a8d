import pytest

from automl.model.weights_matching import pairs

EXPECTED = {
    "conv.weight": (8, 3, 3, 3),
    "bn.weight": (8,),
    "bn.bias": (8,),
    "bn.running_mean": (8,),
    "bn.num_batches_tracked": (),
    "fc.weight": (1000, 8),
    "fc.bias": (1000,),
}
HEAD = ("fc.weight", "fc.bias")


def renamed(**shapes: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """The network under other names, in the same order."""
    names = {name: f"my_{name}" for name in EXPECTED}
    return {names[name]: shapes.get(name, shape) for name, shape in EXPECTED.items()}


def test_the_same_names_match_in_any_order() -> None:
    found = dict(reversed(EXPECTED.items()))
    assert pairs(found, EXPECTED, HEAD) == {
        name: name for name in EXPECTED if name != "bn.num_batches_tracked"
    }


def test_other_names_match_in_order() -> None:
    found = pairs(renamed(), EXPECTED, HEAD)
    assert found is not None
    assert found["conv.weight"] == "my_conv.weight"
    assert found["fc.bias"] == "my_fc.bias"


def test_other_names_do_not_match_when_the_order_of_the_kinds_differs() -> None:
    """All tensors of a batch norm have the same shape: by shape alone they would be mixed up."""
    names = list(renamed())
    names[1], names[2] = names[2], names[1]
    shapes = renamed()
    assert pairs({name: shapes[name] for name in names}, EXPECTED, HEAD) is None


@pytest.mark.parametrize("prefix", ["", "my_"])
def test_the_last_layer_may_have_other_classes_or_be_missing(prefix: str) -> None:
    found = {f"{prefix}{name}": shape for name, shape in EXPECTED.items()}
    of_ten = {**found, f"{prefix}fc.weight": (10, 8), f"{prefix}fc.bias": (10,)}
    headless = {name: shape for name, shape in found.items() if "fc" not in name}
    assert len(pairs(of_ten, EXPECTED, HEAD) or ()) == 6
    assert len(pairs(headless, EXPECTED, HEAD) or ()) == 4


@pytest.mark.parametrize(
    "found",
    [
        {},
        {**EXPECTED, "conv.weight": (8, 3, 5, 5)},
        {**EXPECTED, "fc.weight": (1000, 9)},
        {**EXPECTED, "more.weight": (1,)},
        {name: shape for name, shape in EXPECTED.items() if name != "conv.weight"},
    ],
)
def test_another_network_does_not_match(found: dict[str, tuple[int, ...]]) -> None:
    assert pairs(found, EXPECTED, HEAD) is None


def test_the_counters_of_batch_norms_do_not_matter() -> None:
    without = {name: shape for name, shape in EXPECTED.items() if shape != ()}
    assert pairs(without, EXPECTED, HEAD) == pairs(EXPECTED, EXPECTED, HEAD)
