"""Versions of a data set: named, each with what it changes about the nearest one before."""

from pathlib import Path

import pytest

from automl.errors import DamagedFileError, UserError
from automl.experiments import launcher, store
from automl.figures import version_text
from automl.host import home
from automl.jobs import data_versions, job_file
from automl.jobs.corrections import Corrections

DATA = Path("/data/pets")
FIXED = Corrections(relabel={"cat/1.jpg": "dog", "cat/2.jpg": "dog"}, exclude=["cat/3.jpg"])


def kept(corrections: Corrections, data_hash: str = "a", name: str | None = None) -> str:
    return data_versions.keep(DATA, corrections, data_hash, by="ann", name=name).name


def test_each_set_of_corrections_is_a_version_that_knows_what_it_changes() -> None:
    more = FIXED.model_copy(update={"move": {"cat/4.jpg": "test"}, "notes": {"cat/5.jpg": "dark"}})
    assert [kept(Corrections()), kept(FIXED), kept(more)] == ["original", "v1", "v2"]
    assert kept(FIXED) == "v1"
    versions = data_versions.of(DATA)
    assert [(one.name, one.parent, one.by) for one in versions] == [
        ("original", None, "ann"),
        ("v1", "original", "ann"),
        ("v2", "v1", "ann"),
    ]
    changed = [version_text.changes(data_versions.changes_of(one, versions)) for one in versions]
    assert changed[1:] == [
        "2 pictures relabelled, 1 picture left out or taken back",
        "1 picture moved, 1 picture noted",
    ]


def test_other_pictures_at_the_same_place_are_another_version() -> None:
    assert kept(Corrections(), "a") == "original"
    assert kept(Corrections(), "b") == "v1"


def test_the_parent_is_the_version_that_differs_least() -> None:
    for corrections in (Corrections(), FIXED, Corrections(exclude=["x.jpg"])):
        kept(corrections, data_hash=str(corrections))
    kept(FIXED.model_copy(update={"notes": {"cat/1.jpg": "why?"}}), "e", "second look")
    assert data_versions.named(DATA, "second look").parent == "v1"


@pytest.mark.parametrize("name", ["original", "v1", "", "a/b", "x" * 41])
def test_a_name_that_is_taken_or_cannot_be_used_is_refused(name: str) -> None:
    kept(FIXED)
    with pytest.raises(UserError, match=r"already|cannot be called"):
        kept(Corrections(exclude=["b.jpg"]), name=name)
    assert len(data_versions.of(DATA)) == 1


def test_a_job_names_a_version_and_has_its_corrections(tmp_path: Path) -> None:
    data_versions.keep(tmp_path, FIXED, "a", by="ann", name="clean")
    job = job_file.load(tmp_path, ["data_version=clean"])
    assert job.corrections == FIXED
    directory = launcher.create(job.model_copy(update={"corrections": Corrections()}), name="e")
    assert store.load_job(directory).corrections == FIXED
    assert job_file.load(tmp_path, ["data_version=original"]).corrections == Corrections()
    with pytest.raises(UserError, match=r"no version tidy\. Choose one of clean"):
        job_file.load(tmp_path, ["data_version=tidy"])


def test_a_damaged_file_is_named() -> None:
    kept(FIXED)
    (file,) = home.versions_dir().glob("*.json")
    file.write_text("{")
    with pytest.raises(DamagedFileError, match=str(file)):
        data_versions.of(DATA)
