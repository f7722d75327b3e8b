"""
The report's page: the same facts on a desk and on a phone, readable in light and dark, and nothing fetched.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts.watch.document import Status
from scripts.watch.memory import Seen
from scripts.watch.report import page
from tests.browser.chromium import WIDTHS, Tab, opened
from tests.watch.pages import WHY, document, remembered
from tests.watch.said import Said, verified

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Looks at the page as it was laid out. Ratios are those of WCAG 2.
_LOOK = """
() => {
  const channel = value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const parsed = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const found = parsed(getComputedStyle(one).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
  };
  const faint = [], clipped = [], overlaps = [];
  for (const element of document.body.querySelectorAll('*')) {
    if (!element.checkVisibility()) continue;
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const style = getComputedStyle(element);
    const found = ratio(parsed(element.closest('svg') ? style.fill : style.color), behind(element));
    if (element.tagName !== 'title' && found < 4.5) faint.push(element.textContent.trim() + ' ' + found.toFixed(2));
  }
  for (const picture of document.querySelectorAll('svg[role=img]')) {
    const frame = picture.getBoundingClientRect();
    const placed = one => [one.textContent.trim(), one.getBoundingClientRect()];
    const texts = [...picture.querySelectorAll('text')].map(placed);
    for (const [name, box] of texts)
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1) clipped.push(name);
    texts.forEach(([name, a], i) => texts.slice(i + 1).forEach(([other, b]) => {
      if (a.left < b.right && b.left < a.right && a.top + 2 < b.bottom - 2 && b.top + 2 < a.bottom - 2)
        overlaps.push(name + ' / ' + other);
    }));
  }
  const broken = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (!node.parentElement.checkVisibility() || node.parentElement.closest('svg')) continue;
    for (const word of node.data.matchAll(/\\S+/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      // A long name or an address has to break somewhere.
      if (/^[^-/]{1,16}$/.test(word[0]) && range.getClientRects().length > 1) broken.push(word[0]);
    }
  }
  return {faint, clipped, overlaps, broken, background: getComputedStyle(document.body).backgroundColor,
    pictures: document.querySelectorAll('svg[role=img]').length};
}
"""
# What is said, and the names of the columns: at the top of a table, or beside each cell.
_SAID = """
() => {
  const seen = query => [...document.querySelectorAll(query)].filter(element => element.checkVisibility());
  const beside = cell => getComputedStyle(cell, '::before').content === 'none' ? [] : [cell.dataset.name];
  return {
    facts: seen('h1, h2, h3, p, li, td, th:not(.wide th), text').map(element => element.textContent).filter(Boolean),
    names: [...seen('.wide th').map(element => element.textContent), ...seen('.wide td').flatMap(beside)],
  };
}
"""
SILENT = "not checked: no answer"
NOTHING: dict[str, list[str]] = {"faint": [], "clipped": [], "overlaps": [], "broken": []}


def _open(browser: Browser, folder: Path, status: Status, width: int, before: Seen, **how: Any) -> Any:
    file = folder / "page.html"
    file.write_text(page(status, before), encoding="utf-8")
    return opened(browser, file.as_uri(), width, **how)


def _only_itself(tab: Tab) -> bool:
    """Nothing went wrong on a page, and it asked for nothing but itself."""
    return (tab.faults, tab.asked) == ([], [tab.page.url])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("shape", WIDTHS)
def test_the_page_is_whole_and_readable(dark: bool, shape: str, browser: Browser, tmp_path: Path) -> None:
    """No text too faint, cut off, over another or broken within a word; nothing to scroll the page sideways for."""
    with _open(browser, tmp_path, document(), WIDTHS[shape], remembered(), dark=dark) as tab:
        seen = tab.page.evaluate(_LOOK)
        tab.shoot(f"report-{shape}-{'dark' if dark else 'light'}", whole=True)

        assert seen.pop("pictures") == 2
        assert seen.pop("background") == ("rgb(20, 23, 28)" if dark else "rgb(255, 255, 255)")
        assert (seen, tab.sideways()) == (NOTHING, [])
        assert _only_itself(tab)


def test_a_narrow_page_says_what_a_wide_one_says(browser: Browser, tmp_path: Path) -> None:
    """With every column of every table in use."""
    status = (
        Said()
        .account(facts={"forgejo:ActionsSecret": {"condition": WHY}}, changes={"forgejo:ActionsSecret": "update"})
        .account("other", facts={"onepassword:ItemField": {"condition": SILENT}})
        .credential(days=9)
        .up(days_ago=3)
        .status(verified=verified())
    )
    said = {}
    for shape, width in WIDTHS.items():
        with _open(browser, tmp_path, status, width, {}) as tab:
            said[shape] = tab.page.evaluate(_SAID)
            assert tab.sideways() == []
            assert _only_itself(tab)

    assert said["narrow"]["facts"] == said["wide"]["facts"]
    assert {WHY, SILENT} <= set(said["narrow"]["facts"])
    # The first cell of a row needs no name: what it holds is one.
    assert set(said["wide"]["names"]) - set(said["narrow"]["names"]) == {"part", "system", "credential"}


@pytest.mark.parametrize("days", [0.2, 3.0, 89.0, 119.0])
def test_marks_that_are_near_each_other_can_be_read(days: float, browser: Browser, tmp_path: Path) -> None:
    """Today beside the birth, the rotation, or the end."""
    status = Said().account(facts={"zot:ApiKey": {"age_days": days}}).up(days_ago=1).status()

    with _open(browser, tmp_path, status, WIDTHS["narrow"], {}) as tab:
        seen = tab.page.evaluate(_LOOK)

    assert (seen["clipped"], seen["overlaps"]) == ([], [])


def test_a_narrow_window_shows_the_next_dates_of_a_time_line(browser: Browser, tmp_path: Path) -> None:
    """The time line is wider than the window and scrolls by itself; what was long ago comes last."""
    with _open(browser, tmp_path, document(), WIDTHS["narrow"], remembered()) as tab:
        boxes = [mark.bounding_box() for mark in tab.page.locator("text.rotates, text.expires").all()]

    assert len(boxes) == 4
    assert all(box and box["x"] > 0 and box["x"] + box["width"] < WIDTHS["narrow"] for box in boxes)
