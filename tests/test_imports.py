import os
import subprocess
import sys
from pathlib import Path

import pytest

import automl

HEAVY = ("torch", "torchvision", "timm", "ray", "streamlit")


def loaded_after(program: str) -> set[str]:
    code = f"import sys\n{program}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_the_reading_side_imports_no_training_library_and_no_user_interface():
    modules = [
        "cli",
        "jobs.job_file",
        *(f"experiments.{name}" for name in ("experiment", "launcher", "leaderboard", "store")),
        "explanation.explainer",
        "engine.first_score",  # after corrections the features are known
        "engine.label_next",
    ]
    program = "".join(f"import automl.{name}\n" for name in modules)
    assert loaded_after(program).isdisjoint(HEAVY)


def test_the_api_itself_imports_no_training_library():
    program = "import automl\nautoml.run, automl.open_experiment, automl.Job"
    assert loaded_after(program).isdisjoint(HEAVY)


def test_importing_the_package_or_the_command_line_costs_no_pandas():
    assert loaded_after("import automl").isdisjoint({"pandas", "numpy", "pydantic"})
    assert loaded_after("import automl.cli").isdisjoint({"pandas", "numpy", "pydantic"})


def test_validating_a_job_imports_no_more_than_it_needs(tmp_path: Path):
    (tmp_path / "job.yml").write_text("training_data: {path: pictures}\nsearch_space: [{}]\n")
    program = (
        "import automl.cli\nsys.argv[1:] = ['validate', 'job.yml']\n"
        f"import os; os.chdir({str(tmp_path)!r})\n"
        "try: automl.cli.main()\nexcept SystemExit as end: assert not end.code"
    )
    loaded = loaded_after(program)
    assert "automl.jobs.search_space_risk" in loaded
    assert loaded.isdisjoint({*HEAVY, "numpy", "pandas", "scipy", "rich"})


def test_the_package_offers_what_it_lists_and_nothing_else():
    assert all(callable(getattr(automl, name)) for name in automl.__all__)
    with pytest.raises(AttributeError, match="train"):
        _ = automl.train


def test_help_comes_at_once():
    before = os.times()
    subprocess.run([sys.executable, "-m", "automl.cli", "--help"], check=True, capture_output=True)
    after = os.times()  # not the clock: others work, too
    assert after.children_user - before.children_user < 5  # 0.6 s on a quiet machine
