"""Every text of the app has its translation, and every literal of the pages is a text."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from automl import texts
from automl.experiments import endings
from tests.texts import catalogues
from tests.texts.catalogues import ROOT

_SHOWS = {
    *("title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success"),
    *("button", "toggle", "checkbox", "text_input", "text_area", "number_input", "selectbox"),
    *("multiselect", "radio", "slider", "select_slider", "segmented_control", "file_uploader"),
    *("camera_input", "popover", "expander", "spinner", "toast", "badge", "metric"),
    *("download_button", "form_submit_button", "page_link"),
}
_SHOWN = ("label", "help", "placeholder")
_NO_ERRORS = (
    *("pages", "automl/__init__", "automl/ui", "automl/figures", "automl/serving"),
    *("automl/export/model_card", "automl/export/training_code"),
    *("automl/dataset/checks/sources", "automl/dataset/rendering"),
    *("automl/training/augmentation", "automl/training/effective", "automl/engine/lifecycle"),
)
"""Modules with other f-strings: keys of widgets, answers of a server, values of hyperparameters."""

_NO_WORDS = {
    "GPUs",
    "https://…",
    "workspaceblobstore=/home/me/blobs",
    "s3://bucket/folder",
    "/home/you/new pictures",
}
"""Literals that are the same in every language."""


@pytest.mark.parametrize("path", catalogues.po_paths(), ids=lambda path: path.parts[-3])
def test_a_catalogue_translates_every_text_with_its_placeholders(path: Path) -> None:
    catalogue = catalogues.read(path)
    wanted = catalogues.of_sources()
    missing = [key for key in wanted if not _translations(catalogue, key)]
    assert not missing, "run `make texts` and translate what it prints"
    strange = [
        key
        for key in wanted
        for original, translation in _translations(catalogue, key)
        if _placeholders(original) != _placeholders(translation)
    ]
    assert not strange
    assert catalogues.compiled(catalogue) == path.with_suffix(".mo").read_bytes(), (
        "run `make texts`"
    )


def _translations(catalogue: catalogues.Catalog, key: catalogues.Key) -> list[tuple[str, str]]:
    """Each form of a text with its translation; empty if one is missing."""
    message = catalogue.get(key if isinstance(key, str) else key[0])
    forms = message.string if message else ""
    originals, forms = ([key], [forms]) if isinstance(key, str) else (list(key), list(forms))
    return list(zip(originals, forms, strict=False)) if forms and all(forms) else []


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"%?\{[^}]*\}", text))


def test_no_literal_of_the_pages_is_without_its_language() -> None:
    folders = (ROOT / "automl" / "ui", ROOT / "pages")
    paths = [path for folder in folders for path in folder.rglob("*.py")]
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in paths
        for line, text in _literals(ast.parse(path.read_text()))
    ]
    assert not found, "wrap these in `_` of automl/texts.py, with named placeholders"


def test_a_literal_is_found() -> None:
    source = 'st.info(f"Look at {x}"); st.button("Go", help=_("Why")); st.info(f"{a} · {b}")'
    assert [text for _, text in _literals(ast.parse(source))] == ["Look at ", "Go"]
    source = "st.caption(_(TEXT)); st.caption(TEXT)"
    assert [text for _, text in _literals(ast.parse(source))] == ["TEXT"]


def _literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Words that are given to a function of Streamlit as they are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr not in _SHOWS or ast.unparse(node.func.value) == "_log":
                continue
            first = [] if node.func.attr == "page_link" else node.args[:1]  # a page, not a text
            given = [*first, *(key.value for key in node.keywords if key.arg in _SHOWN)]
            for argument in given:
                text = "".join(_constants(argument))
                words = re.sub(r":[a-z_/]+:|:[a-z]+\[", "", text)  # icons and colours are none
                is_path = text.startswith(("pages/", "type: automl")) or text in _NO_WORDS
                if re.search(r"[A-Za-z]{2,}", words) and not is_path:
                    yield node.lineno, text


def _constants(node: ast.expr) -> Iterator[str]:
    """The literal parts of a text; a constant by its name."""
    if isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from _constants(part)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name) and node.id.isupper():
        yield node.id


@pytest.mark.parametrize("language", [path.parts[-3] for path in catalogues.po_paths()])
def test_every_sentence_of_an_error_is_said_again(language: str) -> None:
    lost = []
    for sentence in {sentence for text in _filled() for sentence in catalogues.sentences(text)}:
        names = texts._pieces(sentence)[1]
        values = {name: "3" if name in texts._OF_NUMBERS else f"x_{name}" for name in names}
        with texts.speaking(language):
            wanted = texts._(sentence).format(**values) if names else texts._(sentence)
            if texts.again(sentence.format(**values) if names else sentence) != wanted:
                lost.append(sentence)
    assert not lost, "give these more words of their own"


def test_no_sentence_of_an_error_is_made_elsewhere() -> None:
    known = {id(part) for text in _filled() for part in ast.walk(text)}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in _with_errors()
        if not path.relative_to(ROOT).as_posix().startswith(_NO_ERRORS)
        for node in catalogues.nodes(path)
        if isinstance(node, ast.JoinedStr) and id(node) not in known
        if re.search(r"[a-z]{2,} [a-z]{2,} .*\w", "…".join(_constants(node)))
    ]
    assert not found, "make it in the error, or in `mark` of automl/texts.py"


def _filled() -> Iterator[ast.Constant | ast.JoinedStr]:
    for path in _with_errors():
        for node in catalogues.nodes(path):
            if isinstance(node, ast.Call):
                yield from catalogues.filled(node)


def _with_errors() -> list[Path]:
    return [path for path in catalogues.sources() if catalogues.shows_errors(path)]


def test_a_thread_without_a_language_asks_and_an_unknown_one_is_english() -> None:
    with texts.speaking("de"):
        assert texts._("Experiments") == "Experimente"
        private = vars(gettext.translation("automl", texts.LOCALE_DIR, ["de"])).get("_catalog")
        assert private, "GNUTranslations of gettext keeps its texts elsewhere: mend automl/texts.py"
        assert texts.here("Settings") == "Einstellungen"
        assert texts.ngettext("{count} picture", "{count} pictures", 2) == "{count} Bilder"
    with texts.speaking(texts.ENGLISH):
        assert texts.here("Einstellungen") == "Settings"
        texts.speak("xx")
        assert texts.language() == texts.ENGLISH


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (endings.LIMIT_REACHED.format(minutes=15), "Das Zeitlimit von 15 min ist erreicht."),
        ("Stopped by the user.", "Von Hand gestoppt."),
        ("No improvement for 5 evaluations.", "Seit 5 Auswertungen keine Verbesserung."),
        ("A sentence that no template fits.", "A sentence that no template fits."),
        ("", ""),
        (  # a part is a text of its own, and so are parts of it
            "In 5 min on this machine at 224 px: the majority class (about 1 s); "
            "training of x for 6 epochs (about 4 min); a probe of a + b together (about 4 s).",
            "In 5 min auf diesem Rechner bei 224 px: die häufigste Klasse (etwa 1 s); "
            "Training von x über 6 Epochen (etwa 4 min); "
            "eine lineare Probe auf a + b zusammen (etwa 4 s).",
        ),
        (  # several sentences
            "Training data: The classes are Data and Settings. Or, with --set x=1: That is odd.",
            "Trainingsdaten: Die Klassen sind Data and Settings. Oder, mit --set x=1: That is odd.",
        ),
        ("There is no best_model: It broke. Why.", "Es gibt kein best_model: It broke. Why."),
        ("The classes are Settings.", "Die Klassen sind Settings."),  # a name is no text
        ("Only the pictures in Test data.", "Nur die Bilder in Test data."),
        ("The labels are in the column True class.", "Die Labels stehen in der Spalte True class."),
        ("The classes are a, b and 1,200 more.", "Die Klassen sind a, b und 1,200 weitere."),
        (  # a template may have several sentences, begin with a value, or say what follows
            "Training data: The column x is not used. If it says the split, choose it and say how. "
            "Or, with --set split_column=x: The splits are in the column x.",
            "Trainingsdaten: Die Spalte x wird nicht verwendet. Wenn sie die Aufteilung nennt, "
            "wählen Sie sie und sagen Sie, wie. "
            "Oder, mit --set split_column=x: Die Aufteilung steht in der Spalte x.",
        ),
        (
            "Test data: b.zip is left out: it is a copy of a.zip.",
            "Testdaten: b.zip ist weggelassen: Es ist eine Kopie von a.zip.",
        ),
        ("Checking the pictures: 3 of 1,200.", "Die Bilder werden geprüft: 3 von 1,200."),
        (
            "2 trials wait for 2 cores on one machine: 6 of 8 in use.",
            "2 Versuche warten auf 2 Kerne auf einem Rechner: 6 von 8 belegt.",
        ),
        (  # problems of a job, each on a line of its own
            "Line 3, primary_metric: primary_metric is 'f1'; for task image_classification, where "
            "every picture has one label, allowed is one of accuracy.\n"
            "limits.max_trials: max_trials is 0. It should be greater than 0.",
            "Zeile 3, primary_metric: primary_metric ist 'f1'; für die Aufgabe "
            "image_classification, wo gilt: jedes Bild hat ein Label, ist eines von accuracy "
            "erlaubt.\n"
            "limits.max_trials: max_trials ist 0. Nötig ist ein Wert größer als 0.",
        ),
        ("The file is empty", "Die Datei ist leer"),  # as it stands in brackets
        (
            "It is a web page in place of the file. Sign in there, and download the file itself",
            "Es ist eine Webseite an Stelle der Datei. Melden Sie sich dort an, und laden Sie die "
            "Datei selbst herunter",
        ),
        (  # an action has the name of its heading
            "bob is a viewer and may not stop on the experiment of another person.",
            "bob ist Betrachter (viewer) und darf die Aktion „Stopp bei dem Experiment einer "
            "anderen Person“ nicht ausführen.",
        ),
        (
            "model.onnx takes normalised values: 98% of the pictures get the answer of the trial. "
            "With values of 0 to 1 it would be 12%.",
            "model.onnx erwartet normalisierte Werte: 98% der Bilder erhalten die Antwort "
            "des Versuchs. Mit Werten von 0 bis 1 wären es 12%.",
        ),
        (  # a part at the end of a sentence, or of a part, is left out
            "The 3 pictures in /x y are not in folders named after their classes. It is a web "
            "page in place of the file. /x y is not valid YAML.",
            "Die 3 Bilder in /x y liegen nicht in Ordnern, die nach ihren Klassen heißen. Es "
            "ist eine Webseite an Stelle der Datei. /x y ist kein gültiges YAML.",
        ),
        ("It is text ('x') in place of the file.", "Es ist Text ('x') an Stelle der Datei."),
        (
            "path: path is 3. It should be the path of a file or folder.",
            "path: path ist 3. Nötig ist der Pfad einer Datei oder eines Ordners.",
        ),
        # sentences of others are not said half
        ("x.png is damaged: a part of it is missing.",) * 2,
        ("It has no picture that can be read.",) * 2,
    ],
)
def test_a_stored_sentence_is_known_by_its_template(stored: str, said: str) -> None:
    assert texts.again(stored) == stored
    with texts.speaking("de"):
        assert texts.again(stored) == said
