"""Pictures without a label, and the table in which they get one."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from automl.cli import cli
from automl.dataset import data_roots, labels_file, manifest, unlabelled
from automl.errors import DataError
from automl.evaluation.label_next import Suggestion
from automl.jobs.job import Job


def picture(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((16, 16)).convert("RGB").point(
        lambda value: value // 2 + colour[0]
    ).save(file, "PNG")
    return file.getvalue()


PICTURES = {f"in/{shade}.png": picture((shade, 0, 0)) for shade in (10, 60, 110)}


@pytest.fixture(params=["folder", "zip", "tar"])
def place(request, tmp_path: Path) -> Path:
    """Three pictures, one of them twice, and a file that is none."""
    contents = {**PICTURES, "copy.png": PICTURES["in/10.png"], "notes.txt": b"notes"}
    if request.param == "folder":  # a name that is no text
        contents["\udcff.png"] = PICTURES["in/10.png"] + b"."
    path = tmp_path / f"new.{request.param}"
    if request.param == "folder":
        for name, content in contents.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    elif request.param == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(path, "w") as archive:
            for name, content in contents.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


def test_a_folder_and_archives_have_the_same_pictures(place):
    found, num_unreadable = unlabelled.find(place)
    assert (len(found), num_unreadable) == (3, 0)
    rest = unlabelled.find(place, but=found["content_hash"].tolist()[:1]).samples
    assert len(rest) == 2
    before = unlabelled.version(place)
    if place.is_dir():
        (place / "in" / "broken.png").write_bytes(b"no picture")
        assert unlabelled.find(place).num_unreadable == 1
    else:
        place.write_bytes(place.read_bytes() + b" ")
    assert unlabelled.version(place) != before


def test_labelled_pictures_belong_to_the_data(place, shapes):
    found = unlabelled.find(place).samples["path"].tolist()
    add = dict(zip(found, ["red", "violet", "violet"], strict=True))
    job = Job.from_dict({"training_data": {"path": shapes}, "corrections": {"add": add}})
    before = manifest.look(job.model_copy(update={"corrections": type(job.corrections)()}))
    after = manifest.look(job)
    assert after.report.num_images == before.report.num_images + 3
    assert after.report.classes["violet"] == 2
    assert after.report.data_hash != before.report.data_hash
    assert set(after.samples.query("label == 'violet'")["split"]) <= {"train", "validation"}
    assert "3 pictures were added." in " ".join(each.message for each in after.report.findings)
    with pytest.raises(DataError, match="outside of the folders"):
        data_roots.check_job(job.model_copy(update={"corrections": outside(job)}))


def outside(job: Job):
    return job.corrections.model_copy(update={"add": {"/proc/x.zip::a.png": "red"}})


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("none", None, "no folder or archive"),
        ("broken.zip", b"PK", "cannot be read"),
        ("new.tar.gz", b"\x1f\x8b", "neither a folder nor"),
    ],
)
def test_a_place_without_pictures_is_refused(tmp_path, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        unlabelled.find(tmp_path / name)


def test_a_place_that_is_not_there_is_refused_before_the_experiment_is_looked_for(tmp_path):
    result = CliRunner().invoke(cli, ["label-next", "nobody", "--from", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert f"There is no folder or archive {tmp_path / 'none'}." in result.stderr


def test_a_member_that_is_gone_is_a_problem_of_the_picture(tmp_path, shapes):
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as archive:
        archive.writestr("a.png", b"nothing")
    add = {f"{tmp_path}/new.zip::gone.png": "red"}
    job = Job.from_dict({"training_data": {"path": shapes}, "corrections": {"add": add}})
    problems = manifest.look(job).samples["problem"].dropna().tolist()
    assert problems == ["The archive has no member 'gone.png'."]


def test_a_table_is_filled_in_any_program(tmp_path):
    path = tmp_path / "next.csv"
    places = ["/new/a.png", "/new/b;c.png", "/new/d.png"]
    labels_file.write(path, [Suggestion(path=each, guess="=1+1", why="unsure") for each in places])
    assert ",'=1+1," in path.read_text()  # no formula
    with pytest.raises(DataError, match="no label yet"):
        labels_file.read(path)
    path.write_text(path.read_text().replace("a.png,", "a.png, dog ").replace("c.png,", "c.png,ä"))
    assert labels_file.read(path) == {"/new/a.png": "dog", "/new/b;c.png": "ä"}
    path.write_bytes("﻿label;path\r\ncat;/new/a.png\r\n".encode())
    assert labels_file.read(path) == {"/new/a.png": "cat"}
    path.write_text('path,label\n/a.png,"[""cat"", ""dog""]"\n/b.png,[]\n/c.png,\n')
    assert labels_file.read(path, has_label_sets=True) == {"/a.png": ["cat", "dog"], "/b.png": []}
    path.write_text('path,label\n/a.png,"cat,cat"\n')
    with pytest.raises(DataError, match="The row of /a.png in .* has the label 'cat' 2 times"):
        labels_file.read(path, has_label_sets=True)
    for row, sentence in (("/new/\0.png,cat", "no file can be called"), ("a,c\0t", "invisible")):
        path.write_text(f"path,label\n{row}\n")
        with pytest.raises(DataError, match=sentence):
            labels_file.read(path)
    path.write_text("file,label\na.png,cat\n")
    with pytest.raises(DataError, match="no column path"):
        labels_file.read(path)
