"""Likelihood of a text in each of many languages, by the letters that are not ASCII.

All letters of a text have to fit one language: ş and ğ are Turkish, ţ and đ are no letters of the
same language. The model is a letter at a time, given what kind of letter stands in front.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

_LATIN = {
    "german": "üäöß",
    "french": "éèêàçâîûôëïùœæ",
    "spanish": "óíáéñúü",
    "portuguese": "ãçáéíóâêúàôõ",
    "italian": "àèòùìé",
    "swedish": "äåöé",
    "danish": "øåæé",
    "icelandic": "íðáþéöóúýæ",
    "estonian": "äõüöšž",
    "catalan": "àéèóòíçúïü",
    "polish": "łęążóśćńź",
    "czech": "íáéěýščřžůúňďťó",
    "slovak": "áíéýčšžúťľňôďóäĺŕ",
    "hungarian": "áéöőíóüúű",
    "romanian": "ășțîâşţ",
    "croatian": "čšžćđ",
    "turkish": "ışüçğöiâ",
    "lithuanian": "ėšųūžįąčę",
    "latvian": "āīēšņūļķžģč",
}
_ALPHABETS = {
    "russian": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "ukrainian": "оанитівересклдмупязьбгчйхцжшїюєщфґ",
    "serbian": "аиоенјтрсвукдлмпзгбљчцшњхћжђфџ",
    "greek": "αοιετσνηυρπκμλςωάγέίδθόχφήβύξώζψϊ",
    "hebrew": "יוהלארתבמשנעםדקחפכגטצסזןךץף",
    "arabic": "اليمونرتبةعدسفهكقأحجشصىخطءضإذزثئغظؤآ",
    "persian": "اینرديهمتسوبشکكزلگخفقپچعحجصطذضآ",
    "thai": "านรอกเงมย่ลว้ดัสตทิีะบปแคหขไจ์ืุูชพโใ็ณถผซศษธญฟึภฝ",
}
"""Letters that are not ASCII, in lower case, the most frequent one first."""

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
_KANJI = (
    "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方"
    "四定今回新場金員九入選立開手米力学問高代明実円関決子動京全目表戦経通外最言氏現理調体化田当八六"
    "約主題下首意法不来作性的要用制治度務強気小七成期公野協取都和統以機平総加山思家話世受区領多県"
    "続進正安設保改数記院女初北午指権心界支第産結百派点教報済書府活原先共得解名交資予川向際査勝面委"
    "告軍文反元重近千考判認画海参売利組知案道信策集在件団別物側任引使求所次水半品昨論計死官増係感特"
    "情投示変打男基私各始島直両朝革価式確村提運終挙果西勢減台広容必応演電歳住争談能無再位置企真流格有"
    "猫犬鳥魚馬牛豚鶏花草木葉桃柿梨赤青緑黄白黒車船飛健康病害虫良異常破損割傷汚写"
)
_LEVEL_1 = {
    "cp932": (0x88, 0x97),
    "euc_jp": (0xB0, 0xCF),
    "gbk": (0xB0, 0xD7),
    "big5": (0xA4, 0xC6),
    "cp949": (0xB0, 0xC8),
}
"""First bytes of the characters that are in use."""

_PRIORS = {"icelandic": -4.0, "estonian": -2.0}
"""Their letters are those of many code pages in which Turkish and Hungarian are read wrongly."""

_FOREIGN = 0.15
"""Share of letters that are not ASCII in languages with Latin letters."""

_FOREIGN_TWICE = 0.04
_AMONG_LATIN = 0.001
_CAPITAL = {"start": 0.3, "after a capital": 0.1, "inside": 1e-4}
_IMPOSSIBLE = math.log(1e-6)
_ASCII_LETTER = math.log(1 / 26)


@dataclass(frozen=True)
class Model:
    """Logarithms of probabilities of the characters of one language."""

    letter: Callable[[str], float]
    """Log-frequency of a lower-case character beyond ASCII among those of the language."""

    is_latin: bool
    prior: float = 0.0
    """Logarithm of how often the language is met, compared with others."""

    def log_likelihood(self, word: str) -> float:
        """Logarithm of the likelihood of a word with at least one character beyond ASCII."""
        pairs = zip(" " + word, word, strict=False)
        return sum(self._of_one(before, character) for before, character in pairs)

    def _of_one(self, before: str, character: str) -> float:
        if character.isascii():
            return self._of_ascii(before, character)
        lower = character.lower()[:1]  # İ has two characters in lower case
        found = self.letter(lower)
        if lower != character:
            place = "inside" if before.islower() else "start"
            place = "after a capital" if before.isupper() else place
            found += math.log(_CAPITAL[place])
        return found + math.log(self._share(before))

    def _of_ascii(self, before: str, character: str) -> float:
        if not character.isalpha():
            return _ASCII_LETTER
        is_capital_inside = character.isupper() and before.islower()
        share = _CAPITAL["inside"] if is_capital_inside else 1.0
        is_mixed = not self.is_latin and before.isalpha() and not before.isascii()
        return _ASCII_LETTER + math.log(share * (_AMONG_LATIN if is_mixed else 1 - _FOREIGN))

    def _share(self, before: str) -> float:
        """Share of characters that are not ASCII, by the one in front."""
        if self.is_latin:
            return _FOREIGN if before.isascii() else _FOREIGN_TWICE
        return _AMONG_LATIN if before.isascii() and before.isalpha() else 1 - _FOREIGN_TWICE


def _of_letters(letters: str, *, is_latin: bool) -> Model:
    """The model of an alphabet: frequency falls with the rank of a letter."""
    weights = {letter: 1 / (rank + 3) for rank, letter in enumerate(letters)}
    total = sum(weights.values())
    logs = {letter: math.log(weight / total) for letter, weight in weights.items()}
    return Model(lambda character: logs.get(character, _IMPOSSIBLE), is_latin)


def _of_characters(page: str, frequent: str, share: float, has_kana: bool = False) -> Model:
    """The model of a script with thousands of characters.

    Args:
        page: the code page, which has the usual ones in a range of first bytes.
        frequent: the most frequent ones.
        share: of these in a text.
        has_kana: True for Japanese, half of which is kana.
    """
    first, last = _LEVEL_1[page]
    among = 0.5 if has_kana else 1.0
    known = frozenset(frequent)

    def letter(character: str) -> float:
        if "\u3041" <= character <= "\u30fe":
            return math.log(0.5 / 170) if has_kana else _IMPOSSIBLE
        if "\u3000" <= character <= "\u303f" or "\uff00" <= character <= "\uff5e":
            return math.log(0.02 / 50)  # punctuation
        if character in known:
            return math.log(among * share / len(known))
        is_usual = character.isalpha() and first <= character.encode(page)[0] <= last
        return math.log(among * (1 - share) / 3000) if is_usual else 1.5 * _IMPOSSIBLE

    return Model(letter, is_latin=False)


MODELS: Mapping[str, Model] = {
    **{
        name: replace(_of_letters(letters, is_latin=True), prior=_PRIORS.get(name, 0.0))
        for name, letters in _LATIN.items()
    },
    **{name: _of_letters(letters, is_latin=False) for name, letters in _ALPHABETS.items()},
}
"""Models of the languages and scripts with an alphabet, by name."""


def of_characters(page: str) -> Model:
    """Chinese, Japanese or Korean in one of their code pages."""
    if page in ("cp932", "euc_jp"):
        return _of_characters(page, _KANJI, 0.7, has_kana=True)
    return _of_characters(page, _HANGUL if page == "cp949" else _HANZI, 0.7)
