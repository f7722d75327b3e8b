"""
The browser that looks at pages. Without one, or without what drives it, these tests are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import NAMES, program, started

if TYPE_CHECKING:
    from playwright.sync_api import Browser


# Not longer than a module: while it runs, this thread can run no other event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    pytest.importorskip("playwright", reason="no Playwright here: `make test-browser` has one")
    if program() is None:
        pytest.skip(f"no browser on PATH: {', '.join(NAMES)}")
    with started() as found:
        yield found
