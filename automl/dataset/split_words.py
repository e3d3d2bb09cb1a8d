"""Words for training, validation and test data, alone or inside the name of a folder or file."""

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path, PurePath

_WORDS = {
    "train": "train training trn trainset trainval "
    "entrainement entraînement apprentissage entrenamiento treino treinamento addestramento "
    "обучение тренировка навчання trainings trening träning træning trénink eğitim تدريب "
    "trénovací koulutus tanító latih antrenare treningowe treningowy обучающая обучающие luyện "
    "训练 训练集 訓練 学習 학습 훈련",
    "validation": "val valid validation validate dev eval evaluation "
    "validierung validación validacion validação validacao convalida валидация "
    "validare walidacyjne walidacyjny validointi проверка проверочная валидационная перевірка "
    "validierungs validatie walidacja validering validace doğrulama تحقق "
    "验证 验证集 驗證 検証 검증",
    "test": "test testing tst devtest holdout prueba pruebas teste тест "
    "testovací testi teszt testare testowe testowy тестовая тестовые тестування uji 평가 "
    "اختبار 测试 测试集 測試 テスト 테스트",
}
SPLITS = {word: split for split, words in _WORDS.items() for word in words.split()}
"""Split of each word, in lower case."""

_LOOSE = {
    "train": "learn learning seen known gallery support reference fit fitting study practice "
    "tr tra",
    "validation": "check checking tune tuning calibration va vl",
    "test": "query queries unseen unknown probe exam verify verification inference blind te ts",
}
_LOOSE_SPLITS = {word: split for split, words in _LOOSE.items() for word in words.split()}
"""Words that are those of splits only where another one stands beside them."""

_STEMS = {
    "train": "train trein tren treen traen traning apprenti aprend entren entrain addestr allena "
    "tanito tanulo antren koulut opet egit ogren latih pelatih huan_luyen ucz ucenje mokym lern "
    "обуч учеб навч тренир тренув εκπαιδ אימון למידה ฝึก प्रशिक्षण تدريب آموزش 训练 訓練 学习 學習 "
    "学習 훈련 학습",
    "validation": "valid walid overov dogrul convalid kontroll kiem_dinh валид валід провер "
    "перевір επικυρ επαληθ תיקוף אימות ตรวจสอบ सत्यापन تحقق اعتبار 验证 驗證 検証 검증",
    "test": "test teszt prueb prova pruf essai zkus skus uji kiem_thu kiem_tra тест δοκιμ בדיק "
    "מבחן ทดสอบ परीक्षण اختبار آزمون 测试 測試 テスト 評価 评估 시험 평가 테스트",
}
"""Starts of such words in other languages, also without accents; for folders beside one another."""

_NO_BLANKS = "\u0900"
"""Scripts from here on have words without blanks between them, or with marks inside of them."""

_WITHOUT_ACCENTS = str.maketrans({"ł": "l", "đ": "d", "ı": "i", "ø": "o", "æ": "ae"})

_NEUTRAL = frozenset(
    [
        "image",
        "images",
        "img",
        "imgs",
        "data",
        "set",
        "sets",
        "dataset",
        "ds",
        "split",
        "splits",
        "folder",
        "dir",
        "files",
        "pic",
        "pics",
        "picture",
        "pictures",
        "photo",
        "photos",
        "jpg",
        "jpeg",
        "png",
        "raw",
        "resized",
        "cropped",
        "full",
        "final",
        "new",
        "all",
        "seg",
        "my",
    ]
)
_NEUTRAL_END = re.compile(
    r"(?:images?|imgs?|data|dataset|sets?|folder|split|pics?|photos?|lists?|files?|names|index"
    r"|daten|datensatz|用?データ|用?セット|用|集|데이터|세트)$"
)


_FOR_SPLITS = frozenset({"partition", "partitions", "split", "splits"})


def split_of(word: str) -> str | None:
    """Split of a word that stands alone: train, validation or test; None if it is no such word."""
    return SPLITS.get(word.strip().lower())


def split_in(name: str) -> tuple[str, str] | None:
    """Split that a name contains as a word of its own, and the rest of the name.

    `seg_train` is train, and `seg`; `TestImages` is test, and nothing, because words such as
    images, data and set say nothing; `trainer` and `contest` are no splits.

    Returns:
        None if no word of the name is a split, or if two of them are different ones.
    """
    return _found(name, SPLITS)


def is_neutral(name: str) -> bool:
    """True for a name that says neither a class nor a split: `images`, `my_photos_2`."""
    words = [word for word in _words(name) if not word.isdigit()]
    return bool(words) and all(
        word in _NEUTRAL or not _NEUTRAL_END.sub("", word) or word.removeprefix("jpeg") in _NEUTRAL
        for word in words
    )


def loose_split_in(name: str) -> tuple[str, str] | None:
    """Like `split_in`, of words that could also be those of classes: `query`, `walidacja`."""
    return _found(name, _LOOSE_SPLITS) or _found_by_stem(name)


def _found_by_stem(name: str) -> tuple[str, str] | None:
    """Split whose words in other languages start like one in a name; None if two are different."""
    words = f" {_plain(' '.join(_words(name)))} {_plain(name)}"
    found = {
        split
        for split, stems in _PLAIN_STEMS.items()
        if any((stem if stem >= _NO_BLANKS else f" {stem}") in words for stem in stems)
    }
    return (found.pop(), "") if len(found) == 1 else None


def _plain(text: str) -> str:
    """The text in lower case without accents."""
    parts = unicodedata.normalize("NFKD", text.lower().translate(_WITHOUT_ACCENTS))
    return "".join(part for part in parts if unicodedata.category(part) != "Mn")


def _found(name: str, words: Mapping[str, str]) -> tuple[str, str] | None:
    found: set[str] = set()
    rest: list[str] = []
    for word in _words(name):
        split = words.get(word) or words.get(_NEUTRAL_END.sub("", word))
        if split:
            found.add(split)
        elif word not in _NEUTRAL and not word.isdigit():
            rest.append(word)
    return (found.pop(), " ".join(rest)) if len(found) == 1 else None


def split_of_path(path: PurePath) -> str | None:
    """Split that the name of a file says as a word, or else that of its folder."""
    found = split_in(path.stem) or split_in(path.parent.name)
    return found[0] if found else None


def split_of_folders(path: str) -> str | None:
    """Split that the outermost folder of a path with such a name says."""
    found = map(split_in, PurePath(path).parts[:-1])
    return next((split for split, _ in filter(None, found)), None)


def is_for_splits(path: PurePath) -> bool:
    """True for a file that is named after partitions or splits, such as `list_partition.txt`."""
    return bool({*_words(path.stem)} & _FOR_SPLITS)


def is_of_several(path: PurePath) -> bool:
    """True for a file of training and validation data together, such as `trainval.txt`."""
    words = _words(path.stem)
    return "trainval" in words or len({SPLITS.get(word) for word in words} - {None}) > 1


def split_folders(folder: Path) -> list[Path]:
    """The folders in a folder whose names say a split, by name; links are not followed."""
    return sorted(
        child
        for child in folder.iterdir()
        if child.is_dir() and not child.is_symlink() and split_in(child.name)
    )


def _words(name: str) -> list[str]:
    """Words of a name in lower case, cut at blanks, signs, digits and changes of case."""
    composed = unicodedata.normalize("NFC", name)  # macOS writes é as two characters
    spaced = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", composed)
    spaced = re.sub(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])", " ", spaced)
    return [word.lower() for word in re.split(r"[\W_]+", spaced) if word]


_PLAIN_STEMS = {
    split: [_plain(stem).replace("_", " ") for stem in stems.split()]
    for split, stems in _STEMS.items()
}
