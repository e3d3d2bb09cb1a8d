"""The browser never shows a bare traceback; and every page of a finished experiment is whole,
readable for everybody, and in German for a reader of German."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PatienceError

from automl import texts
from automl.experiments import store
from automl.ui import error_boundary
from tests import contrast
from tests.browser.conftest import IS_WHOLE, ROOT, Server, on_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def broken_url() -> Iterator[str]:
    server = Server(script=ROOT / "tests" / "browser" / "broken_app.py")
    yield server.url
    server.kill()


@pytest.mark.parametrize("where", ["callback", "fragment", "dialog", "page"])
def test_an_exception_is_a_sentence_with_its_traceback_in_a_fold(
    broken_url: str, page: Page, where: str
) -> None:
    page.goto(broken_url)
    page.get_by_role("button", name=f"In a {where}").click()
    said = page.get_by_text(f"RuntimeError: raised in the {where}")
    expect(said.first).to_be_visible()  # the second one is in the fold
    expect(page.get_by_text("Reload the page.")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    traceback = page.get_by_text("Traceback (most recent call last)")
    expect(traceback).not_to_be_visible()
    page.get_by_text("Details", exact=True).click()
    expect(traceback).to_be_visible()


def test_an_error_of_the_user_is_its_sentence_alone(broken_url: str, page: Page) -> None:
    page.goto(broken_url)
    page.get_by_role("button", name="By the user").click()
    expect(page.get_by_text("There is no picture in /data.", exact=True)).to_be_visible()
    expect(page.get_by_text("Details", exact=True)).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_test_data_are_opened_and_every_tab_is_whole(
    idle_server: Server,
    page: Page,
    with_test_data: Path,
    screenshot: Callable[[str], None],
) -> None:
    page.goto(f"{idle_server.url}/test?experiment={with_test_data.name}")
    page.get_by_role("button", name="Open the test data").click()
    page.get_by_role("button", name="Open them now").click()
    expect(page.get_by_text("Test accuracy")).to_be_visible()
    assert store.load_test_opening(with_test_data) is not None
    look_at_every_tab(page, screenshot, "12-test")
    page.get_by_role("tab", name="Where it is wrong").click()
    page.wait_for_url("**tab=Where+it+is+wrong")  # a rerun would close the table
    is_whole(page)
    page.get_by_role("button", name="Table").click()
    expect(page.get_by_role("button", name="Download CSV").first).to_be_visible()
    is_whole(page)
    page.goto(f"{idle_server.url}/trial?experiment={with_test_data.name}")
    page.wait_for_selector(IS_WHOLE)
    shutil.rmtree(with_test_data)  # as another window would delete it
    page.get_by_role("tab", name="Hyperparameters").click()
    expect(page.get_by_text("There is no experiment called pets here.")).to_be_visible()


TITLES = {
    "experiments": "Experiments",
    "dataset": "Data",
    "label": "Label pictures",
    "configure": "Set up",
    "progress": "Train",
    "leaderboard": "Leaderboard",
    "trial": "One trial",
    "search": "Search",
    "compare": "Compare",
    "test": "Test data",
    "predict": "Use",
    "settings": "Settings",
}
SUBJECTS = {
    "experiments": ".st-key-experiments",
    "dataset": "button.tile",
    "configure": "[data-testid=stCode]",
    "progress": ".st-key-recommendation",
    "leaderboard": "[data-testid=stDataFrame]",
    "trial": ".stPlotlyChart",
    "search": ".stPlotlyChart",
    "compare": "[data-testid=stDataFrame]",
}
CONTRAST = "color-contrast"
ON_PHONE = ["target-size", "scrollable-region-focusable", "link-name", "button-name"]
"""Rules whose outcome depends on the width."""

PHONE = {"width": 390, "height": 844}
IS_AS_WIDE = """() => {
    const main = document.querySelector("[data-testid=stMain]");
    return main.scrollWidth <= innerWidth;
}"""
IS_THEME = """theme =>
    getComputedStyle(document.querySelector(".stApp")).colorScheme === theme
    && !document.getAnimations().some(one => one instanceof CSSTransition)
"""
WORDS = """() => {
    const found = [];
    const walk = document.createTreeWalker(document.body);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const element = node.parentElement ?? node;
        if (element.closest("script, noscript, style, code, pre, [translate=no]")) continue;
        if (node.nodeType === Node.TEXT_NODE) found.push(node.data);
        else for (const name of ["placeholder", "aria-label", "title", "alt"])
            found.push(node.getAttribute?.(name) ?? "");
    }
    return found;
}"""
"""Texts of a page, of its tables, and of what one hears or sees at the pointer; no code."""

IS_GERMAN = f"words => !({WORDS})().some(text => new RegExp(words, 'i').test(text))"
ENGLISH = (
    r"(^|[\s(])(the|of|and|is|are|with|from|this|that|not|to|for|by|or|you|your|has|have|no)"
    r"(?=[\s).,:;?]|$)"
)
"""Words without which hardly an English sentence is, and that no German one has."""

FOLD = 260  # pixels from the top of a window that is 1,280 wide


@pytest.mark.parametrize("each_tab", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_every_page_of_a_finished_experiment_is_whole(  # noqa: PLR0913
    each_tab: bool,
    idle_server: Server,
    page: Page,
    with_test_data: Path,
    with_answers: Callable[[Path], None],
    screenshot: Callable[[str], None],
) -> None:
    with_answers(with_test_data)
    assert set(TITLES) == {path.stem for path in (ROOT / "pages").glob("*.py")}
    for name, title in TITLES.items():
        address = "" if name == "experiments" else name  # the home page
        page.goto(f"{idle_server.url}/{address}?experiment={with_test_data.name}&lang=de")
        on_page(page, german(title))
        begins_above_the_fold(page, name)
        if name == "experiments":
            a_tick_counts(page)
        if name == "leaderboard":
            the_keyboard_opens_what_it_ticks(page)
        if name == "trial":
            the_dark_page_shows_what_one_is_on(page)
        look_at_every_tab(page, screenshot, f"13-{name}", each_tab=each_tab)
        if name == "search":
            back_leads_to_where_one_was(page)
        is_german(page)
    for name in ("dataset", "configure"):
        data = store.load_job(with_test_data).training_data.path
        page.goto(f"{idle_server.url}/{name}?data={data}&lang=de")
        on_page(page, german(TITLES[name]))
        if name == "dataset":
            begins_above_the_fold(page, name)
        look_at_every_tab(page, screenshot, f"14-new-{name}")
        is_german(page)
    expect(page.get_by_role("button", name="Starten")).to_be_enabled()


def german(text: str) -> str:
    with texts.speaking("de"):
        return texts._(text)


def begins_above_the_fold(page: Page, name: str) -> None:
    """The subject of a page, if it has one, is there and begins where one sees it at once."""
    if name not in SUBJECTS:
        return
    page.wait_for_selector(IS_WHOLE)
    subject = page.locator(SUBJECTS[name]).first
    expect(subject).to_be_visible()  # hidden while code for it is loaded
    for _ in range(30):  # what stands above it takes its place a moment later
        place = subject.bounding_box()
        if place and place["y"] < FOLD:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"what {name} is for begins too far down: {place}")


def a_tick_counts(page: Page) -> None:
    """An experiment that is ticked can be deleted, and one that is not ticked any more cannot."""
    delete = page.get_by_role("button", name=german("Delete"))
    for is_ticked in (True, False):
        page.locator(".st-key-experiments .stCheckbox label").first.click()
        expect(delete).to_be_enabled(enabled=is_ticked)


def the_keyboard_opens_what_it_ticks(page: Page) -> None:
    """A walk through the cells of the table opens no trial; a ticked row has a link to it."""
    page.get_by_test_id("data-grid-canvas").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "Shift+Space"):
        page.keyboard.press(key)
    link = page.get_by_role("link", name=re.compile(german("Open {name}").format(name=r"#\d .*")))
    expect(link).to_be_visible()


def the_dark_page_shows_what_one_is_on(page: Page) -> None:
    """Words under the pointer and of an open popover can be read, also those of a chosen tab,
    which axe-core leaves undecided; what the keyboard is on has a line around it."""
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(IS_THEME, arg="dark")
    background = colour(page.locator(".stApp"), "backgroundColor")
    for control in (
        page.get_by_role("tab", selected=True),
        page.get_by_role("tab", selected=False).first,
        page.get_by_role("radio", checked=True).first,
        page.get_by_role("link", name=german("Compare")),
        page.get_by_role("button", name=german("Table")).first,
        page.get_by_role("button", name=german("Notes")),
    ):
        control.hover()
        words = control.locator("p").last
        assert contrast.contrast(colour(words), background) >= contrast.LEAST
        page.keyboard.press("Shift")  # from here on, a focus is of the keyboard
        control.focus()
        assert contrast.contrast(colour(words), background) >= contrast.LEAST
        assert contrast.contrast(colour(control, "outlineColor"), background) >= 3
        expect(control).to_have_css("outline-style", "solid")
    control.press("Enter")
    expect(control).to_have_attribute("aria-expanded", "true")
    assert contrast.contrast(colour(words), background) >= contrast.LEAST
    control.press("Enter")
    expect(control).to_have_attribute("aria-expanded", "false")


def colour(element: Locator, name: str = "color") -> list[float]:
    """A computed colour of an element; a moment later, since the pointer is noticed after it."""
    element.page.wait_for_timeout(50)
    value = element.evaluate("(element, name) => getComputedStyle(element)[name]", name)
    return [float(part) for part in re.findall(r"\d+", value)[:3]]


def back_leads_to_where_one_was(page: Page) -> None:
    """A button that opens a page, which completes its address, is one step of the history."""
    chosen = page.get_by_role("tab", selected=True).inner_text()
    expect(page).to_have_url(re.compile(re.escape(f"tab={quote_plus(chosen)}")))
    address = page.url
    page.get_by_role("button", name=german("Take it away")).click()
    on_page(page, german(TITLES["trial"]))
    expect(page).to_have_url(re.compile("tab="))
    page.wait_for_selector(IS_WHOLE)
    page.go_back()
    on_page(page, german(TITLES["search"]))
    expect(page).to_have_url(address)


def is_german(page: Page) -> None:
    """No text of the page has an English word; Streamlit's own are replaced a frame after them."""
    try:
        page.wait_for_function(IS_GERMAN, arg=ENGLISH)
    except PatienceError:
        left = [text for text in page.evaluate(WORDS) if re.search(ENGLISH, text, re.IGNORECASE)]
        pytest.fail(f"English on {page.url}: {left}")


def look_at_every_tab(
    page: Page, screenshot: Callable[[str], None], name: str, *, each_tab: bool = False
) -> None:
    """each_tab: look for barriers on each tab, not on the first one of a page alone."""
    screenshot(name)
    is_whole(page)
    can_be_used_by_everybody(page)
    tabs = page.get_by_role("tab")
    for index in range(1, tabs.count()):
        tabs.nth(index).click()
        expect(tabs.nth(index)).to_have_attribute("aria-selected", "true")
        screenshot(f"{name}-{index}")
        is_whole(page)
        if each_tab:
            can_be_used_by_everybody(page)


def is_whole(page: Page) -> None:
    page.wait_for_selector(IS_WHOLE)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    for unexpected in (error_boundary.UNEXPECTED, german(error_boundary.UNEXPECTED)):
        expect(page.get_by_text(unexpected)).to_have_count(0)
    expect(page.get_by_text("Page not found")).to_have_count(0)


def can_be_used_by_everybody(page: Page) -> None:
    """No serious finding of axe-core by WCAG 2.2 AA, in either theme and on a phone."""
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    looks = {
        "light": {"type": "tag", "values": rules},
        "dark": {"type": "rule", "values": [CONTRAST]},
    }
    for theme, run_only in looks.items():
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(IS_THEME, arg=theme)
        no_barrier(page, run_only)
    page.emulate_media(color_scheme="light")
    desktop = page.viewport_size
    assert desktop
    page.set_viewport_size(PHONE)
    page.wait_for_function(IS_AS_WIDE)  # charts follow the window a moment later
    no_barrier(page, {"type": "rule", "values": ON_PHONE})
    page.set_viewport_size(desktop)


def no_barrier(page: Page, run_only: dict[str, object]) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)  # takes a tenth of a second
    options = {"resultTypes": ["violations"], "runOnly": run_only}
    found = page.evaluate("options => axe.run(options)", options)
    serious = [
        f"{violation['id']}: {node['failureSummary']} {node['html']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert not serious, f"{page.url} at {page.viewport_size}, {run_only}"
