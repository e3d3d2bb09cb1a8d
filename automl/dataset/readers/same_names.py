"""Names of classes that are the same, or become the same: kept apart, or said."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import TypeVar

from automl.dataset.reading import Guess
from automl.jobs import label_text
from automl.texts import mark

Code = TypeVar("Code")

_MAX_SHOWN = 3


def apart(names: Mapping[Code, str]) -> dict[Code, str]:
    """Names by number or code; those that several have get it behind them: `crane (134)`."""
    counts = Counter(map(_plain, names.values()))
    return {
        code: f"{name.strip()} ({code})" if counts[_plain(name)] > 1 else name
        for code, name in names.items()
    }


def _plain(name: str) -> str:
    return label_text.composed(name.strip())


def said(written: Collection[str], elsewhere: Collection[str] = ()) -> list[Guess]:
    """A guess about labels that are written in several ways, if there are any.

    Args:
        written: labels as the data has them.
        elsewhere: those of the training data; then what is said of either data alone is not
            repeated.
    """
    spellings: dict[str, set[str]] = defaultdict(set)
    for text in sorted({*written, *elsewhere}):
        spellings[_plain(text)].add(text)
    several = [
        " and ".join(map(ascii, sorted(each)))
        for each in spellings.values()
        if len(each) > 1 and not (elsewhere and (each <= {*written} or each <= {*elsewhere}))
    ]
    if not several:
        return []
    shown = "; ".join([*several[:_MAX_SHOWN], *(["…"] if several[_MAX_SHOWN:] else [])])
    sentence = mark(
        "{names} are one class: blanks around a name and the form of its Unicode do not count. "
        "If they are different classes, rename one."
    )
    return [Guess(sentence=sentence.format(names=shown))]
