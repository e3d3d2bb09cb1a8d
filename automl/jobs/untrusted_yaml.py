"""YAML of strangers: plain data of a reasonable size, or an error, in a reasonable time."""

import re
from typing import Any

import yaml

MAX_BYTES = 1_000_000
MAX_NODES = 100_000
"""Keys and values, each counted as often as the text refers to it."""

_SURROGATES = re.compile("[\ud800-\udfff]")


def load(text: str) -> tuple[Any, yaml.Node | None]:
    """What the text says, and the nodes it was read from; None for no text.

    Raises:
        yaml.YAMLError: it is not YAML, or would grow or nest beyond reason.
    """
    if len(text) > MAX_BYTES:
        raise yaml.YAMLError(f"it is longer than {MAX_BYTES:,} characters")
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None, None
        if _size(root, {}) > MAX_NODES:
            raise yaml.YAMLError(f"its aliases make more than {MAX_NODES:,} values of it")
        return loader.construct_document(root), root
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None
    except ValueError as error:  # a number or a date that is none
        raise yaml.YAMLError(str(error)) from None
    finally:
        loader.dispose()


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Values below the node with every alias written out; a part of itself counts once.

    Raises:
        yaml.YAMLError: one is no text that could be stored.
    """
    if id(node) not in known:
        known[id(node)] = 1
        if isinstance(node, yaml.ScalarNode) and _SURROGATES.search(node.value):
            raise yaml.YAMLError(f"{node.value[:80]!a} holds half a character")
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            children = [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        known[id(node)] += sum(_size(child, known) for child in children)
    return known[id(node)]
