"""
The documentation site, opened as files: its menu, its search, every page, wide and narrow; and nothing from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import WIDTHS, Tab, opened
from tools.docs import build

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

both_widths = pytest.mark.parametrize("shape", WIDTHS)


@pytest.fixture(scope="module")
def site() -> Path:
    """What `make docs` has built."""
    if not (build.SITE / "index.html").exists():
        pytest.skip("no .tools/site: `make docs` builds it")
    return build.SITE


@contextmanager
def _without_faults(browser: Browser, address: str, shape: str) -> Iterator[Tab]:
    """Open a page; in the end nothing went wrong on it, and it asked nobody but the site."""
    with opened(browser, address, WIDTHS[shape]) as tab:
        yield tab
        assert tab.faults == []
        assert [asked for asked in tab.asked if not asked.startswith((build.SITE.as_uri(), "data:"))] == []


def _search(page: Page, shape: str, words: str) -> None:
    """Type *words* where a reader does."""
    _open_menu(page, shape)
    page.get_by_role("textbox", name="Search").fill(words)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Search Results").wait_for()


def _open_menu(page: Page, shape: str) -> None:
    """Where there is no room for the menu, a button brings it."""
    if shape == "narrow":
        page.locator("label.nav-overlay-icon").click()


@both_widths
def test_every_page_fits_the_window_and_draws_its_diagrams(shape: str, site: Path, browser: Browser) -> None:
    """A wide table or block of code scrolls by itself, and not the page."""
    sideways: dict[str, list[str]] = {}
    with _without_faults(browser, (site / "index.html").as_uri(), shape) as tab:
        for file in sorted(site.rglob("*.html")):
            tab.page.goto(file.as_uri())
            if found := tab.sideways():
                sideways[file.relative_to(site).as_posix()] = found
            if tab.page.locator("script[src*=mermaid]").count():
                tab.page.locator(".mermaid svg").first.wait_for()

    assert sideways == {}


@both_widths
def test_the_menu_leads_to_every_page(shape: str, site: Path, browser: Browser) -> None:
    """On a phone, too."""
    there = {f"{page}.html" for pages in build.pages(build.ROOT).values() for page in pages}

    with _without_faults(browser, (site / "index.html").as_uri(), shape) as tab:
        _open_menu(tab.page, shape)
        links = tab.page.locator(".sidebar-tree a.reference").all()
        addresses = {link.get_attribute("href") for link in links}
        hidden = [link.inner_text() for link in links if not link.is_visible()]
        tab.shoot(f"site-menu-{shape}")
        tab.page.locator(".sidebar-tree").get_by_role("link", name="Limits", exact=True).click()
        assert tab.page.url.endswith("docs/limits.html")
        tab.shoot(f"site-page-{shape}")

    assert (addresses, hidden) == (there, [])


@both_widths
@pytest.mark.parametrize("begin", ["index.html", "docs/decisions/conditions.html"])
def test_the_search_finds_a_word_and_its_first_result_has_it(
    begin: str, shape: str, site: Path, browser: Browser
) -> None:
    """Also from a page in a folder of its own."""
    with _without_faults(browser, (site / begin).as_uri(), shape) as tab:
        _search(tab.page, shape, "rotate")
        results = tab.page.locator("#search-results li a")
        assert f"found {results.count()} pages" in tab.page.locator(".search-summary").inner_text()
        assert tab.sideways() == []
        tab.shoot(f"site-search-{shape}")
        results.first.click()
        tab.page.wait_for_url(lambda url: "search.html" not in url)
        assert "rotate" in tab.page.locator("article").inner_text().lower()
        tab.shoot(f"site-result-{shape}")


def test_the_search_says_that_a_word_is_nowhere(site: Path, browser: Browser) -> None:
    """And does not go on for ever."""
    with _without_faults(browser, (site / "index.html").as_uri(), "wide") as tab:
        _search(tab.page, "wide", "xylophone")

        assert "did not match any documents" in tab.page.locator(".search-summary").inner_text()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    """The address of the site on a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_site_that_is_served_shows_an_excerpt_of_each_result(served: str, browser: Browser) -> None:
    """There, a page may read the others."""
    with opened(browser, f"{served}/index.html", WIDTHS["wide"]) as tab:
        _search(tab.page, "wide", "rotate")
        results = tab.page.locator("#search-results li").count()
        excerpts = tab.page.locator("#search-results li p.context")
        excerpts.nth(results - 1).wait_for()

        assert any("rotate" in text.lower() for text in excerpts.all_inner_texts())
        assert [asked for asked in tab.asked if not asked.startswith((served, "data:"))] == []
