"""Names of classes that are the same, or become the same: kept apart, or said."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
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


def said(written: Iterable[object]) -> list[Guess]:
    """A guess about labels that are written in several ways, if there are any.

    Args:
        written: labels as the data has them; what is no text is passed over.
    """
    spellings: dict[str, list[str]] = defaultdict(list)
    for text in sorted({text for text in written if isinstance(text, str)}):
        spellings[_plain(text)].append(text)
    several = [" and ".join(map(ascii, each)) for each in spellings.values() if len(each) > 1]
    if not several:
        return []
    shown = "; ".join([*several[:_MAX_SHOWN], *(["…"] if several[_MAX_SHOWN:] else [])])
    sentence = mark(
        "{names} are one class: blanks around a name and the form of its Unicode do not count. "
        "If they are different classes, rename one."
    )
    return [Guess(sentence=sentence.format(names=shown))]
