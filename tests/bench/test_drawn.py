"""The page of the benchmark as a browser draws it: readable on a phone, in need of nothing, without a complaint."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.bench.browser import Browser, chromium, opened
from tests.bench.test_figures import outcome, report

from pinnedrules.bench.model import AGENTS, ARMS, ATTACKS, PEOPLE
from pinnedrules.bench.page import page
from pinnedrules.bench.suite import load

PNG = b"\x89PNG\r\n\x1a\n"
SIZES = pytest.mark.parametrize(
    ("width", "height"), [(360, 640), (390, 844), (1280, 800)], ids=["small", "phone", "desk"]
)

# What stands outside of the window; a table wider than a phone moves inside its own frame.
OUTSIDE = """[...document.querySelectorAll('body *')].filter(one => !one.closest('.wide') || one.matches('.wide'))
    .map(one => [one.tagName, one.textContent.slice(0, 40), one.getBoundingClientRect()])
    .filter(([, , box]) => box.width && (box.left < -0.5 || box.right > innerWidth + 0.5))
    .map(([name, text, box]) => [name, text, box.left, box.right])"""
# Pairs of texts in a plot that are drawn over one another.
OVER = """[...document.querySelectorAll('svg')].flatMap(svg => {
    const texts = [...svg.querySelectorAll('text')].map(one => [one.textContent, one.getBoundingClientRect()])
    return texts.flatMap(([one, a], at) => texts.slice(at + 1).filter(([, b]) =>
        a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom).map(([other]) => [one, other]))
})"""
# What each plot shows: its name, its size, the widths of its bars, the places of its points, the size of its letters.
PLOTS = """[...document.querySelectorAll('svg')].map(svg => ({name: svg.getAttribute('aria-label'),
    width: svg.getBoundingClientRect().width, height: svg.getBoundingClientRect().height,
    bars: [...svg.querySelectorAll('rect:not(.yes)')].map(one => one.getBoundingClientRect().width),
    points: [...svg.querySelectorAll('circle')].map(one => one.getBoundingClientRect().top),
    letters: Math.min(...[...svg.querySelectorAll('text')].map(one => parseFloat(getComputedStyle(one).fontSize)))}))"""
# Where the verdicts on the aims end.
VERDICTS = """[...document.querySelectorAll('td .good, td .bad')].slice(0, 8)
    .map(one => one.getBoundingClientRect().right)"""
# The height of letters of tables, the smallest.
LETTERS = "Math.min(...[...document.querySelectorAll('td')].map(one => parseFloat(getComputedStyle(one).fontSize)))"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Skipped only where no Chromium is and nobody wants to rely on it; in CI that fails."""
    if not chromium():
        if os.environ.get("CI"):
            pytest.fail("there is no Chromium to draw the page with; install one (Debian: chromium) or set CHROMIUM")
        pytest.skip("no Chromium is installed (Debian: apt install chromium)")
    with opened(tmp_path_factory.mktemp("profile")) as made:
        yield made


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with every arm, agent, attack, person and family that a run with the defaults has."""
    made = [
        outcome(
            family=family, arm=arm, agent=agent, attack=attack, person=person, executed=int(arm not in ("gate", "all"))
        )
        for number, family in enumerate(load().families)
        for arm in ARMS
        for agent, attack, person in [
            (AGENTS[number % 4], "none", PEOPLE[number % 3]),
            ("ignores", ATTACKS[1 + number % 9], PEOPLE[number % 3]),
        ]
    ]
    path = tmp_path_factory.mktemp("page") / "survival.html"
    path.write_text(page(report(*made)), encoding="utf-8")
    return path


@SIZES
def test_nothing_stands_outside_of_the_window(browser: Browser, html: Path, width: int, height: int) -> None:
    """No scrolling to the side but inside a wide table's own frame, and no text of a plot over another."""
    browser.draw(html, width=width, height=height)
    assert browser.value("document.documentElement.scrollWidth") == browser.value("innerWidth") == width
    assert browser.value(OUTSIDE) == []
    assert browser.value(OVER) == []


@SIZES
def test_both_plots_show_what_was_found(browser: Browser, html: Path, width: int, height: int) -> None:
    """A bar for each arm, as long as its share; a point for each round; letters that can be read at arm's length."""
    browser.draw(html, width=width, height=height)
    bars, lines = plots(browser)
    assert bars["name"] == "Executed violations by arm"
    assert len(bars["bars"]) == len(ARMS)
    assert all(round(bar) == round(bars["width"]) for bar in bars["bars"][:5])
    assert all(0 < bar < 0.01 * bars["width"] for bar in bars["bars"][-2:])
    assert lines["name"] == "Rule read after each round"
    assert len(lines["points"]) == 2
    assert lines["points"][0] < lines["points"][1], "the rule was read after the first round and gone after the second"
    for one in (bars, lines):
        assert one["width"] > 0.8 * min(width, 900)
        assert one["height"] > 200
        assert one["letters"] >= 12
    assert browser.value(LETTERS) >= 12


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_asks_for_nothing_and_complains_of_nothing(browser: Browser, html: Path, dark: bool) -> None:
    """Self-contained: no request but for the file itself, no console message, no exception, by day and by night."""
    drawn = browser.draw(html, width=390, height=844, dark=dark)
    assert drawn.asked_for == [html.as_uri()]
    assert drawn.complaints == []
    assert drawn.png.startswith(PNG)
    ink, paper = (sum(rgb(browser, name)) for name in ("color", "backgroundColor"))
    assert (ink > paper) is dark, "letters stand out from the paper"


def test_the_verdicts_and_the_guards_own_columns_need_no_swipe(browser: Browser, html: Path) -> None:
    """On a phone what the page is about stands in the first columns: reached or missed, no guard beside the guard."""
    browser.draw(html, width=390, height=844)
    edges = browser.value(VERDICTS)
    assert len(edges) == 8
    assert max(edges) < 390
    heads = browser.value("[...document.querySelectorAll('table')][2].querySelectorAll('th').length")
    assert heads == len(ARMS) + 1
    seen = browser.value(
        "[...[...document.querySelectorAll('table')][2].querySelectorAll('th')].filter(one =>"
        " one.getBoundingClientRect().right <= 390).map(one => one.textContent)"
    )
    assert seen[1:4] == ["nothing", "pinnedrules as it comes", "gate; the pin cut out"]


def test_a_browser_that_does_complain_is_heard(browser: Browser, tmp_path: Path) -> None:
    """The checks above can fail: a page with a script that breaks and a picture from elsewhere is found out."""
    bad = tmp_path / "bad.html"
    wide = "<img src='missing.png'><p style='width: 900px'>wide</p><script>nothing()</script>"
    bad.write_text(f"<meta name=viewport content='width=device-width'><body>{wide}", encoding="utf-8")
    drawn = browser.draw(bad, width=390, height=844)
    assert len(drawn.asked_for) == 2
    assert any("nothing is not defined" in one for one in drawn.complaints)
    assert browser.value("document.documentElement.scrollWidth") > 390


def plots(browser: Browser) -> list[dict[str, Any]]:
    """Return what the plots of the page show."""
    found: list[dict[str, Any]] = browser.value(PLOTS)
    return found


def rgb(browser: Browser, name: str) -> list[int]:
    """Return the parts of a colour of the page's body."""
    colour: str = browser.value(f"getComputedStyle(document.body).{name}")
    return [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
