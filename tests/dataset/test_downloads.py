import os
import sys
import time
from pathlib import Path

import fsspec
import pytest

from automl.dataset import downloads
from automl.dataset.downloads import check_driver, fetch, path_of
from automl.errors import DataError

pytestmark = pytest.mark.usefixtures("private_allowed")


@pytest.fixture
def memory():
    """Another place than this machine, with a driver that is always installed."""
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_a_picture_is_downloaded_once(website):
    website.files["/a.png?x=1"] = b"one"
    url = f"{website.url}/a.png?x=1"
    assert fetch([url, url]) == {}
    assert fetch([url]) == {}
    assert path_of(url).read_bytes() == b"one"
    assert path_of(url).name == "a.png"
    assert website.asked == ["/a.png?x=1"]


def open_files(folder: Path) -> list[str]:
    """Files below a folder that this process has open."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(descriptor.readlink()))
        except FileNotFoundError:
            continue  # the descriptor of the listing itself
    return [path for path in found if path.startswith(str(folder))]


@pytest.mark.skipif(sys.platform != "linux", reason="lists open files in /proc")
def test_no_file_stays_open_after_a_download(website, home):
    website.files |= {f"/{number}.png": b"one" for number in range(20)}
    good = [website.url + path for path in website.files]
    bad = [f"{website.url}/404?{number}" for number in range(20)]
    assert list(fetch(good + bad)) == bad
    assert open_files(home) == []
    assert not list(home.rglob("*.partial"))


def test_what_a_killed_download_left_is_removed_by_the_next_one(website):
    website.files["/a.png"] = b"one"
    target = path_of(f"{website.url}/a.png")
    target.parent.mkdir(parents=True)
    for name, age in (("old.partial", 7200), ("new.partial", 0)):
        (target.parent / name).touch()
        os.utime(target.parent / name, (time.time() - age,) * 2)
    fetch([f"{website.url}/a.png"])
    assert sorted(path.name for path in target.parent.iterdir()) == ["a.png", "new.partial"]


def test_urls_that_differ_only_behind_the_question_mark_are_different_pictures(website):
    assert path_of(f"{website.url}/a.png?x=1") != path_of(f"{website.url}/a.png?x=2")


@pytest.mark.parametrize(
    "url", ["https://a.b/", "https://a.b/..", "https://a.b/%2e%2e%2fx", "https://a.b/" + "é" * 300]
)
def test_the_file_of_any_url_lies_in_the_cache(home, url):
    path = path_of(url)
    assert path.resolve().is_relative_to(home / "cache" / "remote")
    assert len(path.name.encode()) <= 255


def test_what_fails_is_told_and_tried_again_the_next_time(website):
    url = f"{website.url}/a.png?token=secret"
    assert fetch([url]) == {
        url: f"The address {website.url}/a.png was answered with 404 Not Found."
    }
    website.files["/a.png?token=secret"] = b"one"
    assert fetch([url]) == {}


@pytest.mark.parametrize("scheme", ["http", "HTTP", "Http"])
def test_our_own_network_is_not_read_however_the_scheme_is_written(website, monkeypatch, scheme):
    monkeypatch.delenv("AUTOML_ALLOW_PRIVATE_URLS")
    website.files["/a.png"] = b"secret"
    url = website.url.replace("http", scheme) + "/a.png"
    assert "inside of a private network" in fetch([url])[url]
    assert website.asked == []


def test_nothing_half_is_left_behind(website, home):
    website.files["/cut/a.png"] = b"half"
    url = f"{website.url}/cut/a.png"
    assert "cut off" in fetch([url])[url]
    assert not [path for path in (home / "cache" / "remote").rglob("*") if path.is_file()]


def test_a_picture_that_is_too_large_is_left(website, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_PICTURE_BYTES", 10)
    website.files["/a.png"] = b"x" * 11
    url = f"{website.url}/a.png"
    assert "is larger than" in fetch([url])[url]
    assert not path_of(url).exists()


def test_all_together_are_bounded(website, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_BYTES", 10)
    monkeypatch.setattr(downloads, "_THREADS", 1)
    urls = [f"{website.url}/{number}.png" for number in range(4)]
    website.files = {f"/{number}.png": b"x" * 6 for number in range(4)}
    problems = fetch(urls)
    assert list(problems) == urls[1:]
    assert "all together are larger" in problems[urls[1]]
    assert "was not tried" in problems[urls[3]]


def test_a_picture_that_takes_too_long_is_left(website, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_SECONDS", -1.0)
    website.files["/a.png"] = b"one"
    url = f"{website.url}/a.png"
    assert fetch([url]) == {url: f"The address {url} was not answered in time."}


def test_a_server_that_does_not_answer_is_not_asked_for_ever(monkeypatch):
    monkeypatch.setattr(downloads, "_THREADS", 1)
    urls = [f"http://127.0.0.1:1/{number}.png" for number in range(20)]
    problems = list(fetch(urls).values())
    assert "could not be downloaded" in problems[0]
    assert problems[-1] == "http://127.0.0.1:1/19.png was not tried: 127.0.0.1:1 does not answer."


def test_pictures_that_are_not_there_do_not_stop_the_others(website, monkeypatch):
    monkeypatch.setattr(downloads, "_THREADS", 1)
    website.files["/a.png"] = b"one"
    urls = [f"{website.url}/{number}.jpg" for number in range(20)] + [f"{website.url}/a.png"]
    assert list(fetch(urls)) == urls[:-1]


def test_progress_counts_what_is_not_here_yet(website):
    website.files = {f"/{number}.png": b"x" for number in range(3)}
    urls = [f"{website.url}/{number}.png" for number in range(3)]
    fetch(urls[:1])
    seen = []
    fetch(urls, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_other_places_are_read_through_their_driver(memory):
    memory.pipe("/photos/a.png", b"one")
    problems = fetch(["memory://photos/a.png", "memory://photos/b.png"])
    assert path_of("memory://photos/a.png").read_bytes() == b"one"
    assert list(problems) == ["memory://photos/b.png"]


@pytest.mark.parametrize(
    ("scheme", "module", "package"),
    [("s3", "s3fs", "s3fs"), ("gs", "gcsfs", "gcsfs"), ("abfss", "adlfs", "adlfs")],
)
def test_a_missing_driver_is_named(monkeypatch, scheme, module, package):
    monkeypatch.setitem(sys.modules, module, None)  # importing it fails
    with pytest.raises(DataError, match=f"{scheme}: takes the package {package}.*pip install"):
        check_driver(scheme)


def test_what_a_driver_lacks_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "paramiko", None)
    monkeypatch.delitem(sys.modules, "fsspec.implementations.sftp", raising=False)
    with pytest.raises(DataError, match="pip install paramiko"):
        check_driver("sftp")


def test_an_unknown_scheme_is_refused():
    with pytest.raises(DataError, match="gopher: is not a kind of URL"):
        check_driver("gopher")
