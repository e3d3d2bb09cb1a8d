"""Two people, or two tabs, do something to one thing at the same moment, in processes."""

import multiprocessing
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from automl.access import permissions
from automl.access.permissions import Role
from automl.errors import NotAllowedError, UserError
from automl.experiments import launcher, limits, remarks, store
from automl.experiments.limits import QueueLimits
from automl.experiments.records import ExperimentState
from automl.experiments.remarks import Remarks
from automl.jobs import data_versions
from automl.jobs.corrections import Corrections
from automl.reports import sharing

Act = Callable[[], object]
DATA = Path("/data/pets")


def at_once(*acts: Act) -> list[str]:
    """Do each in a process of its own at one moment; empty, or the sentence of its refusal."""
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(len(acts)), context.SimpleQueue()

    def do(number: int, act: Act) -> None:
        barrier.wait(60)
        try:
            act()
        except UserError as error:
            answers.put((number, str(error)))
        except BaseException:  # noqa: BLE001 (shown by the test)
            answers.put((number, traceback.format_exc()))
        else:
            answers.put((number, ""))

    processes = [context.Process(target=do, args=each) for each in enumerate(acts)]
    for process in processes:
        process.start()
    found = dict(answers.get() for _ in processes)
    for process in processes:
        process.join()
    assert not [text for text in found.values() if "Traceback" in text], found
    return [found[number] for number in range(len(acts))]


def test_versions_that_two_tabs_save_are_both_kept() -> None:
    def save(number: int, name: str) -> Act:
        corrections = Corrections(exclude=[f"{number}.jpg"])
        return partial(data_versions.keep, DATA, corrections, "hash", by="ann", name=name)

    assert at_once(*(save(n, f"mine {n}") for n in range(6))) == [""] * 6
    saved = {version.name: version.corrections.exclude for version in data_versions.of(DATA)}
    assert saved == {f"mine {n}": [f"{n}.jpg"] for n in range(6)}
    refused = sorted(at_once(*(save(n, "the same") for n in range(10, 14))))
    assert refused == [
        "",
        *["There is a version the same already. Choose another name."] * 3,
    ]


def test_limits_that_two_admins_set_are_those_of_one_of_them() -> None:
    wanted = [QueueLimits(max_running=n, max_waiting_per_user=n) for n in range(1, 7)]

    def read() -> None:
        for _ in range(50):
            assert limits.load() in [QueueLimits(), *wanted]

    acts = [partial(limits.save, each) for each in wanted]
    assert set(at_once(*acts, read, read)) == {""}
    assert limits.load() in wanted
    assert [path.name for path in limits.path().parent.glob("*partial*")] == []


def test_a_list_of_people_that_is_half_written_gives_nobody_more(home: Path) -> None:
    """Two admins save it in their editors, which are not atomic, while people sign in."""
    path = home / "access.yml"
    lines = "".join(f"  p{n}@example.com: viewer\n" for n in range(200))
    texts = [f"people:\n{lines}  ann@example.com: {role}\n" for role in ("viewer", "analyst")]
    path.write_text(texts[0])

    def edit(text: str) -> None:
        for _ in range(40):
            with path.open("w") as file:
                for part in (text[:2000], text[2000:]):
                    file.write(part)
                    file.flush()

    def sign_in() -> None:
        for _ in range(40):
            try:
                person = permissions.person({"email": "ann@example.com", "email_verified": True})
            except NotAllowedError:
                continue
            assert person.role in (Role.VIEWER, Role.ANALYST)

    acts: list[Act] = [*(partial(edit, text) for text in texts), sign_in, sign_in]
    assert set(at_once(*acts)) == {""}


def test_what_is_written_while_an_experiment_is_deleted_leaves_nothing(
    make_experiment: Callable[..., Path], make_trial: Callable[..., Any], tmp_path: Path
) -> None:
    for round_ in range(8):
        folder = make_experiment(f"pets-{round_}", [make_trial("trial-000", (0.5,))])
        acts: list[Act] = [
            partial(launcher.delete, folder),
            partial(remarks.save, folder, Remarks(note="x")),
            partial(launcher.stop, folder),
            partial(sharing.pack, folder, tmp_path / "shared.zip"),
        ]
        assert at_once(*acts)[0] == ""
        assert not folder.exists()
    assert [path.name for path in folder.parent.iterdir()] == []


def test_an_experiment_that_several_share_and_open_at_once_is_whole(
    make_experiment: Callable[..., Path],
    make_trial: Callable[..., Any],
    home: Path,
    tmp_path: Path,
) -> None:
    folder = make_experiment("pets", [make_trial("trial-000", (0.5,))])
    shared, opened = tmp_path / "shared.zip", home / "opened"
    assert set(at_once(*[partial(sharing.pack, folder, shared)] * 4)) == {""}
    assert [path.name for path in tmp_path.glob("*shared*")] == ["shared.zip"]
    assert set(at_once(*[partial(sharing.unpack, shared, opened)] * 4)) == {""}
    copies = [path for path in opened.iterdir() if not path.name.startswith(".")]
    assert len(copies) == 4
    for copy in copies:
        assert store.load_experiment(copy).experiment_id == copy.name
        assert [path.name for path in store.trial_paths(copy)] == ["trial-000.json"]


def test_an_experiment_that_starts_is_not_deleted_and_one_that_is_deleted_does_not_start(
    make_experiment: Callable[..., Path],
) -> None:
    """The engine holds the lock as `launcher.start` gives it to it."""
    for round_ in range(8):
        folder = make_experiment(f"pets-{round_}", state="stopped")
        engine = folder.parent / f"engine-{round_}"

        def run(folder: Path = folder, engine: Path = engine) -> None:
            with launcher._startable(folder) as lock:
                if lock is None:
                    raise UserError("busy")
                engine.touch()
                assert store.load_experiment(folder).state is ExperimentState.STOPPED
                time.sleep(0.02)
                assert store.load_job(folder)

        started, also, deleted = at_once(run, run, partial(launcher.delete, folder))
        assert folder.exists() == bool(deleted)
        assert deleted in ("", f"{folder.name} is running. Stop it first.")
        assert engine.exists() or not deleted
        assert "" in (started, also, deleted)
