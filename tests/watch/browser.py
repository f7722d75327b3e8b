"""
A headless Chromium, where there is one: what a page looks like to it.

`python -m tests.watch.browser` draws docs/pictures/report.png, of the page that tests/watch/pages.py makes up.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from scripts.watch.report import page

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "pictures" / "report.png"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_CSP = re.compile(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>")

# Looks at the page as it was laid out. Ratios are those of WCAG 2.
_PROBE = """
<script>
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
  if (!element.checkVisibility() || element.closest('script')) continue;
  if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
  const style = getComputedStyle(element);
  const found = ratio(parsed(element.closest('svg') ? style.fill : style.color), behind(element));
  if (element.tagName !== 'title' && found < 4.5) faint.push(element.textContent.trim() + ' ' + found.toFixed(2));
}
for (const picture of document.querySelectorAll('svg[role=img]')) {
  const frame = picture.getBoundingClientRect();
  const texts = [...picture.querySelectorAll('text')].map(one => [one.textContent.trim(), one.getBoundingClientRect()]);
  for (const [name, box] of texts)
    if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1) clipped.push(name);
  texts.forEach(([name, a], i) => texts.slice(i + 1).forEach(([other, b]) => {
    if (a.left < b.right && b.left < a.right && a.top + 2 < b.bottom - 2 && b.top + 2 < a.bottom - 2)
      overlaps.push(name + ' / ' + other);
  }));
}
const seen = {faint, clipped, overlaps, width: document.documentElement.scrollWidth, window: innerWidth,
  background: getComputedStyle(document.body).backgroundColor,
  pictures: document.querySelectorAll('svg[role=img]').length,
  fetched: performance.getEntriesByType('resource').map(one => one.name)};
document.body.dataset.seen = JSON.stringify(seen);
</script>
"""


def program() -> str | None:
    """
    The browser on PATH.
    """
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def look(text: str, folder: Path, *, dark: bool = False, width: int = 1100) -> dict[str, Any]:
    """
    What the browser sees of a page of that *text*.
    """
    file = folder / "page.html"
    # The page itself lets no script run.
    file.write_text(_CSP.sub("", text).replace("</body>", f"{_PROBE}</body>"), encoding="utf-8")
    found = _run(file, folder, dark, width, "--dump-dom").stdout
    match = re.search(r'data-seen="([^"]*)"', found)
    assert match, found[-2000:]
    seen: dict[str, Any] = json.loads(html.unescape(match[1]))
    return seen


def draw(text: str, folder: Path, picture: Path, *, dark: bool = False, size: tuple[int, int] = (960, 1010)) -> None:
    """
    Draw the beginning of a page.
    """
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    _run(file, folder, dark, size[0], f"--screenshot={picture}", height=size[1])


def _run(
    file: Path, folder: Path, dark: bool, width: int, *arguments: str, height: int = 1000
) -> subprocess.CompletedProcess[str]:
    browser = program()
    assert browser is not None
    # 0 and 1 are Chromium's own numbers for dark and light.
    colours = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    given = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={folder / 'profile'}",
    ]
    size = f"--window-size={width},{height}"
    command = [browser, *given, colours, size, *arguments, file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


def main() -> int:
    """
    Draw the picture of the documents.
    """
    from tests.watch.pages import document, remembered

    if program() is None:
        print(f"no browser on PATH ({', '.join(NAMES)}): docs/pictures/report.png stays as it is")
        return 0
    with tempfile.TemporaryDirectory() as name:
        draw(page(document(), remembered()), Path(name), PICTURE)
    print(f"docs/pictures/report.png: {PICTURE.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
