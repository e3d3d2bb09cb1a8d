from pathlib import Path

import pytest

from automl.host import file_names


@pytest.mark.parametrize("name", ["a.png", "ä b-c_1", "console", ".hidden"])
def test_a_name_that_windows_allows_stays(name):
    assert file_names.portable(name) == name


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ('a:b?"<>|*', "a_b______"),
        ("a/b\\c", "a_b_c"),
        ("end. .", "end"),
        ("...", "_"),
        ("CON", "_CON"),
        ("lpt1.tar.gz", "_lpt1.tar.gz"),
        ("com¹ .txt", "_com¹ .txt"),
        ("本" * 100, "本" * 66),
        ("a" * 199 + " b", "a" * 199),
        ("line\nbreak\udcff", "line_break_"),
    ],
)
def test_a_name_that_windows_does_not_allow_becomes_a_similar_one(name, allowed):
    assert file_names.portable(name) == allowed


def test_the_home_of_the_user_is_not_told(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    assert file_names.without_home("/home/ann/a, '/home/ann/b'") == "~/a, '~/b'"
    assert file_names.without_home("/home/anna/a /srv/home/ann/a") == "/home/anna/a /srv/home/ann/a"
    assert Path(file_names.without_home("/home/ann/a")).expanduser() == Path("/home/ann/a")
