import json

import pytest

from benchmarks import gpu


def test_the_gpu_benchmark_runs_small_on_a_cpu(capsys: pytest.CaptureFixture[str]) -> None:
    report = gpu.main(["--small"])
    assert (report.errors, report.left_out) == ({}, [])
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["figures"] == report.figures
    assert last["falls_short"] == []
    assert report.figures["deterministic_is_equal"] == report.figures["fp16_loss_is_finite"] == 1
    assert (report.figures["recovered_in_parts"], report.figures["recovered_epoch"]) == (2, 1)
    assert 0 <= report.figures["test_resnet_busy_share"] <= 1
    for name in ("images", "evaluated", "features"):
        assert report.figures[f"test_resnet_{name}_per_second"] > 0


def test_what_falls_short_is_named() -> None:
    report = gpu.Report({"a": 0.9, "b": 1.0}, {"a": 0.95, "b": 0.95, "missing": 0.5})
    assert report.falls_short == ["a", "missing"]
