"""
docs/pictures/report.png, of the page that tests/watch/pages.py makes up: `make pictures`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from scripts.watch.report import page
from tests.browser.chromium import NAMES, opened, program, started
from tests.watch.pages import document, remembered

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "report.png"


def main() -> int:
    """
    Draw the beginning of the page.
    """
    if program() is None:
        print(f"no browser on PATH ({', '.join(NAMES)}): docs/pictures/report.png stays as it is")
        return 0
    with tempfile.TemporaryDirectory() as name, started() as browser:
        file = Path(name) / "page.html"
        file.write_text(page(document(), remembered()), encoding="utf-8")
        with opened(browser, file.as_uri(), 960, height=1010) as tab:
            tab.page.screenshot(path=PICTURE)
    print(f"docs/pictures/report.png: {PICTURE.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
