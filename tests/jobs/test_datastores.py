import pytest

from automl.jobs.datastores import from_options, locate

LONG = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/photos/paths/"


@pytest.mark.parametrize(
    "location",
    [
        f"{LONG}a/1.png",
        "azureml://datastores/photos/paths/a/1.png",
        "AzureML://datastores/photos/paths//a/1.png",
        "AmlDatastore://photos/a/1.png",
        "AmlDatastore://a/1.png",
    ],
)
def test_every_way_to_write_it_leads_to_the_place(location):
    assert locate(location, {"photos": "/mine"}) == "/mine/a/1.png"
    assert locate(location, {"photos": "s3://bucket/p/"}) == "s3://bucket/p/a/1.png"


def test_the_longest_folder_that_is_mapped_counts():
    places = {"photos": "/all", "photos/2024/cats": "/cats", "photos/2024": "/year"}
    assert locate(f"{LONG}2024/cats/1.png", places) == "/cats/1.png"
    assert locate(f"{LONG}2024/catsuits/1.png", places) == "/year/catsuits/1.png"
    assert locate(f"{LONG}1.png", places) == "/all/1.png"


@pytest.mark.parametrize("location", ["a/1.png", "/a", "https://a/datastores/b/paths/c", ""])
def test_what_is_in_no_datastore_is_left_alone(location):
    assert locate(location, {}) is None


@pytest.mark.parametrize("location", [f"{LONG}a.png", "AmlDatastore://photos/a.png"])
def test_a_datastore_without_place_says_how_to_map_it(location):
    with pytest.raises(ValueError, match=r"datastores: \{photos: /that/folder\}.*--datastore"):
        locate(location, {"x": "/x", "y": "/y"})


@pytest.mark.parametrize("path", ["../a.png", "a/../../b.png", "..\\a.png"])
@pytest.mark.parametrize("place", ["/mine", "s3://bucket"])
def test_no_way_leads_out_of_a_datastore(path, place):
    with pytest.raises(ValueError, match="leads out of its datastore"):
        locate(LONG + path, {"photos": place})


def test_places_on_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = from_options(["a=x/y", "b/c=s3://bucket", "d=/e=f"])
    assert found == {"a": str(tmp_path / "x/y"), "b/c": "s3://bucket", "d": "/e=f"}


@pytest.mark.parametrize("option", ["a", "=x", "a=", ""])
def test_a_place_without_name_or_name_without_place_is_refused(option):
    with pytest.raises(ValueError, match="Write it as name=folder"):
        from_options([option])
