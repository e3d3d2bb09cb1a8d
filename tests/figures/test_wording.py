from datetime import UTC, datetime, timedelta

import pytest

from automl.experiments.records import Evidence, ExperimentRecord, TrialRecord
from automl.figures import wording

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.4, "0 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations(seconds, text):
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Exporting trial-004.", "Exporting #4."),
        (
            "60% trial-000 (resnet18), 40% trial-1003 (vits16)",
            "60% #0 (resnet18), 40% #1003 (vits16)",
        ),
        ("Run automl export pets --trial trial-004.", "Run automl export pets --trial trial-004."),
        (
            "pets/trial-004 is not in /data/trial-004.json",
            "pets/trial-004 is not in /data/trial-004.json",
        ),
    ],
)
def test_a_stored_sentence_names_trials_as_pages_do(text, said):
    assert wording.stored(text) == said


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.9412, 0.93, 0.954, "0.941 ± 0.012"),
        (1.0, 0.839, 1.0, "1.000 (0.839–1.000)"),
        (0.9, 0.75, 1.0, "0.900 (0.750–1.000)"),  # ± 0.125 would reach beyond 1
        (0.0, 0.0, 0.161, "0.000 (0.000–0.161)"),
        (0.9412, None, None, "0.941"),
        (None, None, None, "–"),
        (float("nan"), None, None, "not a number"),
        (0.5, float("nan"), float("nan"), "0.500"),
    ],
)
def test_scores_with_intervals(value, low, high, text):
    assert wording.interval(value, low, high) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.21745, "0.217"), (512.34, "512"), (1797, "1,797"), (12345.6, "12,346")]
)
def test_numbers_have_three_significant_digits(value, text):
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.9125, 1, "91.2%"),
        (0.9998, 1, "99.9%"),
        (0.996, 0, "99%"),
        (1.0, 1, "100.0%"),
        (0.0001, 1, "0.1%"),
        (0.0, 0, "0%"),
    ],
)
def test_a_share_is_all_or_nothing_only_if_it_is(share, digits, text):
    assert wording.percent(share, digits) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.92, 0.98, "0.954 (0.92 to 0.98)"),
        (0.9491, 0.96, "0.954 (0.949 to 0.960)"),
        (None, None, ""),
    ],
)
def test_the_score_to_expect_has_its_ends(low, high, text):
    record = ExperimentRecord(
        experiment_id="pets",
        created_at=NOON,
        expected_score=0.954,
        expected_low=low,
        expected_high=high,
    )
    assert wording.expected(record) == text


def test_counts_agree_with_their_noun():
    assert wording.count(1, "picture") == "1 picture"
    assert wording.count(1797, "picture") == "1,797 pictures"
    assert wording.count(10, "class") == "10 classes"


@pytest.mark.parametrize(
    ("elapsed", "text"),
    [({"seconds": 5}, "just now"), ({"minutes": 3}, "3 min ago"), ({"hours": 5}, "5 h ago")],
)
def test_how_long_ago(elapsed, text):
    assert wording.ago(NOON - timedelta(**elapsed), NOON) == text


def test_days_ago_is_a_date():
    assert wording.ago(NOON - timedelta(days=3), NOON) == "30 Dec 2025"


def test_markdown_and_tags_of_users_are_escaped():
    assert wording.plain("![x](y) <b> *a*") == r"\!\[x\]\(y\) \<b\> \*a\*"


@pytest.mark.parametrize("text", ["http://host/p.png", ":material/home:", "www.host.net", "a@b.c"])
def test_what_would_become_a_link_or_an_icon_is_broken_up(text):
    assert "\N{WORD JOINER}" in wording.plain(text)


def test_words_without_markup_stay_as_they_are():
    assert wording.plain("golden retriever 7") == "golden retriever 7"


@pytest.mark.parametrize(
    ("write", "num_bytes", "expected"),
    [
        (wording.megabytes, 12_500_000, "12.5 MB"),
        (wording.megabytes, 0, "0 MB"),
        (wording.gigabytes, 16 * 2**30, "16 GB"),
        (wording.gigabytes, 1234 * 2**30 + 1, "1,234 GB"),
    ],
)
def test_sizes_have_three_digits_and_a_unit(write, num_bytes, expected):
    assert write(num_bytes) == expected


def test_the_order_is_explained_where_trials_were_scored_on_different_pictures(make_trial):
    plain, adjusted = make_trial("t1", [0.9]), make_trial("t2", [1.0])
    evidence = Evidence(num_pictures=9)
    changes = {"comparable_scores": {"accuracy": 0.88}, "evidence": evidence}
    adjusted = adjusted.model_copy(update=changes)
    assert wording.ranking([plain], "accuracy") == ""
    assert "on few pictures counts for less" in wording.ranking([plain, adjusted], "accuracy")
    assert wording.ranking([plain, adjusted], "auc_weighted") == ""
    alike = plain.model_copy(update={"evidence": evidence})
    assert wording.ranking([alike, adjusted], "accuracy") == ""
    beside = {"evidence": Evidence(num_pictures=9, num_out_of_fold=90)}
    probe = adjusted.model_copy(update=beside)
    assert "rests on the training pictures, too" in wording.ranking([alike, probe], "accuracy")
    assert wording.ranking([plain.model_copy(update=beside)], "accuracy") == ""


def test_the_place_of_a_trial_is_said_where_it_is_not_the_same_for_all():
    def trained(number: int, **effective: str) -> TrialRecord:
        values = {"hyperparameters": {}, "effective": effective}
        return TrialRecord(trial_id=f"t{number}", number=number, **values)

    on_one = trained(0, worker="process 7 on n1", gpu="0")
    on_both = trained(1, worker="process 8 on n1", gpu="1", other_machines="n2")
    assert wording.places([on_one, on_both, trained(2)]) == {
        "t0": "n1, GPU 0",
        "t1": "n1, n2, GPU 1",
        "t2": "",
    }
    assert wording.places([on_one, trained(2)]) == {}
    assert wording.places([trained(0, worker="process 7 on n1"), trained(1)]) == {}


def test_a_sentence_with_parts_is_a_list():
    assert wording.as_list("In 5 min: one; two *") == "In 5 min:\n\n- one\n- two \\*"
    assert wording.as_list("Only: one.") == wording.plain("Only: one.")
