import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automl.access import audit
from automl.dataset import manifest
from automl.host import home
from automl.jobs import data_versions
from automl.jobs.corrections import Corrections
from automl.jobs.job import Job
from automl.ui import gallery
from automl.ui.dataset import first_scores, picture_map_view
from tests import small_disk
from tests.pages.conftest import texts


def test_without_pictures_it_offers_three_ways_to_choose_them(open_page):
    page = open_page("dataset")
    headings = [heading.value for heading in page.subheader]
    assert headings == ["Try the sample", "On this machine", "Upload an archive"]


def counted(page, noun):
    """The number before the noun in the line about the data; empty if there is none."""
    found = re.search(rf"\*\*([\d,]+)\*\* {noun}", texts(page))
    return found[1] if found else ""


def test_the_sample_is_one_click_away(open_page):
    page = open_page("dataset")
    page.button[0].click().run()
    assert (counted(page, "pictures"), counted(page, "classes")) == ("1,797", "10")
    assert "8 × 8 px" in texts(page)


def test_a_typed_path_shows_counts_sizes_and_pictures(open_page, make_pictures):
    page = open_page("dataset")
    page.text_input(key="typed path").set_value(str(make_pictures()))
    click(page, "Use this path")
    assert counted(page, "pictures") == "12"
    assert "32 × 24 px" in texts(page)
    assert shown(page) == ["cat", "dog"] * 6


def test_a_path_that_is_not_there_is_refused_in_a_sentence(open_page, tmp_path):
    page = open_page("dataset")
    page.text_input(key="typed path").set_value(f"{tmp_path}/none")
    click(page, "Use this path")
    refusal = page.error[0].value.replace("\\", "")
    assert f"There is no folder or file {tmp_path}/none" in refusal


@pytest.mark.usefixtures("errors_as_in_the_app")
def test_an_upload_that_does_not_fit_is_told_and_leaves_nothing(open_page):
    uploads = home.cache_dir("uploads")
    with small_disk.disk(uploads, "size=64k,mode=700") as is_mounted:
        if not is_mounted:
            pytest.skip("this process may not mount a disk")
        page = open_page("dataset")
        page.file_uploader[0].upload("pets.zip", bytes(200_000), "application/zip").run()
        click(page, "Use this archive")
        (refusal,) = page.error
        assert re.search(r"The disk of .* is full\. Make room there", refusal.value)
        assert list(uploads.iterdir()) == []


def test_a_refused_path_stays_in_its_field_and_the_step_is_not_done(
    open_page, make_pictures, tmp_path
):
    def mark():
        (link,) = [each.proto for each in page.get("page_link") if each.proto.label == "1 Data"]
        return link.icon

    folder = tmp_path / "bare"
    folder.mkdir()
    page = open_page("dataset", data=str(folder))
    assert page.error
    assert page.text_input(key="typed path").value == str(folder)
    assert mark() == ":material/circle:"
    page.text_input(key="typed path").set_value(str(make_pictures()))
    click(page, "Use this path")
    assert not page.error
    assert mark() == ":material/check_circle:"


@pytest.mark.parametrize("name", ["dataset", "configure"])
def test_a_link_reads_nothing_out_of_reach(open_page, make_pictures, tmp_path, monkeypatch, name):
    pictures = make_pictures()
    monkeypatch.setenv("AUTOML_DATA_ROOTS", str(tmp_path / "elsewhere"))
    page = open_page(name, data=str(pictures))
    assert "is outside of the folders" in page.error[0].value.replace("\\", "")
    assert not counted(page, "pictures")
    assert not page.code


@pytest.mark.parametrize("parameter", ["validation", "test"])
def test_nor_does_a_link_to_validation_or_test_data(
    open_page, make_pictures, tmp_path, monkeypatch, parameter
):
    pictures = make_pictures()
    (tmp_path / "link").symlink_to(pictures / "cat")
    monkeypatch.setenv("AUTOML_DATA_ROOTS", str(pictures / "dog"))
    page = open_page("dataset", data=str(pictures / "dog"), **{parameter: str(tmp_path / "link")})
    assert f"{tmp_path}/link' is outside of the folders" in page.error[0].value.replace("\\", "")


def test_validation_data_and_the_split_reach_the_job_as_they_are_shown(
    open_page, make_pictures, tmp_path
):
    pictures = make_pictures(per_class=10)
    held_out = tmp_path / "held out"
    shutil.copytree(pictures, held_out)
    for path in list(held_out.rglob("*.png"))[::2]:
        path.unlink()
    page = open_page("dataset", data=str(pictures))
    assert "16 train · 4 validate" in split_line(page)
    first, *more = held_out.rglob("*.png")
    rows = [f"{first},odd", *(f"{path},even" for path in more)]
    (held_out / "labels.csv").write_text("\n".join(["file,label", *rows]))
    by_label = {one.label: one for one in page.text_input}
    by_label["Test data"].set_value(str(held_out))
    page.slider[0].set_value((70, 100))
    (seed,) = [one for one in page.number_input if one.label == "Seed of the split"]
    seed.set_value(5)
    click(page, "Apply")
    said = " ".join(one.value for one in page.markdown).replace("\\", "")
    assert "Test data: The table labels.csv" in said
    (other,) = [one for one in page.button if (one.key or "").startswith("reading test_data")]
    other.click().run()
    assert "14 train · 6 validate · 10 test" in split_line(page)

    configured = open_page("configure", **dict(page.query_params))
    job = Job.from_yaml(configured.code[0].value)
    assert (job.test_data.path, job.test_data.table) == (held_out, "never")
    assert (job.validation_data_size, job.seed) == (0.3, 5)
    used = manifest.build(job).samples
    page.selectbox(key="split in view").select("validation").run()
    validating = used.loc[used["split"] == "validation", "label"]
    assert sorted(shown(page)) == sorted(validating)
    assert used["split"].value_counts().to_dict() == {"train": 14, "validation": 6, "test": 10}


def test_applied_options_leave_a_split_as_it_is_that_the_slider_cannot_show(
    open_page, make_pictures
):
    page = open_page("dataset", data=str(make_pictures()), share="0.25", test_share="0.1")
    click(page, "Apply")
    assert [page.query_params[name] for name in ("share", "test_share")] == ["0.25", "0.1"]


def test_a_link_says_all_about_its_data(open_page, make_pictures):
    page = open_page("dataset", data=str(make_pictures()), seed="5")
    del page.query_params["seed"]  # another link to the same data
    assert "seed" not in page.run().query_params


def test_all_changes_are_counted_where_the_first_are_listed(open_page, make_pictures):
    pictures = make_pictures(per_class=24)
    page = open_page("dataset", data=str(pictures))
    relabelled = Corrections(relabel={f"cat/{number}.png": "dog" for number in range(21)})
    page.session_state[f"corrections of {pictures}"] = relabelled
    assert "The first 20 of 21." in texts(page.run())


def test_the_parent_of_several_data_sets_asks_which_one_is_meant(open_page, make_pictures):
    classes = ("animals/cat", "animals/dog", "vehicles/bus", "vehicles/car")
    page = open_page("dataset", data=str(make_pictures(classes=classes, per_class=3)))
    asked = "Is this the parent of several data sets?"

    def answer(end):
        assert any(asked in one.value for one in page.warning)
        (button,) = [one for one in page.button if re.match(f"likely.*{end}", one.key or "")]
        button.click().run()

    answer("outermost folder")  # as it was understood: the question is settled
    assert (counted(page, "pictures"), counted(page, "classes")) == ("12", "2")
    assert not any(asked in one.value for one in page.warning)

    page = open_page("dataset", data=page.query_params["data"])
    answer(" vehicles.$")
    assert (counted(page, "pictures"), counted(page, "classes")) == ("6", "2")
    assert not any(asked in one.value for one in page.warning)


def test_options_that_lead_nowhere_are_refused_and_change_nothing(open_page, make_pictures):
    page = open_page("dataset", data=str(make_pictures()))
    page.text_area[0].set_value("blobs=s3://bucket/blobs")
    click(page, "Apply")
    assert "cannot stand for the datastore blobs" in page.error[0].value.replace("\\", "")
    assert "datastores" not in page.query_params


def test_data_that_needs_a_datastore_can_be_given_one(open_page, make_pictures, tmp_path):
    pictures = make_pictures()
    lines = [
        f'{{"image_url": "azureml://datastores/blobs/paths/{path.relative_to(pictures)}", '
        f'"label": "{path.parent.name}"}}'
        for path in sorted(pictures.rglob("*.png"))
    ]
    (tmp_path / "pets.jsonl").write_text("\n".join(lines))
    page = open_page("dataset", data=str(tmp_path / "pets.jsonl"))
    assert "datastore blobs" in page.error[0].value.replace("\\", "")
    page.text_area[0].set_value(f"blobs={pictures}")
    click(page, "Apply")
    assert not page.error
    assert counted(page, "pictures") == "12"


def test_groups_of_a_table_stay_together(open_page, make_pictures, tmp_path):
    rows = [
        f"{path},{path.parent.name},{path.parent.name} {int(path.stem) // 2}"
        for path in sorted(make_pictures(per_class=10).rglob("*.png"))
    ]
    (tmp_path / "pets.csv").write_text("\n".join(["image,label,owner", *rows]))
    page = open_page("dataset", data=str(tmp_path / "pets.csv"))
    (group,) = [one for one in page.selectbox if one.label.startswith("Column of groups")]
    group.select("owner")
    click(page, "Apply")
    configured = open_page("configure", **dict(page.query_params))
    job = Job.from_yaml(configured.code[0].value)
    assert job.training_data.group_column == "owner"


def split_line(page):
    (line,) = [one.label for one in page.expander if one.label.startswith("Split")]
    return line


def test_unreadable_files_are_counted_and_found(open_page, make_pictures):
    folder = make_pictures()
    (folder / "cat" / "broken.png").write_bytes(b"not a picture")
    page = open_page("dataset", data=str(folder))
    assert counted(page, "unreadable") == "1"
    assert "broken.png" in page.code[0].value


def test_choosing_a_class_shows_only_its_pictures(open_page, make_pictures):
    page = open_page("dataset", data=str(make_pictures()))
    page.selectbox(key="class in view").select("dog").run()
    assert shown(page) == ["dog"] * 6


def test_class_and_split_are_chosen_together(open_page, make_pictures):
    page = open_page("dataset", data=str(make_pictures(per_class=10)))
    page.selectbox(key="class in view").select("dog")
    page.selectbox(key="split in view").select("validation").run()
    assert shown(page) == ["dog"] * 2


def test_all_pictures_of_a_finding_are_shown_each_beside_its_copy(open_page, make_pictures):
    pictures = make_pictures(per_class=8)
    for number in range(8):
        copy = pictures / "dog" / f"copy of {number}.png"
        copy.write_bytes((pictures / "cat" / f"{number}.png").read_bytes())
    page = open_page("dataset", data=str(pictures))
    page.button(key="show label_conflict").click().run()
    assert shown(page) == ["cat", "dog"] * 8
    assert "1 of 16" in texts(page)  # and the first one is enlarged
    sources = [tile["source"] for tile in tiles(page)]
    assert sources[::2] == sources[1::2]
    assert {tile["note"] for tile in tiles(page)} <= {"train", "validation"}


def test_a_finding_that_was_settled_is_not_looked_at_any_more(open_page, make_pictures):
    pictures = make_pictures()
    copy_one(pictures)
    page = open_page("dataset", data=str(pictures))
    page.button(key="show label_conflict").click().run()
    page.button(key="leave out label_conflict").click().run()
    assert page.selectbox(key="finding in view").value is None
    assert len(shown(page)) == 11


def shown(page):
    """Labels under the pictures of the gallery."""
    return [tile["caption"] for tile in tiles(page)]


def tiles(page):
    grids = [json.loads(element.proto.json) for element in page.get("bidi_component")]
    (gallery,) = [grid["tiles"] for grid in grids if grid["opens"]]
    return gallery


def test_a_blocking_finding_stops_the_way_to_configure(open_page, make_pictures):
    page = open_page("dataset", data=str(make_pictures(classes=("cat",))))
    set_up = next(button for button in page.button if button.label == "Set up")
    assert set_up.disabled
    assert set_up.help == "Settle first: Single class."


@pytest.mark.parametrize("name", ["gone", "empty"])
def test_data_that_cannot_be_read_is_explained(open_page, tmp_path: Path, name):
    (tmp_path / "empty").mkdir()
    page = open_page("dataset", data=str(tmp_path / name))
    assert page.error[0].value
    assert "Try the sample" in texts(page)  # and other pictures can be chosen at once


def test_labels_are_given_to_the_browser_as_text(open_page, make_pictures):
    page = open_page("dataset", data=str(make_pictures(classes=("![x](h) <b>", "dog"))))
    assert set(shown(page)) == {"![x](h) <b>", "dog"}
    page.selectbox(key="class in view").select("![x](h) <b>").run()
    assert set(shown(page)) == {"![x](h) <b>"}


def click(page, label):
    next(button for button in page.button if button.label == label).click().run()


def test_of_a_table_one_chooses_the_column_of_the_labels(open_page, make_pictures, tmp_path):
    pictures = make_pictures()
    rows = [f"{path},{path.parent.name},x" for path in sorted(pictures.rglob("*.png"))]
    table = tmp_path / "pets.csv"
    table.write_text("\n".join(["image,species,owner", *rows]))
    page = open_page("dataset", data=str(table))
    assert "labels in species" in texts(page)
    assert page.selectbox[0].options == [
        f"Labels in {name}" for name in ("image", "species", "owner")
    ]
    page.selectbox[0].select("owner").run()
    assert page.query_params["target"] == "owner"
    page.selectbox[0].select("species").run()
    assert page.query_params["target"] == "species"
    assert counted(page, "classes") == "2"  # cat and dog

    configured = open_page("configure", data=str(table), target="species")
    assert "target_column_name: species" in configured.code[0].value


def copy_one(pictures):
    """The same picture under both labels."""
    (pictures / "dog" / "copy.png").write_bytes((pictures / "cat" / "0.png").read_bytes())


def test_pictures_of_a_finding_are_left_out_with_a_click_and_come_back_with_another(
    open_page, make_pictures
):
    pictures = make_pictures()
    copy_one(pictures)
    page = open_page("dataset", data=str(pictures))
    assert counted(page, "pictures") == "13"
    (button,) = [one for one in page.button if one.key == "leave out label_conflict"]
    button.click().run()
    assert counted(page, "pictures") == "11"
    assert "2 pictures left out" in texts(page)
    (undo,) = [one for one in page.button if one.label == "Undo all changes"]
    undo.click().run()
    assert counted(page, "pictures") == "13"


def test_clicks_before_the_page_is_drawn_anew_are_a_change_each(open_page, make_pictures):
    pictures = make_pictures(("bird", "cat", "dog"))
    for number in range(1, 6):
        (pictures / "bird" / f"{number}.png").unlink()
    (pictures / "cat" / "copy.png").write_bytes((pictures / "cat" / "1.png").read_bytes())
    copy_one(pictures)
    page = open_page("dataset", data=str(pictures))
    page.button(key="leave out label_conflict").click()
    page.button(key="leave out exact_duplicates").click().run()
    assert "3 pictures left out" in texts(page)
    click(page, "Undo")
    page.button(key="undo because of single_image_class").click()
    click(page, "Undo")  # one too many
    assert page.session_state[f"corrections of {pictures}"] == Corrections()


def test_copies_are_left_out_but_not_the_picture_that_was_copied(open_page, make_pictures):
    pictures = make_pictures()
    (pictures / "cat" / "copy.png").write_bytes((pictures / "cat" / "0.png").read_bytes())
    page = open_page("dataset", data=str(pictures))
    page.button(key="leave out exact_duplicates").click().run()
    assert counted(page, "pictures") == "12"
    assert "cat/copy.png left out" in texts(page).replace("\\", "")


def test_plain_cases_are_settled_at_once_and_the_rest_is_left(open_page, make_pictures):
    pictures = make_pictures()
    (pictures / "cat" / "copy.png").write_bytes((pictures / "cat" / "0.png").read_bytes())
    page = open_page("dataset", data=str(pictures))
    assert "Settle the plain cases at once" not in [one.label for one in page.button]
    Image.new("RGB", (32, 32), "white").save(pictures / "cat" / "blank.png")
    page.run()
    click(page, "Settle the plain cases at once")
    assert counted(page, "pictures") == "12"
    assert "2 pictures left out" in texts(page)
    assert "Settle the plain cases at once" not in [one.label for one in page.button]


def test_changes_that_fit_the_pictures_no_more_can_be_undone(open_page, make_pictures):
    pictures = make_pictures()
    (pictures / "cat" / "copy.png").write_bytes((pictures / "cat" / "0.png").read_bytes())
    page = open_page("dataset", data=str(pictures))
    page.button(key="leave out exact_duplicates").click().run()
    (pictures / "cat" / "copy.png").unlink()
    page.run()
    assert "which is not in the data" in page.error[0].value
    click(page, "Take back what was changed about missing pictures (1)")
    assert not page.error
    assert counted(page, "pictures") == "12"


def test_classes_are_merged_and_the_job_says_so(open_page, make_pictures):
    pictures = make_pictures(("cat", "dog", "puppy"))
    page = open_page("dataset", data=str(pictures))
    page.selectbox(key="class to rename").select("puppy")
    page.text_input(key="new class name").input("dog")
    (button,) = [one for one in page.button if one.label == "Rename"]
    button.click().run()
    assert counted(page, "classes") == "2"
    assert "puppy is now dog" in texts(page)
    page.switch_page("pages/configure.py").run()
    assert "rename_labels:" in page.code[0].value
    assert "puppy: dog" in page.code[0].value


def test_a_renamed_class_can_be_renamed_again(open_page, make_pictures):
    page = open_page("dataset", data=str(make_pictures()))
    for old, new in (("cat", "kitten"), ("kitten", "lion")):
        page.selectbox(key="class to rename").select(old)
        page.text_input(key="new class name").input(new)
        (button,) = [one for one in page.button if one.label == "Rename"]
        button.click().run()
    assert not page.error
    assert "cat is now lion" in texts(page)


def test_one_sees_what_the_model_will_see(open_page, make_pictures):
    page = open_page("dataset", data=str(make_pictures(per_class=12)))
    page.session_state["what the model sees"] = True
    page.run()
    (preview,) = [one for one in page.expander if one.label == "What the model will see"]
    captions = [image.captions[0] for image in preview.image]
    assert captions == ["as it is", "scored", *["trained on"] * 4]
    assert "At 32 px" in preview.caption[0].value


def test_the_range_of_values_and_the_background_reach_the_job(open_page, tmp_path):
    rng = np.random.default_rng(0)
    for label in ("cold", "warm"):
        (tmp_path / label).mkdir()
        for number in range(5):
            values = rng.integers(600, 900, (16, 16)).astype(np.uint16)
            Image.fromarray(values).save(tmp_path / label / f"{number}.png")
        Image.new("RGBA", (16, 16)).save(tmp_path / label / "clear.png")
    page = open_page("dataset", data=str(tmp_path))
    (ends,) = [one for one in page.text_input if one.label == "Values that become black and white"]
    assert (ends.value, ends.placeholder) == ("", "600, 899")
    ends.set_value("0, 4095")
    (ground,) = [one for one in page.selectbox if one.label == "Behind transparent pixels"]
    ground.select("grey")
    click(page, "Apply")
    assert "values 0 to 4,095 become black" in texts(page).replace("\\", "")
    configured = open_page("configure", **dict(page.query_params))
    job = Job.from_yaml(configured.code[0].value)
    assert (job.value_range, job.background) == ((0, 4095), "grey")
    again = open_page("dataset", data=str(tmp_path), value_range="7")
    assert "It should be two rising numbers" in again.error[0].value


def test_a_first_score_shows_a_doubtful_label_and_relabels_it(
    open_page, make_pictures, converted_weights
):
    assert converted_weights
    pictures = make_pictures(per_class=12)
    for path in pictures.rglob("*.png"):
        color = (200, 30, 30) if path.parent.name == "cat" else (30, 30, 200)
        pixels = np.asarray(Image.open(path)) // 4 + np.array(color, np.uint8) // 2
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    wrong = pictures / "dog" / "wrong.png"
    (pictures / "cat" / "0.png").rename(wrong)
    (pictures / "bird").mkdir()
    (pictures / "cat" / "1.png").rename(pictures / "bird" / "alone.png")
    page = open_page("dataset", data=str(pictures))
    look_at_the_pictures(page)
    assert "It says nothing about bird (1)" in texts(page).replace("\\", "")
    page.selectbox(key="merge bird because of single_image_class").select("cat").run()
    assert "bird is now cat" in texts(page)
    click(page, "Undo")
    page.button(key="leave out single_image_class").click().run()
    look_at_the_pictures(page)
    said = "\n".join(each.value for each in page.markdown).replace("\\", "")
    assert "Accuracy 0.957" in said
    assert "Labels in doubt (1)" in said
    page.session_state["map of the pictures"] = True
    page.run()
    click(page, "Draw the map")
    (drawing,) = picture_map_view.maps().running()
    assert not drawing.process.is_running(wait_seconds=120)
    page.run()
    assert "arranged by t\\-SNE" in texts(page)
    click(page, "Relabel this picture")
    assert "1 picture given another label" in texts(page)
    look_at_the_pictures(page)
    assert any("Your corrections" in each.value for each in [*page.info, *page.success])


def test_a_class_without_training_pictures_is_merged_from_either_of_its_findings(
    open_page, make_pictures, tmp_path
):
    pictures = make_pictures(("bird", "cat", "dog"), per_class=6)
    parts = ["train", "train", "train", "validation", "validation", "test"]
    of_bird = ["validation", "validation", "validation", "test", "test", "test"]
    rows = [
        f"{pictures}/{name}/{number}.png,{name},{part}"
        for name in ("bird", "cat", "dog")
        for number, part in enumerate(of_bird if name == "bird" else parts)
    ]
    table = tmp_path / "pets.csv"
    table.write_text("\n".join(["image,label,split", *rows]))
    page = open_page("dataset", data=str(table))
    page.selectbox(key="merge bird because of test_label_unknown").select("dog").run()
    assert "bird is now dog" in texts(page)
    click(page, "Undo")
    page.selectbox(key="merge bird because of validation_label_unknown").select("cat").run()
    assert "bird is now cat" in texts(page)
    assert counted(page, "classes") == "2"


def look_at_the_pictures(page):
    click(page, "Look at the pictures")
    (look,) = first_scores.looks().running()
    assert not look.process.is_running(wait_seconds=120)
    page.run()


def test_pictures_that_are_selected_are_changed_together_and_it_is_undone(
    open_page, make_pictures, monkeypatch
):
    pictures = make_pictures()
    (pictures / "cat" / "copy.png").write_bytes((pictures / "dog" / "0.png").read_bytes())
    monkeypatch.setattr(gallery, "choose", lambda *_, **__: [0, 1])  # clicks of a browser
    page = open_page("dataset", data=str(pictures))
    click(page, "Keep dog")
    assert "1 picture given another label" in texts(page)
    page.toggle(key="select pictures").set_value(True).run()
    page.button(key="move to test the selected pictures").click().run()
    assert "2 pictures moved" in texts(page)
    page.selectbox(key="label of the selected pictures").set_value("cat").run()
    page.button(key="relabel the selected pictures").click().run()
    other = open_page("dataset", data=str(pictures))  # the tab was closed
    assert "2 pictures moved" in texts(other)
    click(other, "Go on with these changes")
    assert "Changed for your experiments" in texts(other)
    click(page, "Undo")
    click(page, "Undo")
    assert "moved" not in texts(page)
    page.text_input(key="name of the version").input("clean").run()
    click(page, "Save as a version")
    click(page, "Undo")
    page.button(key="go back to clean").click().run()
    assert "1 picture given another label" in texts(page)
    assert [one.name for one in data_versions.of(pictures)] == ["clean"]
    later = open_page("dataset", data=str(pictures))
    assert "2 pictures moved" in texts(later)  # in the other tab, and in no version
    click(later, "Forget them")
    assert "Go on with these changes" not in [button.label for button in later.button]
    assert audit.read()[-1].details["name"] == "clean"
