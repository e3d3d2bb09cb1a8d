"""Input that means harm, everywhere it can be given. docs/security.md lists the same cases.

Addresses are in tests/dataset/test_public_http.py, links to pages and labels on them in
tests/pages/test_hostile_links.py; docs/security.md has their cases, too.
"""

import io
import json
import os
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from onnx import TensorProto, helper
from PIL import Image

from automl.dataset import archive, data_roots, manifest, pictures, scan
from automl.experiments import launcher, store
from automl.host import home
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.model import warm_start
from automl.model.description import ModelDescription
from automl.prediction import inference
from automl.reports import html_report, sharing
from automl.ui import cached, data_source
from tests.conftest import mean_colour

ROOT = Path(__file__).parents[1]
SECONDS, GROWTH = 10, 500 * 1000**2


@pytest.fixture(autouse=True)
def in_reasonable_time_and_memory() -> Iterator[None]:
    process, started = psutil.Process(), time.process_time()  # not the clock: others work, too
    before = process.memory_info().rss
    yield
    assert time.process_time() - started < SECONDS
    assert process.memory_info().rss - before < GROWTH


def refused(attempt: Callable[[], object], answer: str) -> None:
    """Refused in a sentence, not with a crash of something deep inside."""
    with pytest.raises(ValueError, match=answer) as caught:
        attempt()
    assert len(str(caught.value)) < 3000


# -- job files ------------------------------------------------------------------------------------

LAUGHS = "\n".join(
    ["a0: &a0 [lol, lol, lol]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
)
MERGES = "\n".join(
    ["a0: &a0 {k: v}"]
    + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
)
DATA = "training_data: {path: pets}\n"
JOBS = {
    "an alias bomb": (LAUGHS, "aliases make more than"),
    "a bomb of merge keys": (MERGES, "aliases make more than"),
    "lists nested 100,000 deep": ("a: " + "[" * 100_000, "nested too deeply"),
    "a mapping nested 1,000 deep": ("a: " + "{a: " * 1000 + "1" + "}" * 1000, "nested too deeply"),
    "a text of 2 MB": ("description: " + "x" * 2_000_000, "longer than 1,000,000 characters"),
    "a tag that makes a Python object": (
        DATA + 'description: !!python/object/apply:os.system ["true"]',
        "could not determine a constructor",
    ),
    "a tag that includes a file": (DATA + "description: !include /etc/passwd", "constructor"),
    "a part that holds itself": ("training_data: &a {path: *a}", "refers to itself"),
    "a number of 10,000 digits": (DATA + f"seed: {'9' * 10_000}", "not valid YAML"),
    "a date that does not exist": (DATA + "description: !!timestamp 2026-99-99", "not valid YAML"),
    "two documents in one file": (DATA + "---\n" + DATA, "another document"),
    "a NUL byte": (DATA + "name: a\0b", "special characters are not allowed"),
    "half a character": (DATA + 'name: "\\ud800"', "half a character"),
    "infinitely many trials": (DATA + "limits: {max_trials: .inf}", "max_trials"),
    "code in a search space": (
        DATA + "search_space: [{learning_rate: \"uniform(__import__('os'), 1)\"}]",
        "learning_rate",
    ),
    "a model name that is a path": (
        DATA + "training_parameters: {model_name: ../../tmp/evil}",
        "is not a model we know",
    ),
    "a model's tag that is a path": (
        DATA + "training_parameters: {model_name: resnet18.a/../../../tmp/evil}",
        "is not a model we know",
    ),
    "a model of somebody's page on a hub": (
        DATA + "training_parameters: {model_name: 'hf-hub:evil/model'}",
        "is not a model we know",
    ),
    "a model in a folder": (
        DATA + "training_parameters: {model_name: 'local-dir:/tmp/evil'}",
        "is not a model we know",
    ),
    "a data path with another scheme": ("training_data: {path: 'ftp://host/etc'}", "not on this"),
    "an unknown key": (DATA + "hooks: {on_start: rm}", "hooks is not a key we know"),
}


@pytest.mark.parametrize("case", JOBS)
def test_job_files(case: str) -> None:
    text, answer = JOBS[case]
    refused(lambda: Job.from_yaml(text), answer)


CHECKPOINTS = {
    "a checkpoint above the experiments": "../evil/t1",
    "a checkpoint that leads out by its trial": "pets/../../../evil/trials/t1",
    "a checkpoint by its full path": "pets/{evil}/trials/t1",
    "a checkpoint with a NUL byte": "pets/t1\0",
    "a checkpoint in a hidden folder": ".deleted/t1",
}


@pytest.mark.parametrize("case", CHECKPOINTS)
def test_checkpoints(case: str, make_experiment: Callable[..., Path], tmp_path: Path) -> None:
    experiments = make_experiment("pets").parent
    description = ModelDescription.model_construct()
    for name in (experiments.parent / "evil", experiments / ".deleted", tmp_path / "evil"):
        folder = name / "trials" / "t1" / "checkpoint"
        folder.mkdir(parents=True)
        (folder / "model.json").write_text(description.model_dump_json())
        (name / "job.yml").touch()
        (name / "experiment.json").touch()
    run_id = CHECKPOINTS[case].format(evil=tmp_path / "evil")
    refused(lambda: warm_start.find(run_id, experiments), "but there is no experiment")


# -- names and paths ------------------------------------------------------------------------------

NAMES = {
    "a name that is a path": ("../../etc/cron.d/x", "path separator"),
    "a name that is a path of Windows": ("..\\..\\x", "path separator"),
    "a name of dots": ("..", "no letter or digit"),
    "a name of emoji": ("🙂🙂", "no letter or digit"),
    "a name of control characters": ("\0\n\x1b[2J", None),
    "a name that is HTML": ("<script>alert(1)<script>", None),
    "a name of 10,000 letters": ("x" * 10_000, None),
    "a name that turns the writing round": ("pets\u202egpj.exe", None),
}


@pytest.mark.parametrize("case", NAMES)
def test_names(case: str, tmp_path: Path) -> None:
    name, answer = NAMES[case]
    job = Job(training_data=DataSource(path=tmp_path))
    if answer:
        refused(lambda: launcher.create(job, name=name), answer)
        assert not home.experiments_dir().exists() or not list(home.experiments_dir().iterdir())
    else:
        directory = launcher.create(job, name=name)
        assert directory.parent == home.experiments_dir()
        assert directory.name.replace("-", "").isalnum()
        assert len(directory.name) <= 60


PATHS = {
    "a path outside of the data folders": "/etc",
    "a path that climbs out of them": "{root}/../..",
    "a link that leads out of them": "{root}/link/passwd",
    "a path with a NUL byte": "{root}/\0/etc",
    "the home of another user": "~root/.ssh",
    "a hidden file in a data folder, such as a key": "{root}/.ssh/id_rsa",
}


@pytest.mark.parametrize("case", PATHS)
def test_paths(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("/etc")
    (root / ".ssh").mkdir()
    (root / ".ssh" / "id_rsa").touch()
    monkeypatch.setenv("AUTOML_DATA_ROOTS", str(root))
    refused(
        lambda: data_source.from_path(PATHS[case].format(root=root)), "outside of the folders|no "
    )


def test_what_stands_for_a_datastore(tmp_path: Path) -> None:
    """A datastore that is a file address, or a bucket."""
    for place in ("file:///etc", "s3://b/c"):
        job = Job.from_dict(
            {"training_data": {"path": str(tmp_path)}, "datastores": {"blobs": place}}
        )
        refused(lambda job=job: data_roots.check_job(job), "rights of this machine")


def test_an_upload_that_is_called_like_a_path(home: Path) -> None:
    """An upload that is called like a path."""
    saved = data_source.save_upload(io.BytesIO(b"x"), "../../../evil\0.zip")
    assert saved.path.is_relative_to(home / "cache" / "uploads")


# -- archives -------------------------------------------------------------------------------------


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, data in entries:
            file.writestr(name, data)
    return path


def tarred(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as file:
        for member in members:
            file.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def a_zip_link(path: Path) -> Path:
    info = zipfile.ZipInfo("cat/1.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return zipped(path, (info, b"/etc/passwd"))


def a_lying_zip(path: Path) -> Path:
    zipped(path, ("a.png", bytes(100_000_000)))
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        start = data.index(mark) + offset
        data[start : start + 4] = struct.pack("<I", 100)
    path.write_bytes(data)
    return path


ARCHIVES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a zip entry that climbs out": (lambda p: zipped(p, ("../x.png", b"x")), "leads out of it"),
    "a zip entry with a full path": (lambda p: zipped(p, ("/tmp/x.png", b"x")), "leads out of it"),
    "a zip entry with a drive": (lambda p: zipped(p, ("C:/x.png", b"x")), "leads out of it"),
    "a zip entry with backslashes": (lambda p: zipped(p, ("..\\x.png", b"x")), "leads out of it"),
    "a link in a zip": (a_zip_link, "link or device"),
    "a zip bomb": (lambda p: zipped(p, ("a.png", bytes(200_000_000))), "would unpack to more"),
    "a zip that lies about its size": (a_lying_zip, "is not a zip file"),
    "two zip entries of one name": (
        lambda p: zipped(p, ("a.png", b"1"), ("A.PNG", b"2")),
        "two entries called",
    ),
    "a zip name of 3,000 letters": (lambda p: zipped(p, ("a/" * 1500 + "b", b"")), "no file can"),
    "a tar entry that climbs out": (lambda p: tarred(p, member("../x")), "leads out of it"),
    "a soft link in a tar": (
        lambda p: tarred(p, member("a.png", tarfile.SYMTYPE, "/etc/passwd")),
        "link or device",
    ),
    "a hard link in a tar": (
        lambda p: tarred(p, member("a.png", tarfile.LNKTYPE, "/etc/passwd")),
        "link or device",
    ),
    "a device in a tar": (lambda p: tarred(p, member("a.png", tarfile.CHRTYPE)), "link or device"),
    "a pipe in a tar": (lambda p: tarred(p, member("a.png", tarfile.FIFOTYPE)), "link or device"),
    "a file that is no archive": (
        lambda p: p.write_bytes(b"PK\3\4junk") and p,
        "is not a zip file",
    ),
}


@pytest.mark.parametrize("case", ARCHIVES)
def test_archives(case: str, tmp_path: Path, home: Path) -> None:
    make, answer = ARCHIVES[case]
    kind: archive.ArchiveType = "tar" if "tar" in case.split() else "zip"
    path = make(tmp_path / f"pets.{kind}")
    refused(lambda: archive.extract(path, kind), answer)
    assert list((home / "cache" / "archives").iterdir()) == []
    assert [child.name for child in tmp_path.iterdir()] == [path.name]


# -- shared experiments ---------------------------------------------------------------------------


@pytest.fixture
def shared(with_test_data: Path, with_answers: Callable[[Path], None], tmp_path: Path) -> Path:
    with_answers(with_test_data)
    return sharing.pack(with_test_data, tmp_path / "shared.zip")


def changed(path: Path, name: str, data: bytes | Callable[[bytes], bytes]) -> Path:
    """The archive with one entry added, or made another."""
    with zipfile.ZipFile(path) as file:
        parts = {entry: file.read(entry) for entry in file.namelist()}
    parts[name] = data if isinstance(data, bytes) else data(parts[name])
    return zipped(path, *parts.items())


def json_with(**values: object) -> Callable[[bytes], bytes]:
    return lambda data: json.dumps({**json.loads(data), **values}).encode()


def parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def a_table_that_grows() -> bytes:
    """Some KB that become 50 GB: one long text, referred to from every row."""
    text = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(500_000, dtype=np.int32)), pa.array(["x" * 100_000])
    )
    return parquet(pa.table({"path": text}))


def endless_classes() -> bytes:
    values = pa.array(np.zeros(60_000, dtype=np.float32))
    lists = pa.FixedSizeListArray.from_arrays(values, 60_000)
    return parquet(pa.table({"id": [0], "label": [0], "probabilities": lists}))


SHARED: dict[str, tuple[str, bytes | Callable[[bytes], bytes], str]] = {
    "a shared entry that climbs out": ("../evil.json", b"{}", "leads out of it"),
    "a trial whose id is a path": (
        "trials/t1.json",
        json_with(trial_id="../../../../tmp/evil"),
        "cannot be opened",
    ),
    "a best trial that is a path": (
        "experiment.json",
        json_with(best_trial="../../evil"),
        "cannot be opened",
    ),
    "a trial nested 100,000 deep": ("trials/t1.json", b"[" * 100_000, "cannot be read"),
    "a record of more than 50 MB": (
        "dataset/report.json",
        lambda data: data + os.urandom(50_000_000),
        "takes more than 50 MB",
    ),
    "a table that grows without bound": (
        "dataset/samples.parquet",
        a_table_that_grows(),
        "takes more than 2,000 MB",
    ),
    "answers for more classes than there are": (
        "trials/t1/predictions.parquet",
        endless_classes(),
        "takes more than 2,000 MB",
    ),
    "a table that is none": ("dataset/samples.parquet", b"PAR1junkPAR1", "is damaged"),
    "an alias bomb in a shared job": ("job.yml", LAUGHS.encode(), "cannot be opened"),
}


@pytest.mark.parametrize("case", SHARED)
def test_shared_experiments(case: str, shared: Path, tmp_path: Path) -> None:
    name, data, answer = SHARED[case]
    theirs = tmp_path / "theirs"
    path = changed(shared, name, data)
    refused(lambda: sharing.unpack(path, theirs), answer)
    assert not theirs.exists() or list(theirs.iterdir()) == []


def test_code_and_pickles_in_a_shared_experiment(shared: Path, tmp_path: Path) -> None:
    """Code, pickles and requests in a shared experiment."""
    for name in ("trials/t1/checkpoint/model.pt", "best_model/x.py", "control/stop", "tune/a.pkl"):
        changed(shared, name, b"import os")
    directory = sharing.unpack(shared, tmp_path / "theirs")
    endings = {path.suffix for path in directory.rglob("*") if path.is_file()}
    assert endings <= {".json", ".yml", ".parquet", ".onnx", ".jpg", ""}
    assert not (directory / "control").exists()


def test_a_shared_id_that_is_a_path(shared: Path, tmp_path: Path) -> None:
    """A shared experiment whose id is a path."""
    changed(shared, "experiment.json", json_with(experiment_id="../../evil"))
    directory = sharing.unpack(shared, tmp_path / "theirs")
    assert directory == tmp_path / "theirs" / "evil"


def test_shared_pictures_are_never_files_of_this_machine(shared: Path, tmp_path: Path) -> None:
    """A shared table of pictures that names files of this machine."""

    def secrets(data: bytes) -> bytes:
        table = pd.read_parquet(io.BytesIO(data))
        table["path"], table["content_hash"] = "/etc/passwd", "../../../../etc/passwd"
        return parquet(pa.Table.from_pandas(table))

    changed(shared, "dataset/samples.parquet", secrets)
    directory = sharing.unpack(shared, tmp_path / "theirs")
    samples = cached.samples(directory)
    assert samples is not None
    assert all(Path(path).is_relative_to(directory / "thumbnails") for path in samples["path"])
    assert not any(".." in path for path in samples["path"])


def test_a_shared_model_that_asks_for_gigantic_pictures(shared: Path, tmp_path: Path) -> None:
    """A shared model that asks for pictures of a million pixels a side."""
    changed(shared, "best_model/settings.json", json_with(validation_crop_size=1_000_000))
    directory = sharing.unpack(shared, tmp_path / "theirs")
    refused(lambda: inference.Predictor(store.best_model_dir(directory)), "at most 4,096")


def test_a_shared_model_that_reads_files_of_this_machine(shared: Path, tmp_path: Path) -> None:
    """A shared model whose weights are a file of this machine."""
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(12))
    model = mean_colour()
    outside = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3])
    outside.data_location = TensorProto.EXTERNAL
    climb = "../" * 20 + str(secret).lstrip("/")
    for key, value in (("location", climb), ("length", "12")):
        outside.external_data.add(key=key, value=value)
    model.graph.initializer.append(outside)
    model.graph.node.append(helper.make_node("Add", ["output1", "w"], ["output2"]))
    changed(shared, "best_model/model.onnx", model.SerializeToString())
    directory = sharing.unpack(shared, tmp_path / "theirs")
    refused(lambda: inference.Predictor(store.best_model_dir(directory)), "cannot be loaded")


def test_a_shared_model_with_operators_of_its_own(shared: Path, tmp_path: Path) -> None:
    """A shared model with operators of its own."""
    graph = onnx.ModelProto()
    graph.CopyFrom(mean_colour())
    graph.graph.node[0].domain, graph.graph.node[0].op_type = "evil", "Shell"
    changed(shared, "best_model/model.onnx", graph.SerializeToString())
    directory = sharing.unpack(shared, tmp_path / "theirs")
    refused(lambda: inference.Predictor(store.best_model_dir(directory)), "cannot be loaded")


def test_labels_in_a_report(with_test_data: Path, with_answers: Callable[[Path], None]) -> None:
    """Labels that are HTML, in a report."""
    evil = "<img src=x onerror=alert(1)>"
    samples = store.load_samples(with_test_data)
    samples["label"] = samples["label"].replace("red", evil)
    report = store.load_report(with_test_data)
    assert report is not None
    store.save_dataset(with_test_data, samples, report)
    with_answers(with_test_data)
    html = html_report.html(with_test_data)
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert evil not in html


# -- pictures -------------------------------------------------------------------------------------


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(min(height, 8) * (1 + 3 * min(width, 8)))))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + body + chunk(b"IEND", b"")


def saved(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, kind)
    return buffer.getvalue()


TEXT_BOMB = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100_000_000), 9))
PICTURES = {
    "a picture of 100,000 x 100,000 pixels": (png(100_000, 100_000), "at most 100,000,000"),
    "a picture with 100 MB of comment": (png(8, 8, TEXT_BOMB), "damaged"),
    "a picture that is cut off": (saved("JPEG")[:400], "damaged or cut off"),
    "a picture of a drawing program (SVG)": (b"<svg onload='alert(1)'/>", "not a picture"),
    "a program in PostScript (EPS)": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a picture"),
    "a PDF that is called a picture": (b"%PDF-1.7\n", "not a picture"),
    "a page that is called a picture": (b"<html><script>alert(1)</script>", "not a picture"),
    "an empty picture": (b"", "empty"),
    "a PPM that claims to be endless": (b"P6 60000 60000 255\n", "at most 100,000,000"),
}


@pytest.mark.parametrize("case", PICTURES)
def test_pictures(case: str, tmp_path: Path) -> None:
    data, answer = PICTURES[case]
    path = tmp_path / "a.png"
    path.write_bytes(data)
    refused(lambda: pictures.load_rgb(path), answer)


def test_a_thumbnail_carries_nothing_along(tmp_path: Path) -> None:
    """A page behind the pixels of a picture."""
    path = tmp_path / "a.jpg"
    path.write_bytes(saved("JPEG") + b"<script>alert(1)</script>")
    assert b"script" not in pictures.thumbnail(path)


def test_what_is_no_file_in_a_folder_of_pictures(tmp_path: Path) -> None:
    """Pipes, devices and links that lead out, in a folder of pictures."""
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(secret)
    for label in ("cat", "dog"):
        folder = tmp_path / "pets" / label
        folder.mkdir(parents=True)
        for number in range(3):
            shade = (number * 20, 9, 100 * (label == "cat"))
            Image.new("RGB", (8, 8), shade).save(folder / f"{number}.png")
    os.mkfifo(tmp_path / "pets" / "cat" / "pipe.png")
    (tmp_path / "pets" / "cat" / "endless.png").symlink_to("/dev/zero")
    (tmp_path / "pets" / "cat" / "secret.png").symlink_to(secret)
    found = manifest.inspect(DataSource(path=tmp_path / "pets"))
    assert sorted(Path(path).name for path in found.samples["path"]) == sorted(
        ["0.png", "1.png", "2.png"] * 2
    )


# -- tables ---------------------------------------------------------------------------------------

MLTABLE = "paths: [{file: ./a.jsonl}]\ntransformations: [read_json_lines]\n"
TABLES = {
    "a table in an archive that names a file outside": ("image,label\n/etc/passwd,a\n", "outside"),
    "a table in an archive that climbs out": ("image,label\n../../../a.png,a\n", "outside"),
    "a table in an archive with a file address": ("image,label\nfile:///etc/passwd,a\n", "outside"),
    "a table in an archive with a bucket": ("image,label\ns3://b/b.png,a\n", "rights of this"),
    "an alias bomb in an MLTable": (LAUGHS, "not valid YAML"),
    "a Python object in an MLTable": ("paths: !!python/name:os.system", "not valid YAML"),
    "an MLTable that reads above itself": (
        MLTABLE.replace("file: ./a.jsonl", "pattern: '../../**/*'"),
        "which is not inside",
    ),
    "an MLTable that reads a file outside": (MLTABLE.replace("./a", "/etc/a"), "outside|no file"),
    "code in the filter of an MLTable": (
        MLTABLE.replace("[read_json_lines]", "[read_json_lines, {filter: \"__import__('os')\"}]"),
        "filter",
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_tables(case: str, tmp_path: Path) -> None:
    text, answer = TABLES[case]
    name = "MLTable" if "MLTable" in case else "labels.csv"
    row = b'{"image_url": "a.png", "label": "a"}\n'
    path = zipped(tmp_path / "a.zip", (name, text.encode()), ("a.jsonl", row), ("a.png", png(8, 8)))
    table = None if name == "MLTable" else name
    refused(lambda: manifest.inspect(DataSource(path=path, table=table)), answer)


TEAM_TABLES = {
    "labels.csv": "image,label\n./a.jsonl,a\n",
    "MLTable": MLTABLE,
}


@pytest.mark.parametrize("file", TEAM_TABLES)
@pytest.mark.parametrize("name", ["{secret}", "../secret.png", "link.png", "file://{secret}"])
def test_tables_of_a_team(
    file: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file or a link outside of the data folders; a bucket."""
    secret, root = tmp_path / "secret.png", tmp_path / "root"
    root.mkdir()
    secret.write_text("token-123")
    (root / "link.png").symlink_to(secret)
    table, content = root / file, TEAM_TABLES[file]
    table.write_text(content.replace("./a.jsonl", name.format(secret=secret)))
    monkeypatch.setenv("AUTOML_DATA_ROOTS", str(root))
    monkeypatch.setenv(data_roots.TABLES_VARIABLE, "1")
    refused(lambda: manifest.inspect(DataSource(path=table)), "outside of the folders that this")
    table.write_text(content.replace("./a.jsonl", "s3://bucket/secret.png"))
    refused(lambda: manifest.inspect(DataSource(path=table)), "rights of this machine")


def test_what_a_table_names_is_not_quoted_unless_it_is_called_a_picture(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("token-123")
    (tmp_path / "link.png").symlink_to(tmp_path / "token")
    (tmp_path / "page.png").write_text("404 Not Found")
    listing = pd.DataFrame({"path": [str(tmp_path / name) for name in ("link.png", "page.png")]})
    link, page = scan.scan(listing)["problem"]
    assert link.startswith("It is text in place of the file")
    assert "'404 Not Found'" in page


# -- the list -------------------------------------------------------------------------------------


def test_the_list_in_the_documentation_is_that_of_the_tests() -> None:
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    listed = {line.split("|")[2].strip() for line in text.splitlines() if line.startswith("| ")}
    tables = (JOBS, CHECKPOINTS, NAMES, PATHS, ARCHIVES, SHARED, PICTURES, TABLES)
    cases = {case for table in tables for case in table}
    single = [function.__doc__ for function in globals().values() if callable(function)]
    cases |= {
        doc.rstrip(".")[0].lower() + doc.rstrip(".")[1:]
        for name, function in globals().items()
        if name.startswith("test_") and (doc := function.__doc__)
    }
    assert single
    assert cases - listed == set()
    assert len(listed) >= 100
