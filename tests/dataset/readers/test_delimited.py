import pytest

from automl.dataset.readers import columns, read
from automl.errors import DataError
from automl.jobs.data_source import DataSource

ANIMALS = [("1.png", "cat", None), ("2.png", "dog", None)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_out(listed, written, separator):
    table = "image_url,label\n1.png,cat\n2.png,dog\n".replace(",", separator)
    assert listed(written("a.csv", table)) == ANIMALS


def test_a_decimal_comma_does_not_part_columns(listed, written):
    table = "image;label;weight\n1.png;cat;1,5\n2.png;dog;2,5\n"
    assert listed(written("a.csv", table)) == ANIMALS


def test_a_first_row_of_another_length_does_not_confuse_the_separator(listed, written):
    assert listed(written("a.csv", "image,label,note\n1.png,cat\n")) == [("1.png", "cat", None)]


def test_tsv_is_separated_by_tabs_only(listed, written):
    table = "image\tlabel\ta;b;c\n1.png\tcat, small\t\n2.png\tdog\t\n"
    assert [label for _, label, _ in listed(written("a.tsv", table))] == ["cat, small", "dog"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_the_encoding_is_found_out(listed, written, encoding):
    table = "image,label\n1.png,Café – été\n2.png,dog\n".encode(encoding)
    assert listed(written("a.csv", table))[0][1] == "Café – été"


@pytest.mark.parametrize(
    ("encoding", "label"),
    [
        *(("shift-jis", "猫、犬"), ("gbk", "红苹果和香蕉"), ("cp1251", "кошка"), ("cp949", "사과")),
        ("cp1252", "Äpfel"),
    ],
)
def test_other_encodings_are_guessed_said_and_chosen(written, encoding, label):
    path = written("a.csv", f"image,label\n1.png,{label}\n".encode(encoding))
    listing = read(DataSource(path=path))
    assert listing.pictures["label"].tolist() == [label]
    (guess,) = listing.guesses
    assert guess.sentence.startswith("The lines of a.csv are read in the code page")
    assert all("code_page" in other.options for other in guess.others)
    chosen = read(DataSource(path=path, code_page=encoding))
    assert chosen.pictures["label"].tolist() == [label]
    assert not chosen.guesses
    with pytest.raises(DataError, match="is not text in the code page utf-8"):
        read(DataSource(path=path, code_page="utf-8"))


def test_text_of_no_known_encoding_is_refused(listed, written):
    table = b"image,label\n1.png,\x98 \x9d \xb3 \xb4 \xb5 \xb6 \xb7 \xb8\n"
    with pytest.raises(DataError, match="not text in UTF-8, UTF-16 or Windows-1252.*Save it as"):
        listed(written("a.csv", table))


def test_quoted_cells_hold_separators_and_line_ends_change_nothing(listed, written):
    table = 'image,label\r\n"a, b/1.png","cat ""small"""\r\n2.png,dog\r\n'
    assert listed(written("a.csv", table)) == [
        ("a, b/1.png", 'cat "small"', None),
        ("2.png", "dog", None),
    ]


def test_blank_lines_empty_rows_and_a_nameless_index_are_passed_over(listed, written):
    table = ",image,label\n0,1.png,cat\n\n,,\n1,2.png,dog\n"
    assert listed(written("a.csv", table)) == ANIMALS


def test_a_wrong_number_of_cells_names_the_row(listed, written):
    path = written("a.csv", "image,label\n1.png,cat\n2.png,dog,big\n")
    with pytest.raises(DataError, match=r"Row 3 of a\.csv has 3 cells, but the table has 2"):
        listed(path)


def test_a_quotation_mark_without_partner_names_the_line(listed, written):
    path = written("a.csv", 'image,label\n1.png,cat\n2.png,"dog\n3.png,cat\n')
    with pytest.raises(DataError, match=r"a\.csv cannot be read as a table: line \d is wrong"):
        listed(path)


def test_a_huge_cell_is_refused(listed, written):
    path = written("a.csv", "image,label\n1.png," + "x" * 2_000_000)
    with pytest.raises(DataError, match="field larger than field limit"):
        listed(path)


def test_two_columns_of_one_name_are_refused(listed, written):
    with pytest.raises(DataError, match="two columns called label"):
        listed(written("a.csv", "image,label,label\n1.png,cat,dog\n"))


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_file_is_refused(listed, written, content):
    with pytest.raises(DataError, match="is empty"):
        listed(written("a.csv", content))


def test_a_header_alone_is_refused(listed, written):
    with pytest.raises(DataError, match="has no rows"):
        listed(written("a.csv", "image,label\n"))


def test_numbers_stay_as_they_are_written(listed, written):
    path = written("a.csv", "image,label\n1.png,007\n2.png,1e3\n3.png,-1\n4.png,2.50\n")
    assert {label for _, label, _ in listed(path)} == {"007", "1e3", "-1", "2.50"}


def test_whole_numbers_that_pandas_wrote_as_fractions_are_whole(listed, written):
    path = written("a.csv", "image,label\n1.png,3.0\n2.png,\n3.png,10.0\n")
    assert [label for _, label, _ in listed(path)] == ["10", "3"]
    path = written("b.csv", "image,label\n1.png,1.0\n2.png,1.5\n")
    assert [label for _, label, _ in listed(path)] == ["1.0", "1.5"]


def test_words_for_nothing_are_labels_like_any_other(listed, written):
    path = written("a.csv", "image,label\n1.png,None\n2.png,NA\n3.png,nan\n")
    assert {label for _, label, _ in listed(path)} == {"None", "NA", "nan"}


def test_a_file_of_vertex_is_known_by_its_first_row(written):
    path = written("a.csv", "TRAINING,gs://b/1.png,cat\n")
    assert columns(DataSource(path=path)) == ["ml_use", "image_url", "label"]
    path = written("b.csv", "gs://b/1.png,cat\n")
    assert columns(DataSource(path=path)) == ["ml_use", "image_url", "label"]
    path = written("c.csv", "image,label\ngs://b/1.png,cat\n")
    assert columns(DataSource(path=path)) == ["image", "label"]


def test_vertex_rows_may_start_with_their_split(listed, written):
    table = "TRAINING,1.png,cat\nvalidation,2.png,dog\nTest,3.png,dog\n4.png,cat\n,5.png,cat\n"
    path = written("a.csv", table + "UNASSIGNED,6.png,cat\n")
    assert sorted(listed(path, type="vertex_csv", target="anything")) == [
        ("1.png", "cat", "train"),
        ("2.png", "dog", "validation"),
        ("3.png", "dog", "test"),
        ("4.png", "cat", None),
        ("5.png", "cat", None),
        ("6.png", "cat", None),
    ]


def test_vertex_rows_with_several_labels_are_left_out(listed, written):
    path = written("a.csv", "1.png,cat\n2.png,cat,dog\n")
    assert listed(path, type="vertex_csv") == [("1.png", "cat", None)]
