"""
The committed pictures are what a forge can show anywhere, and the guard that drew them refuses what it must.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.pictures import FOLDER, LARGEST, PictureError, check

# Where people's folders are, on whatever machine it was drawn.
HOMES = [f"/{name}/" for name in ("home", "root")]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EMPTY = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.svg")), ids=lambda path: path.name)
def test_a_picture_is_small_whole_and_fetches_nothing(path: Path) -> None:
    """Well-formed, no address in it, no key, and below the size that a page should load."""
    svg = path.read_text(encoding="utf-8")

    check(svg, ["zak_", tempfile.gettempdir(), *HOMES])
    assert ElementTree.fromstring(svg).tag.endswith("svg")  # noqa: S314 - our own file
    assert "refused" in svg or "revoked" in svg


def test_the_page_s_picture_is_one_and_no_larger_than_the_others() -> None:
    """Of made-up data; the browser that drew it writes its name into nothing."""
    image = (FOLDER / "report.png").read_bytes()

    assert image.startswith(_SIGNATURE)
    assert len(image) < LARGEST
    assert b"tEXt" not in image


@pytest.mark.parametrize(
    "svg",
    [
        _EMPTY.replace("></svg>", '><image href="https://example.test/x.png"/></svg>'),
        _EMPTY.replace("></svg>", "><style>@import 'x.css';</style></svg>"),
        _EMPTY.replace("></svg>", "><text>a&#160;secret</text></svg>"),
        _EMPTY + " " * LARGEST,
    ],
    ids=["address", "import", "secret", "size"],
)
def test_what_no_picture_may_hold_is_refused(svg: str) -> None:
    """And the smallest picture passes, so that the refusals are for the part that was added."""
    check(_EMPTY, ["a secret"])
    with pytest.raises(PictureError):
        check(svg, ["a secret"])
