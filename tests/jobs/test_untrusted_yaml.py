import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from automl.jobs import untrusted_yaml


def loaded(text):
    content, _ = untrusted_yaml.load(text)
    return content


@pytest.mark.parametrize(
    "text",
    ["off", "on", "yes", "No", "y", "n", "012", "0o", "1:30", "190:20:30", "2024-01-01", "1_000"]
    + ["2024-01-01T10:00:00Z", "=", "0b11", "none", "None", "+", ".", "e3", "0x", "1.5.2"],
)
def test_a_plain_text_of_yaml_1_2_stays_text(text):
    assert loaded(f"key: {text}") == {"key": text}
    assert loaded(f"{text}: value") == {text: "value"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("FALSE", False), ("null", None), ("~", None), ("", None), ("12", 12)]
    + [("-3", -3), ("0", 0), ("0o14", 12), ("0x1F", 31), ("1e-3", 0.001), ("1.", 1.0), (".5", 0.5)]
    + [("-1.5E+2", -150.0), (".inf", math.inf), ("-.inf", -math.inf), ("2e3", 2000.0)],
)
def test_numbers_booleans_and_null_are_typed(text, value):
    content = loaded(f"key: {text}")["key"]
    assert content == value
    assert type(content) is type(value)


def test_nan_and_merge_keys_are_understood():
    assert math.isnan(loaded(".nan"))
    assert loaded("a: &a {x: 1}\nb: {<<: *a, y: 2}")["b"] == {"x": 1, "y": 2}


def test_text_can_be_kept_as_it_was_written():
    text = "a: {b: 1.50, c: [true, null, 0x1F], 012: ''}\nd: 1.50"
    content, _ = untrusted_yaml.load(text, keep_text=lambda root: [root.value[0][1]])
    assert content == {"a": {"b": "1.50", "c": ["true", "null", "0x1F"], "012": ""}, "d": 1.5}


@given(st.one_of(st.text(max_size=8), st.from_regex(r"[-+0-9.eExon:_~]{1,6}", fullmatch=True)))
def test_any_text_is_written_so_that_both_versions_of_yaml_read_it_as_text(text):
    written = untrusted_yaml.dump({text: text})
    assert loaded(written) == {text: text}
    assert yaml.safe_load(written) == {text: text}


@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.none()))
def test_any_value_is_written_so_that_both_versions_of_yaml_read_it_alike(value):
    written = untrusted_yaml.dump({"key": value})
    assert loaded(written) == {"key": value} == yaml.safe_load(written)
