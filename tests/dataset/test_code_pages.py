import pytest

from automl.dataset import code_pages


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("cp932", ["りんご", "ソーダ"]),
        ("cp932", ["犬", "猫の写真", "表示"]),
        ("gbk", ["苹果", "香蕉", "橙子"]),
        ("big5", ["蘋果", "香蕉", "橘子"]),
        ("cp949", ["사과", "바나나"]),
        ("cp866", ["кошка", "собака"]),
        ("cp1251", ["собака", "кошка"]),
        ("cp852", ["kočka", "pes", "štěně"]),
        ("cp852", ["żółw", "łoś"]),
        ("cp1250", ["kočka", "štěně"]),
        ("cp737", ["γάτα", "Σκύλος"]),
        ("cp1253", ["γάτα", "σκύλος"]),
        ("cp866", ["Яблоки", "Груши"]),
        ("cp932", ["猫", "犬"]),
        ("cp932", ["ソフト", "テスト"]),
        ("gbk", ["合格", "不合格"]),
        ("utf-8", ["Äpfel", "りんご"]),
        ("cp1254", ["çilek", "şeftali", "ıspanak"]),
        ("iso8859-9", ["Köpek", "Kuş", "İnek"]),
        ("cp857", ["sağlıklı", "hastalıklı", "çürük"]),
        ("iso8859-2", ["śliwka", "wiśnia", "dąb"]),
        ("cp1250", ["körte", "fűz", "bükk", "őszibarack"]),
        ("cp1257", ["kriaušė", "ąžuolas"]),
        ("koi8-r", ["яблоко", "груша", "Собака"]),
        ("mac_roman", ["Äpfel", "Straße", "Möhre", "Vögel", "Käfer"]),
        ("cp1255", ["תפוח", "אגס", "כלב", "חתול"]),
        ("cp1256", ["تفاح", "كلب"]),
        ("cp874", ["มะม่วง", "กล้วย", "หมา"]),
        ("euc_jp", ["りんご", "みかん"]),
        ("gbk", ["划痕", "良品"]),
    ],
)
def test_all_names_are_read_in_one_code_page(page, names):
    raw = [f"{name}/{number}.jpg".encode(page) for name in names for number in range(3)]
    assert [name.decode(code_pages.guess(raw)) for name in raw] == [
        f"{name}/{number}.jpg" for name in names for number in range(3)
    ]


def test_western_names_stay_readable():
    raw = [f"{name}/1.jpg".encode("cp437") for name in ("Äpfel", "Käse", "Brötchen")]
    assert raw[0].decode(code_pages.guess(raw)) == "Äpfel/1.jpg"


def test_plain_names_need_no_guess():
    assert code_pages.guess([b"cat/1.jpg"]) == "cp437"


def test_a_guess_is_said_with_other_code_pages():
    raw = ["собака/1.jpg".encode("cp1251"), b"plain/2.jpg"]
    guess = code_pages.as_guess(raw, "cp1251", "Names in a.zip")
    assert guess is not None
    assert guess.sentence == (
        "Names in a.zip are read in the code page cp1251, such as собака/1.jpg."
    )
    assert all(other.options["code_page"] != "cp1251" for other in guess.others)
    assert len({other.sentence for other in guess.others}) == len(guess.others) > 0
    assert code_pages.as_guess([b"plain"], "cp437", "Names") is None
