"""
The documents as they are checked: their text, code, headings and tables.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
# Indented ones, in lists, too.
_FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)


def read(path: str) -> str:
    """
    A document, by its path in the repository.
    """
    return (ROOT / path).read_text(encoding="utf-8")


def blocks(path: str, language: str) -> list[str]:
    """
    The fenced blocks of one language.
    """
    return re.findall(rf"^```{language}\n(.*?)^```$", read(path), re.DOTALL | re.MULTILINE)


def prose(text: str) -> str:
    """
    A document without its fenced blocks.
    """
    return _FENCED.sub("", text)


def code(text: str) -> str:
    """
    What is set as code: fenced blocks and `spans`.
    """
    return "\n".join([*_FENCED.findall(text), *re.findall(r"`([^`\n]+)`", prose(text))])


def headings(path: Path) -> list[str]:
    """
    The headings of a document, in order.
    """
    return re.findall(r"^#+ (.*)$", prose(path.read_text(encoding="utf-8")), re.MULTILINE)


def table(path: str, header: str) -> dict[str, str]:
    """
    The rows of a document's table whose first column is *header*: the whole row by the `spans` of its first cell.
    """
    lines = read(path).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {header} |"))
    rows: dict[str, str] = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        for name in re.findall(r"`([^`]+)`", line.split("|")[1]):
            rows[name] = line
    return rows
