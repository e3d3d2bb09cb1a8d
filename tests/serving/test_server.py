import base64
import http.client
import io
import json
import os
import shutil
import socket
import struct
import threading
import time
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from automl.prediction.inference import Predictor
from automl.serving.limits import Limits
from automl.serving.models import Additions
from tests.serving.conftest import picture, served, write_model

KEY = b"0123456789abcdef"


def text_of(content):
    return base64.encodebytes(content).decode()


def best(answer):
    return answer["labels"][int(np.argmax(answer["probs"]))]


def test_a_request_is_answered_as_azure_answers_it(client, model_dir):
    response = client.score(text_of(picture("green")), text_of(picture("blue")))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    first, second = response.json()
    assert list(first) == ["probs", "labels"]
    assert first["labels"] == ["red", "green", "blue"]
    assert (best(first), best(second)) == ("green", "blue")
    assert sum(first["probs"]) == pytest.approx(1)
    own = Predictor(model_dir).predict([io.BytesIO(picture("green"))])[0]
    assert first["probs"] == pytest.approx([own.probabilities[name] for name in first["labels"]])


def test_of_any_number_of_labels_every_one_is_answered_with_its_own_probability(tmp_path):
    folder = write_model(tmp_path / "sets", has_label_sets=True, thresholds=[0.5, 0.7, 0.6])
    with served({"m": folder}) as client:
        (answer,) = client.score(text_of(picture("green"))).json()
        files = [("files", ("a.png", picture("green"), "image/png"))]
        (ours,) = client.post("/predict", files=files).json()["predictions"]
    assert list(answer) == ["probs", "labels"]
    assert answer["labels"] == ["red", "green", "blue"]
    assert answer["probs"] == pytest.approx([0.5, 1 / (1 + np.exp(-1)), 0.5], abs=0.01)
    assert ours["labels"] == ["green", "red"]


def test_what_azure_does_not_know_is_said_only_if_the_server_is_told_to(tmp_path):
    unlike = {"threshold": -0.5, "false_alarm_rate": 0.01}
    folder = write_model(tmp_path / "flags", unlike=unlike, right_probabilities=[0.9] * 10 + [0.2])
    grey = io.BytesIO()
    Image.new("RGB", (8, 8), (90, 91, 90)).save(grey, "PNG")
    pictures = [text_of(picture("green")), text_of(grey.getvalue())]
    with served({"m": folder}) as client:
        plain = client.score(*pictures).json()
    assert [list(one) for one in plain] == [["probs", "labels"]] * 2
    with served({"m": folder}, additions=Additions(unlike=True, coverage=0.75)) as client:
        alike, far = client.score(*pictures).json()
        files = [("files", ("a.png", grey.getvalue(), "image/png"))]
        (answer,) = client.post("/predict", files=files).json()["predictions"]
    assert (alike["unlike"], far["unlike"]) == (False, True)
    assert alike["answer_set"][0] == "green"
    assert len(far["answer_set"]) > 1
    assert (answer["unlike"], answer["answer_set"]) == (True, far["answer_set"])


@pytest.mark.parametrize("form", ["row", "index", "list", "entry"])
def test_every_form_of_request_is_answered_alike(client, form):
    text = text_of(picture("blue"))
    data = {"columns": ["image"], "data": [text]}
    bodies = {
        "row": {**data, "data": [[text]]},
        "index": {**data, "index": [0]},
        "list": [text],
        "entry": {**data, "data": [json.dumps({"image_base64": text, "xai_parameters": {}})]},
    }
    response = client.post("/score", json={"input_data": bodies[form]})
    assert response.json() == client.score(text).json()


def test_no_pictures_are_no_answers(client):
    assert client.score().json() == []


def test_models_are_asked_by_name_and_the_first_one_otherwise(client):
    text = text_of(picture("red"))
    assert best(client.score(text).json()[0]) == "red"
    assert best(client.score(text, path="/models/other/score").json()[0]) == "blue"
    listed = client.get("/models").json()
    assert [(model["name"], model["is_default"]) for model in listed] == [
        ("colours", True),
        ("other", False),
    ]
    assert listed[0]["labels"] == ["red", "green", "blue"]
    missing = client.score(text, path="/models/none/score")
    assert missing.status_code == 404
    assert "colours, other" in missing.json()["detail"]


def test_uploaded_files_are_answered_one_by_one(client):
    files = [
        ("files", ("a.png", picture("green"))),
        ("files", ("notes.txt", b"no picture")),
        ("files", ("b.jpg", picture("blue", form="JPEG"))),
    ]
    first, second, third = client.post("/predict", files=files).json()["predictions"]
    assert (first["filename"], first["label"]) == ("a.png", "green")
    assert first["probability"] == first["probabilities"]["green"]
    assert set(second) == {"filename", "error"}
    assert third["label"] == "blue"
    assert client.post("/models/other/predict", files=files[:1]).status_code == 200


def test_an_upload_without_a_single_picture_is_refused_by_name(client):
    response = client.post("/predict", files={"files": ("a.txt", b"no picture")})
    assert response.status_code == 422
    assert "a.txt: It is not a picture" in response.json()["detail"]
    assert client.post("/predict", files={"file": b"x"}).status_code == 422
    assert "field called files" in client.post("/predict", json={}).json()["detail"]


def test_probes_and_pages_answer(client):
    assert client.get("/health").json() == {"status": "alive"}
    assert client.get("/ready").json() == {"status": "ready"}
    page = client.get("/docs").text
    assert "POST /models/{name}/score" in page
    assert "http://" not in page
    assert "<script" not in page
    assert "/score" in client.get("/openapi.json").json()["paths"]


def test_what_happens_is_counted(client):
    def counted(line):
        lines = client.get("/metrics").text.splitlines()
        return sum(float(each.split()[-1]) for each in lines if each.startswith(line))

    answered = 'automl_requests_total{route="/models/{name}/score",status="200"}'
    pictures = 'automl_batch_size_sum{model="other"}'
    before = counted(answered), counted(pictures)
    client.score(*[text_of(picture("red"))] * 3, path="/models/other/score")
    assert (counted(answered), counted(pictures)) == (before[0] + 1, before[1] + 3)
    client.get("/no/such/place")
    assert counted('automl_requests_total{route="other",status="404"}') >= 1


def bomb(side):
    """A PNG that claims to be huge, in some kilobytes."""
    rows = zlib.compress(bytes(1 << 20) * 20, 9)
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)

    def chunk(kind, content):
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    parts = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nothing", "not a picture"),
        (picture("red", side=64)[:-40], "damaged or cut off"),
        (picture("red", side=64, form="JPEG")[:200], "damaged or cut off"),
        (bomb(20_000), "too many pixels"),
        (bomb(8_000), "8000 x 8000 pixels; at most 50,000,000"),
        (os.urandom(5000), "not a picture"),
        (b"\x89PNG\r\n\x1a\n" + os.urandom(500), "damaged or cut off|not a picture"),
    ],
    ids=[
        "text",
        "half a png",
        "half a jpeg",
        "bomb",
        "smaller bomb",
        "noise",
        "png of noise",
    ],
)
def test_a_hostile_picture_is_refused_and_the_next_is_answered(client, content, said):
    response = client.score(text_of(picture("red")), text_of(content))
    assert response.status_code == 422
    assert response.json()["detail"].startswith("Picture 2 cannot be used.")
    assert any(part in response.json()["detail"] for part in said.split("|"))
    assert client.score(text_of(picture("red"))).status_code == 200


def test_an_empty_picture_is_refused_and_the_next_is_answered(client):
    response = client.score(text_of(picture("red")), "")
    assert response.status_code == 422
    assert "input_data.data.1: String should have at least 1 character" in response.json()["detail"]
    assert client.score(text_of(picture("red"))).status_code == 200


def test_hostile_json_is_refused_in_a_sentence(client):
    for body in (b"[" * 1_000_000, b'{"input_data":' * 100_000, b"\0", b'{"input_data": 1e999}'):
        response = client.post("/score", data=body)
        assert response.status_code in (400, 422)
        assert response.json()["detail"].endswith(".")


def test_unknown_places_and_methods_are_refused_in_json(client):
    assert client.get("/nothing").json()["detail"] == "Not Found"
    assert client.get("/score").status_code == 405


def test_without_the_key_nothing_is_answered_but_probes(serve):
    client = serve(keys=(b"the old key", KEY))
    body = text_of(picture("red"))
    for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": KEY.decode()}):
        response = client.score(body, headers=wrong)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert client.get("/metrics", headers=wrong).status_code == 401
        assert client.get("/models", headers=wrong).status_code == 401
    right = {"Authorization": f"Bearer {KEY.decode()}"}
    assert client.score(body, headers=right).status_code == 200
    assert client.get("/metrics", headers=right).status_code == 200
    assert client.get("/health").status_code == client.get("/ready").status_code == 200
    assert client.get("/openapi.json").json()["security"] == [{"key": []}]


def test_a_local_server_answers_to_names_of_this_machine_only(serve):
    client = serve(is_local=True)
    assert client.get("/models").status_code == 200
    for name in ("localhost:80", "[::1]:80", "127.0.0.1", "127.0.0.2:80"):
        assert client.get("/models", headers={"Host": name}).status_code == 200
    for name in ("evil.example", "localhost.evil.example", "[::1", ""):
        response = client.get("/models", headers={"Host": name})
        assert response.status_code in (400, 403), name


def test_too_large_a_request_is_refused_whether_it_says_so_or_not(serve):
    client = serve(limits=Limits(max_request_bytes=100_000))
    body = b"x" * 5_000_000

    def in_chunks():
        for start in range(0, len(body), 50_000):
            yield body[start : start + 50_000]

    response = client.post("/score", data=body)
    assert response.status_code == 413
    assert "0.1 MB" in response.json()["detail"]
    connection = http.client.HTTPConnection(urlsplit(client.url).netloc, timeout=20)
    connection.putrequest("POST", "/score")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    for piece in list(in_chunks())[:3]:
        connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
    assert connection.getresponse().status == 413
    connection.close()
    assert client.score(text_of(picture("red"))).status_code == 200


def test_too_many_pictures_are_refused(serve):
    client = serve(limits=Limits(max_pictures=2))
    response = client.score(*[text_of(picture("red"))] * 3)
    assert response.status_code == 413
    assert "3 pictures are too many" in response.json()["detail"]
    assert client.score(*[text_of(picture("red"))] * 2).status_code == 200


def test_a_request_that_does_not_arrive_is_given_up(serve):
    client = serve(limits=Limits(body_seconds=0.2))
    with socket.create_connection(urlsplit(client.url).netloc.split(":"), timeout=20) as slow:
        slow.sendall(b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert b" 408 " in slow.recv(1000)


def test_beyond_the_limit_of_requests_one_is_told_to_come_back(serve):
    client = serve(limits=Limits(max_concurrent_requests=1))
    with socket.create_connection(urlsplit(client.url).netloc.split(":"), timeout=20) as held:
        held.sendall(b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        deadline = time.monotonic() + 10
        while (response := client.score(text_of(picture("red")))).status_code == 200:
            assert time.monotonic() < deadline
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        assert client.get("/health").status_code == 200
    while client.score(text_of(picture("red"))).status_code == 503:
        assert time.monotonic() < deadline


def test_requests_at_the_same_time_share_runs_of_the_model(serve):
    client = serve()
    expected = {name: name for name in ("red", "green", "blue")}
    found = []

    def ask(name):
        found.append((name, best(client.score(text_of(picture(name))).json()[0])))

    threads = [threading.Thread(target=ask, args=(name,)) for name in [*expected] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert all(asked == answered for asked, answered in found)


def test_an_explanation_that_cannot_be_given_is_refused_with_what_to_do(client):
    entry = json.dumps({"image_base64": text_of(picture("red")), "model_explainability": True})
    response = client.score(entry)
    assert response.status_code == 501
    detail = response.json()["detail"]
    assert "[explain]" in detail or "Serve the experiment itself" in detail


def test_photos_are_answered(client):
    tar = Path(__file__).parents[3] / "shared" / "data" / "fridge_objects.tar"
    if not tar.is_file():
        pytest.skip("the sample data are not here")
    import tarfile

    with tarfile.open(tar) as archive:
        members = [member for member in archive.getmembers() if member.name.endswith(".jpg")][:5]
        contents = [archive.extractfile(member).read() for member in members]
    answers = client.score(*map(text_of, contents)).json()
    assert len(answers) == 5
    assert all(np.isfinite(answer["probs"]).all() for answer in answers)


def test_pictures_of_any_mode_are_answered(client):
    for mode in ("L", "LA", "P", "RGBA", "CMYK", "1", "I;16"):
        file = io.BytesIO()
        Image.new(mode, (9, 5)).save(file, "TIFF")
        assert client.score(text_of(file.getvalue())).status_code == 200, mode


def test_a_model_whose_folder_is_renamed_or_deleted_goes_on_answering(tmp_path):
    folder = write_model(tmp_path / "pets")
    with served({"pets": folder}) as client:
        before = client.score(text_of(picture("green"))).json()
        renamed = folder.rename(tmp_path / "cats")
        assert client.score(text_of(picture("green"))).json() == before
        shutil.rmtree(renamed)
        assert client.score(text_of(picture("green")), path="/models/pets/score").json() == before
        assert [model["name"] for model in client.get("/models").json()] == ["pets"]
        assert client.get("/ready").status_code == 200
