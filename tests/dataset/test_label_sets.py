import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from automl.dataset import iterative_stratification, label_sets, manifest
from automl.dataset.conflicts import conflicts, kept
from automl.dataset.iterative_stratification import _Unit
from automl.dataset.readers.label_sets import of_rows
from automl.dataset.reading import UnclearDataError
from automl.errors import DataError
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job

TASK = "image_classification_multilabel"
SETS = [["cat"], ["dog"], ["cat", "dog"], [], ["bird", "cat"], ["bird"]] * 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for number in range(len(SETS)):
        pixels = rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number:02}.png")
    return tmp_path


def looked_at(path: Path, target: str = "label") -> manifest.Manifest:
    job = Job(task=TASK, training_data=DataSource(path=path), target_column_name=target)
    return manifest.look(job)


def as_jsonl(folder: Path) -> Path:
    path = folder / "labels.jsonl"
    lines = [
        json.dumps({"image_url": f"{number:02}.png", "label": labels})
        for number, labels in enumerate(SETS)
    ]
    path.write_text("\n".join(lines))
    return path


def as_csv(folder: Path, write: Callable[[list[str]], str]) -> Path:
    path = folder / "labels.csv"
    cells = {"image": [f"{n:02}.png" for n in range(len(SETS))], "label": list(map(write, SETS))}
    pd.DataFrame(cells).to_csv(path, index=False)
    return path


def as_one_hot(folder: Path) -> Path:
    path = folder / "train.csv"
    cells = {name: [int(name in labels) for labels in SETS] for name in ("bird", "cat", "dog")}
    pd.DataFrame({"image": [f"{n:02}.png" for n in range(len(SETS))], **cells}).to_csv(
        path, index=False
    )
    return path


def as_rows_of_one(folder: Path) -> Path:
    path = folder / "labels.csv"
    rows = [(f"{n:02}.png", label) for n, labels in enumerate(SETS) for label in labels or [None]]
    pd.DataFrame(rows, columns=["image", "label"]).to_csv(path, index=False)
    return path


EACH = {"_type": "ClassLabel", "names": ["bird", "cat", "dog"]}
FEATURES = {"image": {"_type": "Image"}, "labels": {"_type": "Sequence", "feature": EACH}}


def of_hugging_face(folder: Path) -> pa.Table:
    files = [folder / f"{number:02}.png" for number in range(len(SETS))]
    pictures = [{"bytes": file.read_bytes(), "path": file.name} for file in files]
    names = ["bird", "cat", "dog"]
    labels = [[names.index(label) for label in labels] for labels in SETS]
    return pa.table({"image": pictures, "labels": labels})


def as_hugging_face(folder: Path) -> Path:
    path = folder / "train.parquet"
    described = {"huggingface": json.dumps({"info": {"features": FEATURES}})}
    pq.write_table(of_hugging_face(folder).replace_schema_metadata(described), path)
    return path


def as_saved_by_hugging_face(folder: Path) -> Path:
    table, path = of_hugging_face(folder), folder / "saved"
    path.mkdir()
    with pa.ipc.new_stream(str(path / "data.arrow"), table.schema) as stream:
        stream.write_table(table)
    (path / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data.arrow"}]}))
    (path / "dataset_info.json").write_text(json.dumps({"features": FEATURES}))
    return path


@pytest.mark.parametrize(
    "write",
    [
        as_jsonl,
        as_hugging_face,
        as_saved_by_hugging_face,
        as_one_hot,
        as_rows_of_one,
        *(
            lambda folder, mark=mark: as_csv(folder, mark.join)
            for mark in (",", "; ", " | ", " ", "\n", "||", ":", "#", "-", "_", "、")
        ),
        lambda folder: as_csv(folder, json.dumps),
        lambda folder: as_csv(folder, str),
    ],
)
def test_label_sets_are_read_in_any_form(folder: Path, write: Callable[[Path], Path]) -> None:
    found = looked_at(write(folder))
    number = r"(\d+)(?:\.png)?$"  # of the file, or of the row in a table with pictures
    samples = found.samples.sort_values(
        "path", key=lambda paths: paths.str.extract(number)[0].astype(int)
    )
    assert [sorted(labels) for labels in samples["label_set"]] == SETS
    assert found.class_names == ["bird", "cat", "dog"]
    assert found.report.classes == {"bird": 8, "cat": 12, "dog": 8}
    assert found.report.num_images == 24
    (empty,) = [one for one in found.report.findings if one.kind == "empty_label_sets"]
    assert empty.count == 4
    assert found.report.blocking == []
    truth = label_sets.truth(samples, found.class_names)
    assert label_sets.co_occurrence(truth).tolist() == [[8, 4, 0], [4, 12, 4], [0, 4, 8]]


def test_names_with_blanks_stay_whole() -> None:
    cells = ["milk bottle", "can", "water bottle, can", "water bottle"]
    assert of_rows(cells, cells) == [
        ["milk bottle"],
        ["can"],
        ["water bottle", "can"],
        ["water bottle"],
    ]
    assert of_rows(["milk bottle", "can"], ["a", "b"]) == [["milk bottle"], ["can"]]


def test_marks_within_names_do_not_separate_labels() -> None:
    cells = ["colour:red", "colour:blue", "shape:red", "shape:blue", "t-shirt", "shirt"]
    assert of_rows(cells, cells) == [[cell] for cell in cells]
    for cells in (["fire-truck", "fire", "truck"], ["ice_cream", "ice", "cream"], ["C#", "C"]):
        assert of_rows(cells, cells) == [[cell] for cell in cells]


def test_the_order_of_labels_says_nothing(folder: Path) -> None:
    (folder / "08.png").write_bytes((folder / "02.png").read_bytes())
    path = as_jsonl(folder)
    lines = path.read_text().splitlines()
    again = json.dumps({"image_url": "04.png", "label": ["cat", "bird"]})
    turned = lines[8].replace('["cat", "dog"]', '["dog", "cat"]')
    path.write_text("\n".join([*lines[:8], turned, *lines[9:], again]))
    found = looked_at(path)
    assert turned != lines[8]
    assert found.samples["path"].is_unique
    kinds = {finding.kind for finding in found.report.findings}
    assert "exact_duplicates" in kinds
    assert "label_conflict" not in kinds


def test_the_data_hash_is_that_of_versions_which_were_saved_before_sets_were_sorted(
    folder: Path,
) -> None:
    path = as_jsonl(folder)
    path.write_text(path.read_text().replace('["cat", "dog"]', '["dog", "cat"]'))
    found = looked_at(path)
    rows = [
        [content, ", ".join(labels), ""]
        for content, labels in zip(
            found.samples["content_hash"], found.samples["label_set"], strict=True
        )
    ]
    assert "dog, cat" in {labels for _, labels, _ in rows}
    expected = hashlib.sha256(json.dumps(sorted(rows)).encode()).hexdigest()
    assert found.report.data_hash == expected


def test_copies_with_other_sets_are_a_conflict_that_a_set_settles(folder: Path) -> None:
    (folder / "03.png").write_bytes((folder / "02.png").read_bytes())
    found = looked_at(as_jsonl(folder))
    (conflict,) = conflicts(found)
    assert sorted(conflict.choices) == ["", "cat, dog"]
    sets = label_sets.by_text(found.samples)
    first, second = (str(folder / name) for name in ("02.png", "03.png"))
    assert kept([(conflict, "cat, dog")], sets) == {second: ["cat", "dog"]}
    assert kept([(conflict, "")], sets) == {first: []}
    answers = dict.fromkeys([first, second], ["dog", "cat"])
    assert conflict.safe_label(answers) == "cat, dog"


def test_names_of_labels_are_checked_as_those_of_classes_are(folder: Path) -> None:
    cells = [", ".join(labels) or "none" for labels in SETS]
    cells[4:6] = ["cats", "cat; dog"]
    (folder / "23.png").rename(folder / "not found.png")
    path = folder / "labels.csv"
    names = [*(f"{n:02}.png" for n in range(len(SETS) - 1)), "not found.png"]
    pd.DataFrame({"image": names, "label": cells}).to_csv(path, index=False)
    said = {finding.kind: finding.message for finding in looked_at(path).report.findings}
    assert "'cat' / 'cats'" in said["label_spellings"]
    assert "none (4)" in said["class_of_missing_labels"]
    assert "in 1 of 6 classes, not found.png" in said["placeholder"]
    assert said["several_labels_in_one"].endswith("separate the labels in all rows alike.")


@pytest.mark.parametrize(
    "cells",
    [
        ["[cat, milk bottle]", "[]", "[cat]"],
        ["{cat,'milk bottle'}", "{}", "{cat}"],  # of PostgreSQL, or a set of Python
        ["('cat', 'milk bottle')", "()", "('cat',)"],
        ["['cat' 'milk bottle']", "[]", "['cat']"],  # of NumPy
        ['{"choices": ["cat", "milk bottle"]}', '{"choices": []}', "cat"],  # of Label Studio
        [["cat", "milk bottle"], [], ["cat"]],
    ],
)
def test_lists_are_read_as_programs_write_them(cells: list[object]) -> None:
    found = of_rows([*cells, None], ["1", "2", "3", "4"])
    nothing_said = None if isinstance(cells[0], list) else []
    assert found == [["cat", "milk bottle"], [], ["cat"], nothing_said]


def test_brackets_may_be_part_of_a_label() -> None:
    cells = ["[sic] cat", "dog, [sic] cat", "(dog)"]
    assert of_rows(cells, cells) == [["[sic] cat"], ["dog", "[sic] cat"], ["(dog)"]]


def test_a_comma_in_quotation_marks_is_part_of_a_label() -> None:
    cells = ['{"salt, fine",cat}', "{cat, 'salt, fine'}", "{dog's, cat's}"]
    assert of_rows(cells, cells) == [
        ["salt, fine", "cat"],
        ["cat", "salt, fine"],
        ["dog's", "cat's"],
    ]


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ([["cat", ""]], "Row 1 has an empty label"),
        (["cat,,dog"], "Row 1 has an empty label"),
        ([["cat"], ["dog", "dog"]], "Row 2 has the label 'dog' 2 times"),
        ([["cat"], ["cat"], ["Cat", "dog"]], "Row 3 has the label 'Cat', and 2 have 'cat'"),
        ([["cat"], "dog", ["cat"]], "Row 2 has 'dog' in place of a list"),
        ([["cat"], 3, ["cat"]], "Row 2 has 3 in place of a list"),
        ([["cat"], [["dog"]]], "Row 2 has "),
    ],
)
def test_bad_labels_are_refused_with_their_row(cells: list[object], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        of_rows(cells, [f"Row {number}" for number in range(1, len(cells) + 1)])


@pytest.mark.parametrize(
    ("value", "rows"), [("2", [4]), ("-1", [4]), ("-1", range(4, 20)), ("x", [4])]
)
def test_one_hot_values_other_than_0_and_1_are_refused(
    folder: Path, value: str, rows: Sequence[int]
) -> None:
    path = as_one_hot(folder)
    table = pd.read_csv(path, dtype=str)
    table.loc[rows, "cat"] = value
    table.to_csv(path, index=False)
    with pytest.raises(DataError, match=f"Row 6 of train.csv has '{value}' in the column cat"):
        looked_at(path)


def test_empty_cells_beside_0_and_1_are_counted_by_column(folder: Path) -> None:
    path = as_one_hot(folder)
    table = pd.read_csv(path, dtype=str)
    table.loc[[3, 5], "cat"] = ""
    table.loc[4, "dog"] = None
    table.to_csv(path, index=False)
    said = [finding.message for finding in looked_at(path).report.findings]
    wanted = "Empty cells are taken for no, beside others that say it: cat (2), dog (1)."
    assert any(wanted in message for message in said)
    table.replace("0", "").to_csv(path, index=False)  # an empty cell is the only no
    said = [finding.message for finding in looked_at(path).report.findings]
    assert not any("Empty cells" in message for message in said)


def test_a_row_of_a_total_below_columns_of_ticks_is_said(folder: Path) -> None:
    path = as_one_hot(folder)
    path.write_text(path.read_text() + "Total,8,12,8\n")
    said = [finding.message for finding in looked_at(path).report.findings]
    assert any("Row 26 of train.csv is left out" in message for message in said)


def test_labels_in_lists_that_become_one_are_said(folder: Path) -> None:
    path = folder / "train.jsonl"
    rows = [["cat", "dog"], ["cat "], ["dog"]]
    lines = [{"image_url": f"{n:02}.png", "label": labels} for n, labels in enumerate(rows)]
    path.write_text("\n".join(map(json.dumps, lines)))
    said = [finding.message for finding in looked_at(path).report.findings]
    assert any("'cat' and 'cat ' are one class" in message for message in said)


def test_a_column_of_ticks_has_a_name(folder: Path) -> None:
    path = as_one_hot(folder)
    path.write_text(path.read_text().replace("bird,cat,dog", "bird,,dog"))
    with pytest.raises(DataError, match="no name for column 3, which has 0 and 1"):
        looked_at(path)
    rows = pd.read_csv(path)
    rows[["dog", "image", "bird"]].rename(columns={"dog": ""}).to_csv(path, index=False)
    with pytest.raises(DataError, match="no name for column 1, which has 0 and 1"):
        looked_at(path)


def test_pictures_with_the_same_set_have_nothing_to_tell_apart(folder: Path) -> None:
    (blocking,) = looked_at(as_csv(folder, lambda _: "cat, dog")).report.blocking
    assert blocking.kind == "same_label_set"
    assert "have the same labels, cat, dog" in blocking.message


def test_rare_and_uneven_labels_and_those_that_never_occur_alone_are_said(folder: Path) -> None:
    sets = [["cat"]] * 22 + [["bird", "cat"]] * 2
    path = folder / "labels.csv"
    cells = {"image": [f"{n:02}.png" for n in range(len(sets))], "label": map(";".join, sets)}
    pd.DataFrame(cells).to_csv(path, index=False)
    said = {finding.kind: finding.message for finding in looked_at(path).report.findings}
    assert said["few_images"].startswith("Fewer than 10 pictures to train on: bird (2).")
    assert said["imbalance"].startswith("24 pictures have cat, only 2 bird.")
    never = "Never the only label of a picture: bird; bird only beside cat."
    assert said["labels_never_alone"].startswith(never)


def test_each_task_offers_the_other_one(folder: Path) -> None:
    path = folder / "labels.jsonl"
    path.write_text(as_jsonl(folder).read_text().replace('["cat"]', '["cat", "dog"]'))
    with pytest.raises(UnclearDataError, match=f"Set task: {TASK}") as refused:
        manifest.look(Job(training_data=DataSource(path=path)))
    (reading,) = refused.value.readings
    assert reading.command_line("validation_data") == f"--set task={TASK}"
    rows = manifest.look(Job(training_data=DataSource(path=as_rows_of_one(folder))))
    (found,) = [one for one in rows.report.findings if one.kind == "several_rows"]
    assert found.message.startswith("8 pictures are in several rows with different labels")
    single = as_csv(folder, lambda labels: (labels or ["fish"])[0])
    kinds = {finding.kind for finding in looked_at(single).report.findings}
    assert "one_label_each" in kinds


def test_a_list_of_coco_is_a_set_and_so_is_its_only_category(folder: Path) -> None:
    path = folder / "annotations.json"
    names = ["bird", "cat", "dog"]
    content = {
        "images": [{"id": n, "file_name": f"{n:02}.png"} for n in range(len(SETS))],
        "categories": [{"id": n, "name": name} for n, name in enumerate(names)],
        "annotations": [
            {"image_id": n, "category_id": names.index(label)}
            for n, labels in enumerate(SETS)
            for label in labels
        ],
    }
    path.write_text(json.dumps(content))
    samples = looked_at(path).samples.sort_values("path")
    assert [sorted(labels) for labels in samples["label_set"]] == SETS
    path.write_text(json.dumps({**content, "categories": content["categories"][:2]}))
    with pytest.raises(DataError, match=r"image 1 with the category_id 2, which is not .*\(0, 1\)"):
        looked_at(path)


def test_a_tool_that_says_no_label_does_not_leave_the_picture_out(folder: Path) -> None:
    path = folder / "labels.json"
    names = ["bird", "cat", "dog"]
    said = {f"{n:02}.png": [names.index(one) for one in labels] for n, labels in enumerate(SETS)}
    path.write_text(json.dumps({"classes": names, "labels": {**said, "23.png": None}}))
    samples = looked_at(path).samples.sort_values("path")
    assert [sorted(labels) for labels in samples["label_set"]] == SETS[:-1]
    path.unlink()
    objects = [
        {"image_url": f"{n:02}.png", "tags": [{"name": label} for label in labels]}
        for n, labels in enumerate(SETS)
    ]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, objects)))
    samples = looked_at(folder / "labels.jsonl", "tags.label").samples.sort_values("path")
    assert [sorted(labels) for labels in samples["label_set"]] == SETS


def test_corrections_change_any_number_of_labels(folder: Path) -> None:
    data = DataSource(path=as_jsonl(folder))
    changes = {
        "rename_labels": {"bird": "cat"},
        "relabel": {"00.png": "dog", "01.png": [], "02.png": ["cat", "fish"]},
    }
    found = manifest.look(Job(task=TASK, training_data=data, corrections=changes))
    samples = found.samples.sort_values("path")
    assert samples["label_set"].tolist()[:5] == [["dog"], [], ["cat", "fish"], [], ["cat"]]
    assert samples["label"].tolist()[:3] == ["dog", "", "cat, fish"]
    assert found.class_names == ["cat", "dog", "fish"]
    single = as_csv(folder, lambda labels: (labels or ["fish"])[0])
    job = Job(training_data=DataSource(path=single), corrections={"relabel": {"00.png": ["cat"]}})
    with pytest.raises(DataError, match="00.png the labels .'cat'., and in this task every"):
        manifest.look(job)


def test_pictures_of_an_earlier_experiment_keep_their_split(folder: Path) -> None:
    data = DataSource(path=as_jsonl(folder))
    before = manifest.build(Job(task=TASK, training_data=data)).samples
    like = dict(zip(before["content_hash"], before["split"], strict=True))
    without = Job(task=TASK, training_data=data, seed=2, corrections={"exclude": ["00.png"]})
    after = manifest.build(without, like=like).samples
    assert after["split"].tolist() == after["content_hash"].map(like).tolist()
    assert len(after) == len(before) - 1


def unit(size: int, **counts: int) -> _Unit:
    names = sorted(counts)
    labels = np.array([int(name[1:]) for name in names], np.int64)
    return _Unit(size, labels, np.array([counts[name] for name in names], np.int64))


def test_every_part_gets_its_share_of_every_label() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random((400, 6)) < [0.5, 0.2, 0.1, 0.05, 0.3, 0.02]
    units = [_Unit(1, np.flatnonzero(row), np.ones(int(row.sum()), np.int64)) for row in truth]
    parts = iterative_stratification.deal(units, [0.8, 0.2])
    shares = truth[parts == 1].sum(axis=0) / truth.sum(axis=0)
    assert np.abs(shares - 0.2).max() < 0.05
    assert abs((parts == 1).mean() - 0.2) < 0.02


def test_units_stay_whole_and_a_label_of_two_units_is_on_both_sides() -> None:
    units = [unit(1, l0=1) for _ in range(20)] + [unit(3, l0=3, l1=2), unit(2, l1=2)]
    parts = iterative_stratification.deal(units, [0.8, 0.2])
    assert sorted(parts[-2:].tolist()) == [0, 1]


def test_the_split_keeps_groups_together_and_a_label_of_one_picture_trains(
    make_samples: Callable[..., pd.DataFrame],
) -> None:
    sets = [["a"], ["b"], ["a", "b"], []] * 10 + [["rare", "a"]]
    rows = [(", ".join(labels), str(n), None, None) for n, labels in enumerate(sets)]
    groups = [str(number // 2) for number in range(len(sets))]
    samples = make_samples(*rows, label_set=pd.Series(sets, dtype=object), group=groups)
    chosen = iterative_stratification.validation_rows(samples, 0.25, 0)
    sides = samples.assign(is_chosen=samples.index.isin(chosen)).groupby("group")["is_chosen"]
    assert (sides.nunique() == 1).all()
    assert 8 <= len(chosen) <= 12
    assert 40 not in chosen
    folds = iterative_stratification.folds(samples, 5, 0)
    assert folds.isna().sum() == 1
    assert folds.value_counts().min() >= 6
