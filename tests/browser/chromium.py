"""
A headless Chromium, driven by Playwright, which only .venv-browser has: `make test-browser`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDTHS = {"wide": 1280, "narrow": 380}

# What sticks out of the window, and not of something that scrolls by itself.
_SIDEWAYS = """
() => {
  const root = document.querySelector('article') || document.body;
  // The theme lets a narrow article scroll as a whole, which is no better than a page that does.
  const scrolls = element => element !== root
    && (['auto', 'scroll'].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const out = [...root.querySelectorAll('*')].filter(element => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility() && box.width && (box.right > innerWidth + 1 || box.left < -1)
      && !scrolls(element.parentElement);
  }).map(element => element.tagName + ': ' + element.textContent.trim().slice(0, 60));
  const page = document.documentElement.scrollWidth;
  return page > innerWidth ? [`the page is ${page} wide`, ...out] : out;
}
"""


@dataclass
class Tab:
    """
    An open page, what it asked for, and what went wrong on it.
    """

    page: Page
    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def sideways(self) -> list[str]:
        """
        What a reader would have to scroll the page sideways for.
        """
        found: list[str] = self.page.evaluate(_SIDEWAYS)
        return found

    def shoot(self, name: str, *, whole: bool = False) -> None:
        """
        Keep a picture of the window, or of the *whole* page, in the folder SHOTS, where one is named.
        """
        if folder := os.environ.get("SHOTS"):
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=whole)


def program() -> str | None:
    """
    The browser on PATH.
    """
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def started() -> Iterator[Browser]:
    """
    Run the browser.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program())
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, address: str, width: int, *, dark: bool = False, height: int = 900) -> Iterator[Tab]:
    """
    Open a page in a profile of its own.
    """
    size: Any = {"width": width, "height": height}
    with browser.new_context(viewport=size, color_scheme="dark" if dark else "light") as context:
        tab = Tab(context.new_page())
        context.on("request", lambda request: tab.asked.append(request.url))
        context.on("requestfailed", lambda request: tab.faults.append(f"{request.url}: {request.failure}"))
        context.on("console", lambda message: tab.faults.append(f"{tab.page.url}: {message.text}"))
        context.on("weberror", lambda error: tab.faults.append(f"{tab.page.url}: {error.error}"))
        tab.page.goto(address)
        yield tab
