import base64
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
import requests
from typer.testing import CliRunner

from automl.access import audit, permissions
from automl.cli import cli
from automl.cli.serving import _model_dirs
from automl.serving import admission, server, shadow_folder
from tests.serving.conftest import picture, write_model

HEAVY = {"torch", "torchvision", "timm", "ray", "streamlit", "pandas"}


def refused(*arguments):
    result = CliRunner().invoke(cli, ["serve", *map(str, arguments)])
    assert result.exit_code == 2
    assert result.stdout == ""
    return result.stderr


def free_port():
    with server.listen("127.0.0.1", 0) as probe:
        return probe.getsockname()[1]


@contextmanager
def serving(*arguments):
    """`automl serve` in a process of its own, which is ready; and its address."""
    port = free_port()
    command = [sys.executable, "-m", "automl.cli", "serve", *map(str, arguments), f"--port={port}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert "answers at" in process.stderr.readline()
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def test_requests_in_flight_are_answered_before_it_ends(make_experiment, tmp_path):
    """The server of an experiment, with the key of a file, ends after its answers."""
    write_model(make_experiment("pets") / "best_model")
    key_file = tmp_path / "key"
    key_file.write_text("0123456789abcdef\n")
    key_file.chmod(0o600)
    key = {"Authorization": "Bearer 0123456789abcdef"}
    text = base64.b64encode(picture("green", side=700)).decode()
    body = json.dumps({"input_data": [text] * 200})
    answers = []

    def ask():
        answers.append(requests.post(f"{url}/score", data=body, headers=key, timeout=60))

    other = write_model(tmp_path / "other", ("blue", "green", "red"))
    shadow = ("--shadow", other, "--shadow-folder", tmp_path / "both")
    with serving("pets", "--api-key-file", key_file, *shadow) as (process, url):
        assert requests.get(f"{url}/models", timeout=60).status_code == 401
        (model,) = requests.get(f"{url}/models", headers=key, timeout=60).json()
        assert model["name"] == "pets"
        asking = threading.Thread(target=ask)
        asking.start()
        while "in_flight 2.0" not in requests.get(f"{url}/metrics", headers=key, timeout=60).text:
            assert asking.is_alive(), "the request was over before it could be interrupted"
        process.send_signal(signal.SIGTERM)
        asking.join()
        process.wait(20)
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{url}/health", timeout=5)
    (answer,) = answers
    assert answer.status_code == 200
    assert len(answer.json()) == 200
    counts = shadow_folder.load_counts(tmp_path / "both")
    assert counts.failed == 0
    assert counts.answered + counts.dropped == 200
    _, began, ended = audit.read()
    me = permissions.local_user().name
    for entry, action in ((began, "serve"), (ended, "stop_serving")):
        done = (entry.who, entry.action, entry.experiment, entry.outcome)
        assert done == (me, action, "pets", "done")
        assert entry.details["address"] == url
    assert began.time < ended.time


def test_it_starts_without_what_is_slow_to_import():
    program = "import sys, automl.serving.server, automl.cli.serving; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert HEAVY.isdisjoint(done.stdout.decode().split())


def test_models_get_the_names_they_are_given_or_those_of_their_places(make_experiment, tmp_path):
    write_model(make_experiment("pets") / "best_model")
    other = write_model(tmp_path / "my model")
    places = _model_dirs(["pets", f"first={other}", str(other)])
    assert list(places) == ["pets", "first", "my-model"]
    assert places["first"] == other
    assert "Two models are called my-model" in refused(other, other)


def test_what_has_no_model_is_refused(make_experiment, tmp_path):
    make_experiment("pets")
    assert "pets has no model" in refused("pets")
    assert "There is no experiment 'pest'" in refused("pest")
    (write_model(tmp_path / "half") / "labels.json").unlink()
    assert "no labels.json" in refused(tmp_path / "half")
    labels = write_model(tmp_path / "labels", ("red", "green"))
    assert "has 2 labels, but its model answers for 3 classes" in refused(
        labels, "--port", free_port()
    )
    broken = write_model(tmp_path / "broken")
    (broken / "model.onnx").write_bytes(b"nothing")
    assert "cannot be loaded" in refused(broken, "--port", free_port())


def test_a_second_model_that_answers_already_is_refused(make_experiment, tmp_path):
    own = write_model(make_experiment("pets") / "best_model")
    for second in ("pets", own, shutil.copytree(own, tmp_path / "exported again")):
        assert f"--shadow names {second}, which answers already." in refused(
            "pets", "--shadow", second
        )


def test_each_act_with_a_server_is_in_the_audit_log(make_experiment, tmp_path):
    first = write_model(make_experiment("pets") / "best_model")
    second = write_model(tmp_path / "second", ("blue", "green", "red"))
    (first / "model.onnx").write_bytes(b"nothing")  # so that it ends
    refused("pets", "--port", free_port())
    refused("pets", "--keep", tmp_path / "kept", "--shadow", second, "--port", free_port())
    alone, shadowed, kept, served = audit.read()
    for entry in (alone, served):
        assert (entry.action, entry.outcome) == ("serve", "failed")
        assert "cannot be loaded" in entry.details["reason"]
    assert {entry.experiment for entry in (alone, shadowed, kept, served)} == {"pets"}
    assert (shadowed.action, shadowed.details["second"]) == ("add_shadow", str(second))
    assert (kept.action, kept.details["folder"]) == ("keep_pictures", str(tmp_path / "kept"))


def test_limits_of_what_is_kept_need_a_folder(model_dir):
    for option in ("--keep-mb", "--keep-limit", "--keep-share"):
        assert f"{option} is for kept pictures." in refused(model_dir, option, 1)


def test_a_host_that_others_reach_needs_a_key(model_dir):
    assert "--allow-anonymous" in refused(model_dir, "--host", "0.0.0.0")
    assert "--allow-anonymous" in refused(model_dir, "--host", "::")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_a_loopback_host_needs_none(host):
    assert admission.is_loopback(host)


def test_a_key_file_that_protects_nothing_is_refused(model_dir, tmp_path):
    key_file = tmp_path / "key"
    assert "There is no key file" in refused(model_dir, "--api-key-file", key_file)
    key_file.write_text("secret-secret")
    key_file.chmod(0o644)
    assert f"chmod 600 {key_file}" in refused(model_dir, "--api-key-file", key_file)
    key_file.chmod(0o600)
    key_file.write_text(" \n\n")
    assert "is empty" in refused(model_dir, "--api-key-file", key_file)
    key_file.write_text("two words")
    assert "openssl rand" in refused(model_dir, "--api-key-file", key_file)


def test_answers_are_not_held_back_by_the_network():
    """asyncio turns Nagle's algorithm off for sockets that are named as TCP, and no others."""
    with server.listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_a_port_in_use_is_refused(model_dir):
    with server.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} cannot be used" in refused(model_dir, "--port", port)


@pytest.mark.parametrize("host", ["a..b", "no such host", "x" * 300])
def test_a_host_that_does_not_exist_is_refused(model_dir, host):
    said = refused(model_dir, "--allow-anonymous", "--host", host)
    assert f"{host} port 8080 cannot be used" in said
    assert "Choose another --port or --host." in said


def test_a_missing_package_is_named_with_the_command(model_dir):
    program = (
        "import sys; sys.modules['uvicorn'] = None\n"
        f"sys.argv = ['automl', 'serve', {str(model_dir)!r}]\n"
        "from automl.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install '.[serve]'" in done.stderr
    assert "Traceback" not in done.stderr
