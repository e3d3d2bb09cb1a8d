import re
import subprocess
import sys
from dataclasses import replace

import numpy as np

from automl.experiments import store
from automl.reports import html_report, test_data


def test_the_report_stands_alone_and_says_what_counts(with_test_data, with_answers):
    with_answers(with_test_data)
    test_data.open_for(with_test_data)
    text = html_report.html(with_test_data)
    assert len(text) < 15_000_000
    assert not re.search(r"<(link|img|script|iframe)[^>]+(src|href)=[\"']https?:", text)
    assert "0.900 (0.700–1.000)" in text  # on the test data
    assert text.count("data:image/jpeg;base64,") == 1  # the only mistake
    assert "best trial" in text


def test_labels_and_names_are_escaped(with_test_data, with_answers):
    with_answers(with_test_data)
    samples = store.load_samples(with_test_data)
    hostile = "<script>alert(1)</script>"
    samples["label"] = samples["label"].replace({"red": hostile})
    store.save_dataset(with_test_data, samples, store.load_report(with_test_data))
    text = html_report.html(with_test_data)
    assert hostile not in text
    assert "&lt;script&gt;" in text


def test_an_experiment_without_a_score_has_a_report(make_experiment, make_trial):
    directory = make_experiment(trials=[make_trial("t1", state="failed", reason="No memory.")])
    text = html_report.html(directory)
    assert "No trial has been scored." in text
    assert "No memory." in text


def test_what_draws_the_report_imports_neither_streamlit_nor_torch():
    drawing = "charts, wording, answer_charts, confusion_chart, timeline"
    imports = [f"automl.figures.{name}" for name in drawing.split(", ")]
    program = (
        f"import sys, automl.reports.html_report, {', '.join(imports)}\n"
        "sys.exit(' '.join({'streamlit', 'torch', 'ray'} & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_model_without_mistakes_hides_none(with_test_data, with_answers):
    with_answers(with_test_data)
    assert "None of them can be shown." not in html_report.html(with_test_data)
    path = store.predictions_path(with_test_data, "t1")
    found = store.load_predictions(path)
    right = replace(found, probabilities=np.eye(3, dtype=np.float32)[found.labels])
    store.save_predictions(path, right)
    text = html_report.html(with_test_data)
    assert "Every answer is right." in text
    assert "None of them can be shown." not in text
