import contextlib
import io
import os
import random
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from automl.dataset import walk
from automl.errors import PredictionError
from automl.host.cores import usable_cores
from automl.prediction import input_pictures
from automl.prediction.inference import Failure, Predictor
from tests.serving.conftest import picture, write_model


def paint(path, colour="red"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(colour))
    return path


def names(*paths):
    return [each.name for each in input_pictures.find(paths)]


def test_files_folders_and_archives_are_found_in_the_order_they_are_given(tmp_path):
    single = paint(tmp_path / "z.png")
    first, second = paint(tmp_path / "in" / "b.png"), paint(tmp_path / "in" / "a" / "c.jpg")
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    archive = tmp_path / "more.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("x/y.png", picture("red"))
        file.writestr("x/notes.txt", "no picture")
        file.writestr("__MACOSX/x/y.png", "no picture")
        file.writestr(".hidden/y.png", "no picture")
    found = names(single, tmp_path / "in", archive, tmp_path / "gone.png")
    assert found == [
        *map(str, (single, first, second)),
        f"{archive}/x/y.png",
        f"{tmp_path}/gone.png",
    ]


def test_a_folder_is_read_as_the_dataset_reader_reads_it(tmp_path):
    for name in ("b.png", "a.png", "deep/er/c.JPG", ".hidden/d.png", "__MACOSX/e.png", "bare"):
        paint(tmp_path / "in" / name)
    outside = paint(tmp_path / "outside" / "f.png")
    (tmp_path / "in" / "link.png").symlink_to(outside)
    (tmp_path / "in" / "inner.png").symlink_to(tmp_path / "in" / "a.png")
    listed = [tmp_path.joinpath("in", *parts) for parts in walk.walk(tmp_path / "in").pictures]
    found = list(walk.pictures_below(tmp_path / "in"))
    assert sorted(found) == sorted(listed)
    assert [path.name for path in found] == ["a.png", "b.png", "bare", "inner.png", "c.JPG"]


def test_names_that_are_no_text_and_names_that_would_be_formulas_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    odd = os.fsdecode(b"in/bad\xff\xfe.png")
    paint(tmp_path / "in" / "ok.png").rename(tmp_path / odd)
    paint(tmp_path / "=cmd|'calc'.png")
    assert names(Path("in"), Path("=cmd|'calc'.png")) == [odd, "./=cmd|'calc'.png"]


@pytest.mark.parametrize("suffix", ["tar", "tar.gz"])
def test_members_of_a_tar_file_keep_their_content(tmp_path, suffix):
    archive = tmp_path / f"set.{suffix}"
    with tarfile.open(archive, "w:gz" if suffix.endswith("gz") else "w") as file:
        for colour in ("green", "blue"):
            info = tarfile.TarInfo(f"{colour}.png")
            info.size = len(picture(colour))
            file.addfile(info, io.BytesIO(picture(colour)))
    predictor = Predictor(write_model(tmp_path / "model"))
    rows = input_pictures.answered(predictor, input_pictures.find([archive]))
    labels = {each.name: predictor.prediction(row).label for each, row in rows}
    assert labels == {f"{archive}/green.png": "green", f"{archive}/blue.png": "blue"}


def test_pictures_inside_of_a_table_are_named_by_their_locations(tmp_path):
    table = tmp_path / "a.parquet"
    pq.write_table(pa.table({"image": [picture("green"), picture("blue")]}), table)
    locations = [Path(f"{table}::image/{row}") for row in (1, 0, 2)]
    predictor = Predictor(write_model(tmp_path / "model"))
    (_, blue), (_, green), (_, missing) = input_pictures.answered(
        predictor, input_pictures.find(locations)
    )
    assert [predictor.prediction(row).label for row in (blue, green)] == ["blue", "green"]
    assert isinstance(missing, Failure)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.npz"])
def test_all_pictures_inside_of_a_table_are_found(tmp_path, name):
    path = tmp_path / name
    table = pa.table({"image": [picture("green"), picture("blue")], "label": [0, 1]})
    if name.endswith("arrow"):
        with pa.ipc.new_file(path, table.schema) as file:
            file.write_table(table)
    elif name.endswith("npz"):
        colours = np.array([[[[0, 255, 0]] * 4] * 4, [[[0, 0, 255]] * 4] * 4], np.uint8)
        np.savez(path, image=colours, label=[0, 1])
    else:
        pq.write_table(table, path)
    predictor = Predictor(write_model(tmp_path / "model"))
    for given in (path, tmp_path):  # the file, and a folder of nothing but such files
        rows = list(input_pictures.answered(predictor, input_pictures.find([given])))
        assert [each.name for each, _ in rows] == [f"{path}::image/{row}" for row in (0, 1)]
        assert [predictor.prediction(row).label for _, row in rows] == ["green", "blue"]
        assert input_pictures.count([given]) is None
    (tmp_path / "c.png").write_bytes(picture("red"))
    assert input_pictures.count([tmp_path, tmp_path / "c.png"]) == 2


def test_a_table_without_pictures_is_a_sentence(tmp_path):
    pq.write_table(pa.table({"label": [0, 1]}), tmp_path / "a.parquet")
    with pytest.raises(PredictionError, match=r"a.parquet has no column of pictures"):
        names(tmp_path / "a.parquet")


@pytest.mark.parametrize("name", ["a.csv", "a.XLSX", "a.ndjson"])
def test_a_list_of_pictures_is_not_taken_for_a_picture(tmp_path, name):
    (tmp_path / name).write_text("image,label\na.png,cat\n")
    (found,) = input_pictures.find([tmp_path / name])
    assert isinstance(found.picture, Failure)
    assert found.picture.message.startswith("It is a list, which is not read here.")


def test_a_damaged_archive_is_a_sentence(tmp_path):
    archive = tmp_path / "broken.zip"
    archive.write_bytes(b"PK nothing")
    with pytest.raises(PredictionError, match=r"broken.zip is not a zip file that can be read"):
        names(archive)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_of_any_kind_is_a_sentence(tmp_path, compression):
    """Whatever a zip file with changed bytes raises deep inside, it becomes an error of ours."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name in ("a.jpg", "ä/b.jpg"):
            archive.writestr(name, name * 50)
    good, rng = file.getvalue(), random.Random(0)
    path, num_refused = tmp_path / "damaged.zip", 0
    for _ in range(500):
        damaged = bytearray(good)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(PredictionError):
            list(input_pictures.find([path]))
            continue
        num_refused += 1
    assert num_refused > 20


def test_a_damaged_member_leaves_the_others_alone(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("a.png", "b.png"):
            file.writestr(name, picture("red"))
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"IHDR", b"XXXX", 1))
    first, second = input_pictures.find([archive])
    assert "damaged in the archive" in first.picture.message
    assert not isinstance(second.picture, Failure)


def test_a_member_that_is_too_large_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(input_pictures, "MAX_MEMBER_BYTES", 1000)
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.png", bytes(1_000_000))
        file.writestr("good.png", picture("red"))
    bomb, good = input_pictures.find([archive])
    assert isinstance(bomb.picture, Failure)
    assert not isinstance(good.picture, Failure)


def test_answers_keep_the_order_whatever_fails(tmp_path):
    predictor = Predictor(write_model(tmp_path / "model"))
    wanted = []
    for number in range(100):
        colour = ("red", "green", "blue")[number % 3]
        path = tmp_path / "in" / f"{number:03}.png"
        paint(path, colour)
        if number % 7 == 0:
            path.write_bytes(b"nothing")
        wanted.append(None if number % 7 == 0 else colour)
    answered = list(input_pictures.answered(predictor, input_pictures.find([tmp_path / "in"])))
    assert [each.name for each, _ in answered] == names(tmp_path / "in")
    found = [
        None if isinstance(row, Failure) else predictor.prediction(row).label for _, row in answered
    ]
    assert found == wanted


def test_pictures_are_decoded_only_a_little_ahead(tmp_path):
    """Or the memory would grow with their number."""
    predictor = Predictor(write_model(tmp_path / "model"))
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield input_pictures.FoundPicture("a", io.BytesIO(picture("red")))

    answers = input_pictures.answered(predictor, endless())
    for _ in range(200):
        next(answers)
    assert len(taken) <= 200 + 8 * usable_cores() + 4
    answers.close()


def test_a_picture_of_one_model_is_the_same_from_file_archive_and_memory(tmp_path):
    predictor = Predictor(write_model(tmp_path / "model"))
    noise = np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    path = tmp_path / "in" / "noise.png"
    path.parent.mkdir()
    Image.fromarray(noise).save(path)
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(path, "noise.png")
    rows = [
        row for _, row in input_pictures.answered(predictor, input_pictures.find([path, archive]))
    ]
    assert rows[0].probabilities.tolist() == rows[1].probabilities.tolist()
