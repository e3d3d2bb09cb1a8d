from pathlib import Path

import pytest

from tests.pages.conftest import texts


def test_without_pictures_it_offers_three_ways_to_choose_them(open_page):
    page = open_page("dataset")
    headings = [heading.value for heading in page.subheader]
    assert headings == ["Try the sample", "On this machine", "Upload an archive"]


def test_the_sample_is_one_click_away(open_page):
    page = open_page("dataset")
    page.button[0].click().run()
    assert [metric.value for metric in page.metric][:3] == ["1,797", "10", "8 × 8"]


def test_a_typed_path_shows_counts_sizes_and_pictures(open_page, make_pictures):
    page = open_page("dataset")
    page.text_input(key="typed path").set_value(str(make_pictures())).run()
    click(page, "Use this path")
    metrics = {metric.label: metric.value for metric in page.metric}
    assert metrics["Pictures"] == "12"
    assert metrics["Median size"] == "32 × 24"
    assert shown(page) == ["cat", "dog"] * 6


def test_a_path_that_is_not_there_is_refused_in_a_sentence(open_page):
    page = open_page("dataset")
    page.text_input(key="typed path").set_value("/no/such/folder").run()
    click(page, "Use this path")
    assert "There is no folder or file /no/such/folder" in page.error[0].value.replace("\\", "")


def test_unreadable_files_are_counted_and_found(open_page, make_pictures):
    folder = make_pictures()
    (folder / "cat" / "broken.png").write_bytes(b"not a picture")
    page = open_page("dataset", data=str(folder))
    assert {metric.label: metric.value for metric in page.metric}["Unreadable"] == "1"
    assert "broken.png" in page.code[0].value


def test_choosing_a_class_shows_only_its_pictures(open_page, make_pictures):
    page = open_page("dataset", data=str(make_pictures()))
    page.selectbox[0].select("dog").run()
    assert shown(page) == ["dog"] * 6


def shown(page):
    """Labels under the pictures of the gallery."""
    return [image.captions[0] for image in page.image if image.captions[0] in ("cat", "dog")]


def test_a_blocking_finding_stops_the_way_to_configure(open_page, make_pictures):
    page = open_page("dataset", data=str(make_pictures(classes=("cat",))))
    assert next(button for button in page.button if button.label == "Configure").disabled


@pytest.mark.parametrize("name", ["gone", "empty"])
def test_data_that_cannot_be_read_is_explained(open_page, tmp_path: Path, name):
    (tmp_path / "empty").mkdir()
    page = open_page("dataset", data=str(tmp_path / name))
    assert page.error[0].value
    assert "Try the sample" in texts(page)  # and other pictures can be chosen at once


def test_a_label_with_markdown_shows_as_it_is(open_page, make_pictures):
    page = open_page("dataset", data=str(make_pictures(classes=("![x](h) <b>", "dog"))))
    captions = {image.captions[0] for image in page.image if "x" in image.captions[0]}
    assert captions == {r"\!\[x\]\(h\) \<b\>"}


def click(page, label):
    next(button for button in page.button if button.label == label).click().run()


def test_of_a_table_one_chooses_the_column_of_the_labels(open_page, make_pictures, tmp_path):
    pictures = make_pictures()
    rows = [f"{path},{path.parent.name},x" for path in sorted(pictures.rglob("*.png"))]
    table = tmp_path / "pets.csv"
    table.write_text("\n".join(["image,species,owner", *rows]))
    page = open_page("dataset", data=str(table))
    assert "Which column says what it shows?" in texts(page)
    assert page.selectbox[0].options == ["image", "species", "owner"]
    page.selectbox[0].select("species").run()
    assert page.query_params["target"] == "species"
    assert page.metric[1].value == "2"  # cat and dog

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
    assert page.metric[0].value == "13"
    (button,) = [one for one in page.button if one.key == "leave out label_conflict"]
    button.click().run()
    assert page.metric[0].value == "11"
    assert "2 pictures left out" not in texts(page)  # two files, one content
    assert "1 picture left out" in texts(page)
    (undo,) = [one for one in page.button if one.label == "Undo all changes"]
    undo.click().run()
    assert page.metric[0].value == "13"


def test_classes_are_merged_and_the_job_says_so(open_page, make_pictures):
    pictures = make_pictures(("cat", "dog", "puppy"))
    page = open_page("dataset", data=str(pictures))
    page.selectbox(key="class to rename").select("puppy")
    page.text_input(key="new class name").input("dog")
    (button,) = [one for one in page.button if one.label == "Rename"]
    button.click().run()
    assert page.metric[1].value == "2"
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
    (preview,) = [one for one in page.expander if one.label == "What the model will see"]
    captions = [image.captions[0] for image in preview.image]
    assert captions == ["as it is", "scored", *["trained on"] * 4]
    assert "At 32 px" in preview.caption[0].value
