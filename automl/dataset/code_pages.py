"""The code page of file names in a zip file of a Windows that did not say it, and of tables.

All names are decoded together: one name of a few letters fits many code pages, all of them rarely.
"""

import re
from collections.abc import Callable, Container, Iterator, Sequence

from automl.dataset.reading import Guess, Reading

_DEFAULT = "cp437"  # what the format says for names without a mark
_DEFAULT_OF_TABLES = "cp1252"
_OF_DOS = ("cp437", "cp850", "cp852", "cp857", "cp866", "cp737")
_LEAST_GAIN = 0.2
_LEAST_RUN = 2
_MISFIT = 0.3
_WORST = 0.2
_MAX_OTHERS = 2
_MAX_SHOWN = 60


def guess(names: Sequence[bytes]) -> str:
    """The code page in which names of files read most like text: UTF-8, or an old one.

    Chinese, Japanese, Korean, Russian, Greek, Turkish, and Western and Central European ones are
    known.
    """
    return _guess(names, _WEIGHTS, _DEFAULT)


def guess_for_table(lines: Sequence[bytes]) -> str:
    """The code page in which the lines of a table read most like text; none of DOS."""
    return _guess(lines, [page for page in _WEIGHTS if page not in _OF_DOS], _DEFAULT_OF_TABLES)


def _guess(names: Sequence[bytes], pages: Container[str], default: str) -> str:
    foreign = b"\n".join(name for name in names if not name.isascii())
    if not foreign or _decoded(foreign, "utf-8") is not None:
        return "utf-8" if foreign else default
    scores = {page: score for page, score in _scores(foreign).items() if page in pages}
    best = max(scores, key=scores.__getitem__, default=default)
    return best if scores.get(best, 0) >= scores.get(default, _WORST) + _LEAST_GAIN else default


def as_guess(names: Sequence[bytes], page: str, what: str) -> Guess | None:
    """What to say of names that were read in a guessed code page; None if nothing was guessed.

    Args:
        names: of all files, or the lines of a table.
        page: the one that is used.
        what: what the names are, for the sentence: `Names in a.zip`.
    """
    foreign = [name for name in names if not name.isascii()]
    if not foreign or page == "utf-8":
        return None
    scores = _scores(b"\n".join(foreign))
    used = foreign[0].decode(page, "replace")
    others: dict[str, str] = {}
    for other in sorted(scores, key=scores.__getitem__, reverse=True):
        text = foreign[0].decode(other, "replace")
        if text != used and text not in others.values() and len(others) < _MAX_OTHERS:
            others[other] = text
    return Guess(
        sentence=f"{what} are read in the code page {page}, such as {used[:_MAX_SHOWN]}.",
        others=[
            Reading(
                sentence=f"In {other} the same is {text[:_MAX_SHOWN]}.",
                options={"code_page": other},
            )
            for other, text in others.items()
        ],
    )


def _scores(foreign: bytes) -> dict[str, float]:
    """How much the names look like text in each code page that they can be read in.

    Letters with accents are alone among plain ones, those of other alphabets come in words.
    """
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", foreign)]
    are_words = sum(runs) >= _LEAST_RUN * len(runs)
    scores = {}
    for page, weight in _WEIGHTS.items():
        text = _decoded(foreign, page)
        if text is not None and (weights := list(_weighed(text, weight))):
            is_misfit = (weight in (_western, _central)) if are_words else (weight in _ALPHABETS)
            scores[page] = sum(weights) / len(weights) - _MISFIT * is_misfit
    return scores


def _weighed(text: str, weight: Callable[[str], float]) -> Iterator[float]:
    """Weight of each character that is not ASCII.

    None of another alphabet stands beside a plain letter, and no capital follows a small letter.
    """
    for before, character, after in zip("\n" + text, text, text[1:] + "\n", strict=False):
        if character.isascii():
            continue
        is_mixed = weight in _ALPHABETS and any(
            one.isascii() and one.isalpha() for one in (before, after)
        )
        is_capital = before.islower() and character.isupper()
        is_before_capital = character.islower() and after.isascii() and after.isupper()
        yield 0.0 if is_mixed or is_capital or is_before_capital else weight(character)


def _decoded(names: bytes, page: str) -> str | None:
    try:
        return names.decode(page)
    except UnicodeDecodeError:
        return None


def _lead(character: str, page: str) -> int:
    """First byte of a character in a code page."""
    return character.encode(page)[0]


def _asian(page: str, first: int, last: int, frequent: str = "") -> Callable[[str], float]:
    """Weights for a code page whose frequent characters have first bytes in a range.

    Args:
        page: the code page.
        first: of the range.
        last: of the range.
        frequent: characters that are the most frequent, where the range is wide.
    """

    def weight(character: str) -> float:
        if "\uff61" <= character <= "\uff9f" or "\ue000" <= character <= "\uf8ff":
            return 0.0  # half-width signs and private use: what other code pages look like
        if "\u3040" <= character <= "\u30ff":
            return 1.0 if page == "cp932" else 0.5
        is_usual = first <= _lead(character, page) <= last
        return (1.0 if character in frequent or not frequent else 0.8) if is_usual else 0.3

    return weight


def _cyrillic(character: str) -> float:
    if character in "оеаинтсрвлкмдпу":  # the most frequent ones
        return 0.95
    return 0.75 if "\u0400" <= character <= "\u04ff" else 0.0


def _greek(character: str) -> float:
    if character in "αοιετσνηρυπκμλςάέίόύήώ":
        return 0.95
    return 0.75 if "\u0370" <= character <= "\u03ff" else 0.0


def _western(character: str) -> float:
    return 0.9 if character in "äöüßéèêëáàâãåçñíìîïóòôõúùûæøÄÖÜÉÅÇÑÆØÁÍÓÚ" else 0.2


def _central(character: str) -> float:
    """Weight for Czech, Slovak, Polish, Hungarian, Romanian, Croatian, and Turkish."""
    usual = "áéíóúýčďěňřšťůžľĺŕąćęłńśźżöüőűăâîșțşţđçğıİ"
    return 0.88 if character.lower() in usual else 0.2


_HANGUL = (
    "가각간감강개거건검게견경계고곡곰공과관광교구국군귀그금기김나남내노녹는니다단달대도돌동두등라래"
    "량레로류르리마말매머면명모목무문물미바박반발방배백버벌변별병보복부북분불비사산상새색생서석선설성"
    "세소손송수숙순시식신실심아안야양어언여연염영오옥온와왕외요용우운원위유육은음의이인일입자작장재저적"
    "전정제조종주중지진차참책철청초추축출치카코크타태토통트파판편포표품풍하학한합해행향허호화환황회흰힘"
)
_HANZI = (
    "的一是不了人我在有他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可"
    "她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已"
    "老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力"
    "机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代"
    "合格异常良品坏猫狗鸟鱼马牛羊猪鸡花草树叶果苹香蕉梨红绿蓝黄白黑车船飞健康病害斑锈虫米麦豆瓜"
    "貓鳥魚馬雞樹葉蘋紅綠藍黃車飛個國來說們為時會過學對裡後還發當開經頭長動樣現將與進實點種聲話"
)

_ALPHABETS = (_cyrillic, _greek)
"""Weights of alphabets whose letters do not stand among Latin ones."""

_WEIGHTS: dict[str, Callable[[str], float]] = {
    _DEFAULT: _western,
    "cp850": _western,
    "cp1252": _western,
    "cp852": _central,
    "cp857": _central,
    "cp1250": _central,
    "cp1254": _central,
    "cp932": _asian("cp932", 0x88, 0x97),
    "cp949": _asian("cp949", 0xB0, 0xC8, _HANGUL),
    "gbk": _asian("gbk", 0xB0, 0xD7, _HANZI),
    "big5": _asian("big5", 0xA4, 0xC6, _HANZI),
    "cp866": _cyrillic,
    "cp1251": _cyrillic,
    "cp737": _greek,
    "cp1253": _greek,
}
