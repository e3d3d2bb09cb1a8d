from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.dataset import downloads
from automl.dataset.locations import Surroundings, find, find_file
from automl.errors import DataError

AZURE = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/photos/paths/a/1.png"


@pytest.fixture
def around(tmp_path):
    return Surroundings(tmp_path, datastores={})


@pytest.fixture
def fenced(tmp_path):
    (tmp_path / "data").mkdir()
    return Surroundings(tmp_path / "data", datastores={}, fence=(tmp_path / "data").resolve())


def found(location: str, around: Surroundings) -> str:
    return find([location], ["Row 2 of a.csv"], around, download=False).paths[0]


def test_relative_paths_are_relative_to_the_folder(around, tmp_path):
    assert found("cat/1.png", around) == str(tmp_path / "cat" / "1.png")
    assert found("./cat/1.png", around) == str(tmp_path / "cat" / "1.png")


@pytest.mark.parametrize("url", ["/data/a b.png", "file:///data/a%20b.png", "file:/data/a%20b.png"])
def test_absolute_paths_stay(around, url):
    assert found(url, around) == "/data/a b.png"


def test_a_percent_sign_in_a_path_is_part_of_it(around, tmp_path):
    assert found("100%25.png", around) == str(tmp_path / "100%25.png")


def test_windows_separators_are_understood_where_there_is_no_such_file(around, tmp_path):
    assert found("cat\\1.png", around) == str(tmp_path / "cat" / "1.png")
    (tmp_path / "cat\\1.png").touch()
    assert found("cat\\1.png", around) == str(tmp_path / "cat\\1.png")


@pytest.mark.usefixtures("private_allowed")
def test_pictures_elsewhere_are_downloaded_and_failures_told(website, around):
    website.files["/a.png"] = b"one"
    urls = [f"{website.url}/a.png", f"{website.url}/b.png", "c.png"]
    result = find(urls, ["x", "y", "z"], around)
    assert Path(result.paths[0]).read_bytes() == b"one"
    assert result.problems == [
        None,
        f"The address {website.url}/b.png was answered with 404 Not Found.",
        None,
    ]


def test_nothing_is_downloaded_unless_asked_for(website, around):
    assert found(f"{website.url}/a.png", around) == str(downloads.path_of(f"{website.url}/a.png"))
    assert website.asked == []


def test_a_datastore_is_replaced_by_its_place(tmp_path):
    around = Surroundings(tmp_path, datastores={"photos": "/mine"})
    assert found(AZURE, around) == "/mine/a/1.png"
    around = Surroundings(tmp_path, datastores={"photos": "https://example.org/p"})
    assert found(AZURE, around) == str(downloads.path_of("https://example.org/p/a/1.png"))


def test_the_place_of_a_datastore_may_be_a_file_url(tmp_path):
    around = Surroundings(tmp_path, datastores={"photos": "file:///mine"})
    assert found(AZURE, around) == "/mine/a/1.png"


def test_a_datastores_path_holds_no_second_url(tmp_path):
    around = Surroundings(tmp_path, datastores={"photos": "memory://mine"})
    with pytest.raises(DataError, match="rights of this machine"):
        found(AZURE + "::file:///etc/passwd", around)


def test_a_datastore_without_a_place_is_one_sentence(around):
    with pytest.raises(DataError, match=r"datastore photos.*--datastore photos=/that/folder"):
        found(AZURE, around)


@pytest.mark.parametrize("url", ["gopher://a/b.png", "s4://a/b.png"])
def test_an_unknown_kind_of_url_is_refused(around, url):
    with pytest.raises(DataError, match="is not a kind of URL that can be read"):
        found(url, around)


def test_urls_within_urls_are_refused(around):
    with pytest.raises(DataError, match="rights of this machine"):
        found("zip://a.png::/etc/secret.zip", around)


odd = st.sampled_from(
    ["file:", "http://", "azureml://", "datastores/d/paths/", "AmlDatastore://", "%00", "[", "]"]
    + ["..", "/", "\\", "::", "%2e", "?", "#", "@", ":", "\n", " ", "é", "x" * 300, "a.png"]
)


@given(st.lists(odd, max_size=5).map("".join), st.booleans())
def test_any_text_is_a_path_or_refused_with_a_sentence(location, is_fenced):
    folder = Path("/data")
    around = Surroundings(folder, {"d": "/mine", "e": "s3://b"}, folder if is_fenced else None)
    try:
        path = found(location, around)
    except DataError:
        return
    assert "\0" not in path
    assert Path(path).is_absolute()


@pytest.mark.parametrize(
    "location", ["/etc/passwd", "../x.png", "a/../../x.png", "file:///etc/passwd", "..\\x.png"]
)
def test_behind_the_fence_nothing_outside_is_read(fenced, location):
    with pytest.raises(DataError, match=r"Row 2 of a\.csv names a file outside of the data"):
        found(location, fenced)


def test_behind_the_fence_a_link_out_of_it_is_refused(fenced, tmp_path):
    (tmp_path / "secret.png").touch()
    (tmp_path / "data" / "a.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(DataError, match="outside of the data"):
        found("a.png", fenced)


@pytest.mark.parametrize("url", ["s3://bucket/a.png", "local:///etc/passwd", "memory://a.png"])
def test_behind_the_fence_our_credentials_are_not_used(fenced, url):
    with pytest.raises(DataError, match="rights of this machine"):
        found(url, fenced)


def test_behind_the_fence_the_web_and_mapped_datastores_stay_open(fenced):
    around = Surroundings(fenced.folder, {"photos": "/mine"}, fenced.fence)
    assert found(AZURE, around) == "/mine/a/1.png"
    url = "https://example.org/a.png"
    assert found(url, around) == str(downloads.path_of(url))
    assert found("cat/1.png", around) == str(fenced.folder / "cat" / "1.png")


def test_a_single_file_must_be_there(around, tmp_path):
    (tmp_path / "a.jsonl").touch()
    assert find_file("a.jsonl", "MLTable", around) == tmp_path / "a.jsonl"
    for name in ("b.jsonl", "x" * 5000, "."):
        with pytest.raises(DataError, match="there is no file"):
            find_file(name, "MLTable", around)


@pytest.mark.usefixtures("private_allowed")
def test_a_single_file_that_cannot_be_downloaded_is_an_error(website, around):
    with pytest.raises(DataError, match="404"):
        find_file(f"{website.url}/a.jsonl", "MLTable", around)


def test_a_container_outside_of_the_fence_is_refused(tmp_path):
    (tmp_path / "other.tar").write_bytes(b"")
    (tmp_path / "data").mkdir()
    around = Surroundings(tmp_path / "data", {}, fence=(tmp_path / "data").resolve())
    location = f"{tmp_path}/other.tar::/../data/1.png"  # as a plain path, it leads back inside
    with pytest.raises(DataError, match="outside of the data"):
        find([location], ["Row 1"], around)
