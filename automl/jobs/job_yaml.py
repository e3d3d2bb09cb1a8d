"""Read a job from YAML: its content, and the line of every key for the errors."""

from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from automl.jobs import untrusted_yaml
from automl.jobs.job_errors import JobError, Place, Problem, dotted
from automl.texts import mark

_TEXT_SECTIONS = ("corrections",)
"""Sections of a job that hold labels and names of pictures: every scalar in them is text."""


def parse(text: str) -> tuple[dict[str, Any], dict[Place, int], list[str]]:
    """Return the content of a job file, the line of every key, and a note on each repeated key.

    Of a key that occurs twice the last counts, as for Azure.

    Raises:
        JobError: the text is not YAML or not a mapping.
    """
    try:
        data, root = untrusted_yaml.load(text, keep_text=_text_sections)
    except yaml.YAMLError as error:
        at = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error) or mark("it cannot be parsed")
        line = at.line + 1 if at else None
        problem = Problem(key="job", line=line, message=mark(f"This is not valid YAML: {reason}."))
        raise JobError([problem]) from None
    if not isinstance(data, dict):
        message = mark("A job is a mapping of keys to values, starting with type: automl.")
        raise JobError([Problem(key="job", line=1, message=message)])
    assert root is not None  # a mapping has a node
    lines: dict[Place, int] = {}
    notes = []
    for place, line in _lines(root, ()):
        if place in lines:
            twice = mark("{key} is there twice, in lines {first} and {last}: the last counts.")
            notes.append(twice.format(key=dotted(place), first=lines[place], last=line))
            inside = [other for other in lines if other[: len(place)] == place]
            for other in inside:  # a section is replaced as a whole
                del lines[other]
        lines[place] = line
    return data, lines, notes


def parse_value(text: str, place: Place) -> Any:
    """Return the value of one key of a job, written as YAML.

    Raises:
        yaml.YAMLError: the text is not YAML.
    """
    if place[:1] and place[0] in _TEXT_SECTIONS:
        value, _ = untrusted_yaml.load(text, keep_text=lambda root: [root])
    else:
        value, _ = untrusted_yaml.load(text)
    return value


def _text_sections(root: yaml.Node) -> Iterable[yaml.Node]:
    if not isinstance(root, yaml.MappingNode):
        return []
    # an alias of a scalar would otherwise become a text elsewhere too
    return [
        section
        for key, section in root.value
        if key.value in _TEXT_SECTIONS and not isinstance(section, yaml.ScalarNode)
    ]


def _lines(
    node: yaml.Node, place: Place, above: tuple[yaml.Node, ...] = ()
) -> Iterator[tuple[Place, int]]:
    if node in above:
        message = mark("A part of the file refers to itself. Write it out.")
        raise JobError([Problem(key="job", line=above[-1].start_mark.line + 1, message=message)])
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, key.value), key.start_mark.line + 1
            yield from _lines(value, (*place, key.value), (*above, node))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*place, index), value.start_mark.line + 1
            yield from _lines(value, (*place, index), (*above, node))
