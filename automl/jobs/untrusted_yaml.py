"""Load untrusted YAML: only plain data, with bounded size, depth and time.

Plain scalars follow the core schema of YAML 1.2. PyYAML's own rules are those of YAML 1.1, which
turn `off` and `no` into False, `1:30` into 90, `012` into 10 and `2024-01-01` into a date: values
and labels that a user means as text. There is one exception from YAML 1.2: a number with leading
zeros stays text, so that a label `012` keeps its zero; a number field still reads it as 12.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

import yaml

from automl.errors import short
from automl.texts import mark

MAX_BYTES = 1_000_000
MAX_NODES = 100_000
"""Keys and values; a part that aliases refer to counts once for each of them."""

_MAX_DEPTH = 100
_SURROGATES = re.compile("[\ud800-\udfff]")
_STR = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_CORE_SCHEMA = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("merge", r"<<", "<"),
)
"""Type, pattern of the whole scalar, first characters; the first pattern that matches counts."""

_TYPED = {f"tag:yaml.org,2002:{name}" for name in ("bool", "null", "int", "float")}


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the scalars of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node; PyYAML takes a second for a thousand brackets without an end."""
        if self._depth > _MAX_DEPTH:
            raise RecursionError
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put in the keys of `<<` that the mapping does not have itself."""
        own = [key.value for key, _ in node.value if key.tag != _MERGE]
        super().flatten_mapping(node)  # it puts the merged keys first, the decisive ones last
        num_merged = len(node.value) - len(own)
        merged = {key.value: (key, value) for key, value in node.value[:num_merged]}
        inherited = [pair for name, pair in merged.items() if name not in own]
        node.value = [*inherited, *node.value[num_merged:]]


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper; it quotes a text that either version of YAML would read otherwise."""


for _name, _pattern, _first in _CORE_SCHEMA:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(
            f"tag:yaml.org,2002:{_name}", re.compile(rf"(?:{_pattern})\Z"), list(_first)
        )


def load(
    text: str, *, keep_text: Callable[[yaml.Node], Iterable[yaml.Node]] = lambda _: ()
) -> tuple[Any, yaml.Node | None]:
    """Return the content of a text, and the nodes it was built from; None for an empty text.

    Args:
        text: YAML from anywhere.
        keep_text: takes the root and returns the nodes below which every scalar stays the text
            that was written, such as `1.50`, `null` or `true`.

    Raises:
        yaml.YAMLError: the text is not YAML, or too large, or nested too deeply.
    """
    if len(text) > MAX_BYTES:
        raise yaml.YAMLError(mark(f"it is longer than {MAX_BYTES:,} characters"))
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None, None
        if _size(root, {}) > MAX_NODES:
            raise yaml.YAMLError(mark(f"its aliases make more than {MAX_NODES:,} values of it"))
        for node in keep_text(root):
            _retag_as_text(node, set())
        return loader.construct_document(root), root
    except RecursionError:
        raise yaml.YAMLError(mark("it is nested too deeply")) from None
    except ValueError as error:  # a number or a date with an explicit tag that is invalid
        raise yaml.YAMLError(str(error)) from None
    finally:
        loader.dispose()


def dump(content: dict[str, Any]) -> str:
    """Return plain data as YAML that YAML 1.1 and 1.2 read alike, keys in the order given."""
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    if "\x85" not in text:
        return text
    # PyYAML writes this character as it is, but reads it as the end of a line
    escaped: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False)
    return escaped


def _retag_as_text(node: yaml.Node, visited: set[int]) -> None:
    """Make every scalar below the node a string; an empty one and quoted ones stay as they are."""
    if id(node) in visited:  # aliases share a node, and a node may contain itself
        return
    visited.add(id(node))
    if isinstance(node, yaml.ScalarNode) and node.tag in _TYPED and node.value:
        node.tag = _STR
    for child in _children(node):
        _retag_as_text(child, visited)


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Return the number of values below a node, aliases written out.

    Args:
        node: where to start; a part that contains itself counts once.
        known: sizes of the nodes that were counted before, by id.

    Raises:
        yaml.YAMLError: a text has half a character, which no file can store.
    """
    if id(node) not in known:
        known[id(node)] = 1
        if isinstance(node, yaml.ScalarNode) and _SURROGATES.search(node.value):
            raise yaml.YAMLError(mark(f"{short(node.value)} holds half a character"))
        known[id(node)] += sum(_size(child, known) for child in _children(node))
    return known[id(node)]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []
