import pytest

from automl.errors import ExplanationError
from automl.explanation.request import ExplanationParameters


def test_without_a_word_it_is_xrai_with_azures_defaults():
    assert ExplanationParameters.parse({}).model_dump() == {
        "xai_algorithm": "xrai",
        "visualizations": True,
        "attributions": False,
        "n_steps": 50,
        "xrai_fast": True,
        "approximation_method": "riemann_middle",
        "confidence_score_threshold_multilabel": 0.5,
    }


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"xai_algorithm": "lime"}, "xai_algorithm is 'lime'; allowed is 'xrai', 'integrated_"),
        ({"n_steps": 1}, "n_steps is 1. It should be greater than or equal to 2."),
        ({"n_steps": 5000}, "n_steps is 5000. It should be less than or equal to 1000."),
        ({"approximation_method": "x"}, "approximation_method is 'x'; allowed is 'riemann_middle'"),
        ({"xrai_fats": True}, "xrai_fats is not a key we know here. Did you mean xrai_fast?"),
        ({"attributions": "maybe"}, "attributions is 'maybe'. "),
    ],
)
def test_what_is_not_known_is_refused_in_a_sentence(given, sentence):
    with pytest.raises(ExplanationError, match="^" + sentence.replace("?", r"\?")) as refused:
        ExplanationParameters.parse(given)
    assert "\n" not in str(refused.value)
