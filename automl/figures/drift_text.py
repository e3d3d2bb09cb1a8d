"""Sentences about changes of a model's answers in use, for commands and pages."""

from automl.evaluation.drift import Drift, Sign

TOO_FEW = "There are too few answers to compare yet: 50 are needed."

_SENTENCES = {
    "classes": "Predicted classes: {name} was {before:.1%} of the answers, now {now:.1%}",
    "confidence": "Probability of the answers: {before:.2f} in the mean, now {now:.2f}",
    "unlike": "Pictures unlike the training pictures: {before:.1%} expected, now {now:.1%}",
}


def headline(found: Drift) -> str:
    """What the tests say together."""
    compared = f"the latest {found.num_recent:,} of {found.num_answers:,} answers"
    if found.is_change:
        return f"Something has changed: {compared} differ from those at validation."
    return f"No change beyond chance in {compared}."


def sign(found: Sign) -> str:
    """What one test says."""
    said = _SENTENCES[found.kind].format(name=found.class_name, before=found.before, now=found.now)
    verdict = "changed" if found.is_change else "no change beyond chance"
    return f"{said}: {verdict} (p {found.p_value:.2g})."
