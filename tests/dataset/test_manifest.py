import pandas as pd
import pytest
from PIL import Image

from automl.dataset import manifest
from automl.errors import DataError
from automl.experiments import store
from automl.jobs.corrections import Corrections
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job


def job(**sources: object) -> Job:
    return Job.from_dict({"type": "automl", **sources})


def test_a_folder_becomes_labelled_and_split_samples(make_folder):
    built = manifest.build(job(training_data={"path": make_folder(dog=10, cat=20)}))
    assert built.class_names == ["cat", "dog"]
    assert built.samples["label_index"].tolist() == [0] * 20 + [1] * 10
    assert built.samples["label_index"].dtype == "Int64"
    assert built.report.splits == {"train": 24, "validation": 6}


def test_the_share_and_the_seed_come_from_the_job(make_folder):
    data = {"path": make_folder(dog=20, cat=20)}
    first, second = (
        manifest.build(job(training_data=data, validation_data_size=0.5, seed=seed)).samples
        for seed in (1, 2)
    )
    assert (first["split"] == "validation").sum() == 20
    assert first["split"].tolist() != second["split"].tolist()


def test_given_data_sets_keep_their_role(make_folder):
    built = manifest.build(
        job(
            training_data={"path": make_folder("a", cat=3, dog=3)},
            validation_data={"path": make_folder("b", cat=2, dog=1)},
            test_data={"path": make_folder("c", train__cat=1, val__dog=1)},
        )
    )
    assert built.report.splits == {"train": 6, "validation": 3, "test": 2}
    assert built.samples["id"].tolist() == list(range(11))


def test_the_training_folders_own_splits_are_used(make_folder):
    folder = make_folder(
        train__cat=3, train__dog=3, val__cat=1, val__dog=1, test__cat=2, test__dog=2
    )
    built = manifest.build(job(training_data={"path": folder}))
    assert built.report.splits == {"train": 6, "validation": 2, "test": 4}


def test_all_blocking_problems_are_told_at_once(make_folder):
    folder = make_folder(cat=1, dog=1)
    with pytest.raises(DataError, match="Only one readable picture each: cat, dog"):
        manifest.build(job(training_data={"path": folder}))
    with pytest.raises(DataError, match=r"only one class.*\n.*validation data has"):
        manifest.build(
            job(
                training_data={"path": make_folder("a", cat=3)},
                validation_data={"path": make_folder("b", rat=3)},
            )
        )


def test_unreadable_pictures_have_neither_label_index_nor_split(make_folder):
    folder = make_folder(cat=5, dog=5)
    (folder / "cat" / "0.png").write_bytes(b"x")
    samples = manifest.build(job(training_data={"path": folder})).samples
    assert pd.isna(samples.loc[0, "label_index"])
    assert pd.isna(samples.loc[0, "split"])
    assert samples["label_index"].notna().sum() == 9


def test_inspecting_reports_blocking_problems_instead_of_raising(make_folder):
    seen = manifest.inspect(DataSource(path=make_folder(cat=5)))
    assert [finding.kind for finding in seen.report.blocking] == ["single_class"]
    assert seen.class_names == ["cat"]


def test_inspecting_a_folder_without_a_readable_picture_gives_an_empty_manifest(make_folder):
    folder = make_folder(cat=1)
    (folder / "cat" / "0.png").write_bytes(b"x")
    seen = manifest.inspect(DataSource(path=folder))
    assert seen.class_names == []
    assert seen.report.num_images == 0
    assert seen.report.splits == {}


def test_inspecting_splits_like_a_job_with_defaults(make_folder):
    folder = make_folder(cat=10, dog=10)
    seen = manifest.inspect(DataSource(path=folder))
    built = manifest.build(job(training_data={"path": folder}))
    pd.testing.assert_frame_equal(seen.samples, built.samples)
    assert seen.report == built.report


def test_progress_tells_what_is_checked(make_folder):
    seen = []
    data = {"path": make_folder("a", cat=2, dog=2)}
    manifest.build(
        job(training_data=data, test_data={"path": make_folder("b", cat=1, dog=1)}),
        progress=lambda what, done, total: seen.append((what, done, total)),
    )
    assert ("Checking the training pictures", 4, 4) in seen
    assert seen[-1] == ("Checking the test pictures", 2, 2)


def test_what_was_passed_over_is_summed_up(make_folder, make_picture):
    a, b = make_folder("a", cat=5, dog=5), make_folder("b", cat=1, dog=1)
    for folder in (a, b):
        make_picture(folder / "stray.png", 77)
        (folder / "cat" / "notes.txt").touch()
    built = manifest.build(job(training_data={"path": a}, test_data={"path": b}))
    counts = {finding.kind: finding.count for finding in built.report.findings}
    assert counts["strays"] == 2
    assert counts["other_files"] == 2


def test_a_manifest_can_be_stored_and_read_back(make_folder, tmp_path):
    folder = make_folder(cat=5, dog=5)
    (folder / "cat" / "0.png").write_bytes(b"x")
    (folder / "stray.png").write_bytes(b"x")
    seen = manifest.inspect(DataSource(path=folder))
    store.save_dataset(tmp_path / "experiment", seen.samples, seen.report)
    pd.testing.assert_frame_equal(store.load_samples(tmp_path / "experiment"), seen.samples)
    assert store.load_report(tmp_path / "experiment") == seen.report


def test_tables_are_read_with_the_jobs_column_and_datastores(make_folder, tmp_path):
    folder = make_folder("photos", cat=5, dog=5)
    (tmp_path / "a.csv").write_text(
        "image,animal\n"
        + "".join(
            f"azureml://datastores/store/paths/{path.parent.name}/{path.name},{path.parent.name}\n"
            for path in folder.rglob("*.png")
        )
        + "cat/0.png,\n"
    )
    asked = {
        "target_column_name": "animal",
        "datastores": {"store": str(folder)},
        "training_data": {"path": tmp_path / "a.csv"},
    }
    built = manifest.build(job(**asked))
    assert built.report.classes == {"cat": 5, "dog": 5}
    (finding,) = [finding for finding in built.report.findings if finding.kind == "unlabelled"]
    assert (finding.count, finding.paths) == (1, [str(folder / "cat" / "0.png")])
    seen = manifest.inspect(
        DataSource(path=tmp_path / "a.csv"),
        target_column_name="animal",
        datastores={"store": str(folder)},
    )
    assert seen.report == built.report


def test_missing_files_of_a_table_are_reported(make_folder, tmp_path):
    folder = make_folder(cat=5, dog=5)
    rows = [f"{path},{path.parent.name}" for path in sorted(folder.rglob("*.png"))]
    (tmp_path / "a.csv").write_text("\n".join(["image,label", *rows, "gone.png,cat"]))
    seen = manifest.inspect(DataSource(path=tmp_path / "a.csv"))
    (finding,) = [finding for finding in seen.report.findings if finding.kind == "unreadable"]
    assert finding.paths == [str(tmp_path / "gone.png")]
    assert "gone.png (The file does not exist)" in finding.message


@pytest.mark.usefixtures("private_allowed")
def test_downloading_is_told_too(website, tmp_path):
    (tmp_path / "a.csv").write_text(f"image,label\n{website.url}/1.png,cat\n")
    told = []
    manifest.inspect(
        DataSource(path=tmp_path / "a.csv"), progress=lambda *progress: told.append(progress)
    )
    assert ("Downloading the training pictures", 1, 1) in told


def test_a_manifest_of_a_table_can_be_stored_and_read_back(make_folder, tmp_path):
    folder = make_folder(cat=5, dog=5)
    rows = [f"{path},{path.parent.name},7" for path in sorted(folder.rglob("*.png"))]
    (tmp_path / "a.csv").write_text("\n".join(["image,label,patient", *rows, "gone.png,cat,"]))
    seen = manifest.inspect(DataSource(path=tmp_path / "a.csv", group_column="patient"))
    store.save_dataset(tmp_path / "experiment", seen.samples, seen.report)
    pd.testing.assert_frame_equal(store.load_samples(tmp_path / "experiment"), seen.samples)


def test_corrections_are_applied_before_anything_is_checked(make_folder):
    data = {"path": make_folder(cat=10, Cat=5, dog=10)}
    wanted = {"rename_labels": {"Cat": "cat"}, "exclude": ["dog/0.png"]}
    built = manifest.build(job(training_data=data, corrections=wanted))
    assert built.report.classes == {"cat": 15, "dog": 9}
    assert built.samples["id"].tolist() == list(range(24))
    assert built.samples.index.tolist() == list(range(24))
    findings = {finding.kind: finding for finding in built.report.findings}
    assert "label_spellings" not in findings
    assert "Renamed: Cat to cat. 1 picture was left out." in findings["corrections"].message


def test_inspecting_shows_the_effect_of_corrections(make_folder):
    source = DataSource(path=make_folder(cat=10, dog=1))
    assert manifest.inspect(source).report.blocking
    corrected = manifest.inspect(source, corrections=Corrections(relabel={"cat/3.png": "dog"}))
    assert corrected.report.classes == {"cat": 9, "dog": 2}
    assert not corrected.report.blocking


def test_corrections_that_match_nothing_are_refused(make_folder):
    source = DataSource(path=make_folder(cat=3, dog=3))
    with pytest.raises(DataError, match="'dgo', which no picture has. The nearest is dog"):
        manifest.inspect(source, corrections=Corrections(rename_labels={"dgo": "x"}))


def test_leaked_pictures_are_dropped_when_asked_for(make_folder, make_picture):
    a, b = make_folder("a", cat=5, dog=5), make_folder("b", cat=2, dog=2)
    for number in (0, 1):  # the same numbers are the same pictures
        make_picture(a / "cat" / f"{number}.png", number)
        make_picture(b / "cat" / f"{number}.png", number)
    data = {"training_data": {"path": a}, "validation_data": {"path": b}}
    leaking = manifest.build(job(**data))
    dropped = manifest.build(job(**data, corrections={"leaked": "drop"}))
    assert "leakage" in {finding.kind for finding in leaking.report.findings}
    assert "leakage" not in {finding.kind for finding in dropped.report.findings}
    assert len(dropped.samples) < len(leaking.samples)


def test_near_duplicates_stay_on_one_side_without_being_asked(make_folder):
    folder = make_folder(cat=8, dog=8)
    for path in sorted(folder.rglob("*.png")):
        noise = Image.open(path).resize((64, 48), Image.Resampling.BICUBIC)
        noise.save(path)
        noise.save(path.with_suffix(".jpg"), quality=90)
    seen = manifest.inspect(DataSource(path=folder))
    groups = seen.samples.groupby("near_duplicate_group")
    assert groups.size().tolist() == [2] * 16
    assert (groups["split"].nunique() == 1).all()
    assert seen.report.splits["validation"] == 6


def test_the_report_describes_the_pictures(make_folder, make_picture):
    folder = make_folder(train__cat=2, train__dog=3, val__cat=1, val__dog=1)
    make_picture(folder / "val" / "dog" / "wide.bmp", 99, size=(40, 10))
    report = manifest.inspect(DataSource(path=folder)).report
    assert report.formats == {"BMP": 1, "PNG": 7}
    assert report.modes == {"RGB": 8}
    assert report.class_splits == {
        "cat": {"train": 2, "validation": 1},
        "dog": {"train": 3, "validation": 2},
    }
    assert (report.short_sides.least, report.short_sides.most) == (10, 10)
    assert (report.aspect_ratios.median, report.aspect_ratios.most) == (1.2, 4)


def test_a_second_look_is_the_same_as_the_first(make_folder):
    source = DataSource(path=make_folder(cat=10, dog=10))
    first, second = manifest.inspect(source), manifest.inspect(source)
    pd.testing.assert_frame_equal(first.samples, second.samples)
    assert first.report == second.report


def test_a_picture_that_is_moved_to_the_test_names_no_split_for_the_others(make_folder):
    data = {"path": make_folder(dog=10, cat=20)}
    before = manifest.build(job(training_data=data))
    name = "cat/" + before.samples["path"][0].rpartition("/")[2]
    moved = manifest.build(job(training_data=data, corrections={"move": {name: "test"}}))
    assert moved.report.splits == {"train": 23, "validation": 6, "test": 1}
    assert moved.report.data_hash != before.report.data_hash


def test_pictures_of_an_earlier_experiment_keep_their_split(make_folder):
    data = {"path": make_folder(dog=10, cat=20)}
    before = manifest.build(job(training_data=data, seed=1)).samples
    like = dict(zip(before["content_hash"], before["split"], strict=True))
    path, new = before["path"][0], before["content_hash"][0]
    exclude = {"exclude": ["/".join(path.split("/")[-2:])]}
    without = manifest.build(job(training_data=data, seed=2, corrections=exclude), like=like)
    left = without.samples
    expected = {content: split for content, split in like.items() if content != new}
    assert dict(zip(left["content_hash"], left["split"], strict=True)) == expected
    del like[new]
    after = manifest.build(job(training_data=data, seed=2), like=like)
    changed = before["split"] != after.samples["split"]
    assert changed.sum() <= 1  # that of the picture that is new
    assert after.report.data_hash == manifest.build(job(training_data=data)).report.data_hash
