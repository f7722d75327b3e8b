"""
What the documents point to exists: files, headings, make targets, commands. And each page says for whom it is.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.stack import COMMANDS, WATCHING
from tests.docs.pages import DOCUMENTS, ROOT, blocks, code, headings, read

# The reader's own stack file, which the README has them make.
THEIRS = {"stacks/Pulumi.homelab.yaml", "stacks/accounts.homelab.yaml"}
PAGES = sorted((ROOT / "docs").rglob("*.md"))


def _slug(heading: str) -> str:
    """A heading's anchor, as forges make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _ids(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", DOCUMENTS, ids=_ids)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    """In code only: prose may make what it likes."""
    targets = set(re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE))

    assert {"demo", "test"} <= targets
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", code(path.read_text(encoding="utf-8")))) - targets == set()


def test_every_command_of_the_script_is_in_the_readme_or_the_documents_and_every_one_named_exists() -> None:
    """scripts/stack.py's sub-commands, wherever they are set as code."""
    text = "\n".join(code(path.read_text(encoding="utf-8")) for path in DOCUMENTS)
    named = set(re.findall(r"scripts/stack\.py (?:--stack \S+ )?([a-z]+)", text))

    assert named == {*COMMANDS, *WATCHING, "rotate"}


def test_every_command_of_the_installed_one_that_is_named_exists() -> None:
    """In blocks for a shell, at a line's beginning: an account has the same name."""
    text = "\n".join(block for path in DOCUMENTS for block in blocks(str(path.relative_to(ROOT)), "sh"))
    named = set(re.findall(r"^(?:\S+/)?zot-ci (?:--stack \S+ )?([a-z]+)", text, re.MULTILINE))

    assert {"new", "check", "up"} <= named
    assert named <= {*COMMANDS, *WATCHING, "rotate", "new"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=_ids)
def test_every_file_that_is_named_exists(path: Path) -> None:
    """Relative links, and paths set as code."""
    text = path.read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if "://" not in link}
    folders = "components|tests|stacks|tools|docs|scripts|bench|examples|monitoring"
    paths = set(re.findall(rf"(?<![\w./-])(?:{folders})/[\w./-]+|__main__\.py", code(text)))

    assert {link for link in links if not (path.parent / link).exists()} == set()
    assert {name.rstrip(".") for name in paths - THEIRS if not (ROOT / name.rstrip(".")).exists()} == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=_ids)
def test_every_heading_that_is_pointed_to_exists(path: Path) -> None:
    """Anchors, in this document and in others."""
    for target, anchor in re.findall(r"\]\(([\w./-]*)#([^)]+)\)", path.read_text(encoding="utf-8")):
        document = path.parent / target if target else path
        assert anchor in {_slug(heading) for heading in headings(document)}, f"{target}#{anchor}"


@pytest.mark.parametrize("path", PAGES, ids=_ids)
def test_a_page_begins_with_whom_it_is_for_and_a_decision_with_its_day(path: Path) -> None:
    """So that nobody reads the wrong one to its end. docs/README.md says what to read next."""
    _, first, *_ = path.read_text(encoding="utf-8").strip().split("\n\n")

    decision = path.parent.name == "decisions"
    assert re.match(r"\*\*Decision\*\*, 20\d\d-\d\d-\d\d: " if decision else "For ", first)


def test_every_picture_is_shown_somewhere() -> None:
    """Nobody finds what nothing points to."""
    shown = {
        (path.parent / target).resolve()
        for path in DOCUMENTS
        for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
    }

    assert shown == set((ROOT / "docs/pictures").iterdir())
