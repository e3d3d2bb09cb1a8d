import base64
import gzip
import json

import pytest

from automl.serving import scoring
from automl.serving.limits import Refusal

FILE = bytes(range(256))
PLAIN = base64.b64encode(FILE).decode()
WITH_LINE_BREAKS = base64.encodebytes(FILE).decode()
WITH_CARRIAGE_RETURNS = WITH_LINE_BREAKS.replace("\n", "\r\n")


def entries(data, **rest):
    body = {"input_data": {"columns": ["image"], "data": data, **rest}}
    return scoring.parse(json.dumps(body).encode())


@pytest.mark.parametrize("text", [PLAIN, WITH_LINE_BREAKS, WITH_CARRIAGE_RETURNS])
@pytest.mark.parametrize("form", ["text", "row", "entry", "entry in a row"])
def test_every_form_of_a_picture_is_the_same_file(text, form):
    if form.startswith("entry"):
        text = json.dumps({"image_base64": text})
    (entry,) = entries([[text] if form.endswith("row") else text])
    assert scoring.picture_bytes(entry, 1) == FILE
    assert not entry.model_explainability


def test_the_form_of_hugging_face_models_is_a_plain_list():
    first, second = scoring.parse(json.dumps({"input_data": [PLAIN, [PLAIN]]}).encode())
    assert first == second
    assert scoring.picture_bytes(first, 1) == FILE


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_json_may_have_any_encoding_that_json_allows(encoding):
    body = json.dumps({"input_data": [PLAIN], "params": {"of": "mlflow"}})
    assert scoring.parse(body.encode(encoding)) == scoring.parse(body.encode())


@pytest.mark.parametrize(
    "text",
    [
        f"data:image/png;base64,{PLAIN}",
        PLAIN.rstrip("="),
        PLAIN.replace("+", "-").replace("/", "_"),
    ],
)
def test_base64_may_be_that_of_browsers_and_addresses(text):
    (entry,) = entries([text])
    assert scoring.picture_bytes(entry, 1) == FILE


def test_an_index_has_no_effect():
    assert entries([PLAIN, PLAIN], index=[1, 0]) == entries([PLAIN, PLAIN])


def test_an_entry_may_ask_for_an_explanation():
    asked = {"xai_algorithm": "xrai", "n_steps": 50}
    text = {"image_base64": PLAIN, "model_explainability": True, "xai_parameters": asked}
    (entry,) = entries([json.dumps(text)])
    assert entry.model_explainability
    assert entry.xai_parameters == asked


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        (b"", 400, "not valid JSON"),
        (b'{"input_data": ', 400, "not valid JSON"),
        (b"[" * 200_000, 400, "recursion limit"),
        (b'{"a":' * 200_000, 400, "recursion limit"),
        (b"\xff\xfe", 400, "not valid JSON"),
        (b"\x80abc", 400, "not valid JSON (it is not text)"),
        (gzip.compress(b"{}", mtime=0), 400, "compressed with gzip"),
        (b'{"input_data": [""]}', 422, "at least 1 character"),
        (b"null", 422, "the whole"),
        (b"{}", 422, "input_data: Field required"),
        (b'{"input_data": 3}', 422, "input_data"),
        (b'{"input_data": {"columns": ["image"]}}', 422, "input_data.data: Field required"),
        (b'{"input_data": {"data": []}}', 422, "input_data.columns: Field required"),
        (b'{"input_data": {"columns": ["picture"], "data": []}}', 422, "should be 'image'"),
        (b'{"input_data": {"columns": ["image"], "data": [7]}}', 422, "data.0"),
        (b'{"input_data": {"columns": ["image"], "data": [["a", "b"]]}}', 422, "data.0"),
        (b'{"input_data": {"columns": ["image"], "data": [], "x": 1}}', 422, "input_data.x"),
        (b'{"input_data": {"columns": ["image"], "data": ["{"]}}', 400, "Picture 1"),
        (b'{"input_data": {"columns": ["image"], "data": ["{}"]}}', 422, "image_base64"),
    ],
)
def test_what_is_no_request_is_refused_in_a_sentence(body, status, named):
    with pytest.raises(Refusal, match=r"\.$") as refused:
        scoring.parse(body)
    assert refused.value.status == status
    assert named in refused.value.sentence


@pytest.mark.parametrize(
    "text",
    [
        *("no base64!", "äöü", "YWJj=YWJj", "YWJjY"),
        json.dumps({"image_base64": '{"image_base64": 5}'}),
        json.dumps({"image_base64": '{"a":' * 50_000}),
    ],
    ids=["signs", "letters", "padding within", "no whole byte", "number", "deep"],
)
def test_what_is_no_base64_is_refused(text):
    (entry,) = entries([text])
    with pytest.raises(Refusal, match="Picture 1 is not base64") as refused:
        scoring.picture_bytes(entry, 1)
    assert refused.value.status == 422


def test_a_refusal_does_not_repeat_megabytes():
    with pytest.raises(Refusal) as refused:
        scoring.parse(json.dumps({"input_data": {"x" * 1_000_000: "y" * 1_000_000}}).encode())
    assert len(refused.value.sentence) < 1000
