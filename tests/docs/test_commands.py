"""
docs/rotation.md, which a person on call follows, against the table of docs/promises.md that says what each command of
the engine does to the key: it recommends no command that is not in it.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from scripts.stack import COMMANDS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PROMISES = (DOCS / "promises.md").read_text(encoding="utf-8")
ROTATION = (DOCS / "rotation.md").read_text(encoding="utf-8")

# Verbs of the engine that have verbs of their own.
GROUPS = ("stack", "state")
# What changes nothing but how a command asks and answers, or which stack it is about.
MANNERS = {"--diff", "--expect-no-changes", "--json", "--preserve-config", "--skip-preview", "--stack", "--yes"}


def _verb(words: list[str]) -> str:
    sub = words[1:2] if words[0] in GROUPS and words[1:2] and words[1].isalpha() else []
    return " ".join([words[0], *sub])


def _flags(words: list[str]) -> set[str]:
    # `--parallel 1` is a flag and its value; `--refresh=false` is another thing than `--refresh`.
    return {word for word in words if word.startswith("--")} - MANNERS


def _told_of() -> dict[str, set[str]]:
    """
    Each command in the table's first column, with the flags of its rows. A row's flags are written with a command or
    after it ("also with").
    """
    table = PROMISES.partition("| Command | What CI has afterwards |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`.*?) \| ", table, re.MULTILINE)
    known: dict[str, set[str]] = {}
    for row in rows:
        spans = [span.split() for span in re.findall(r"`([^`]+)`", row)]
        commands = [words for words in spans if words[0].islower() and not words[0].startswith("-")]
        for words in commands:
            flags = known.setdefault(_verb(words), set())
            flags |= _flags([word for span in spans for word in span])
    return known


def _recommended() -> list[str]:
    """
    Each command of the engine in the document: in a span or in a block, without `pulumi`.
    """
    text = re.sub(r" *\\\n *", " ", ROTATION)
    return sorted(set(re.findall(r"(?:^ *|`)pulumi ([^`\n#|;]+)", text, re.MULTILINE)))


def test_the_table_is_read() -> None:
    """Else nothing below could fail."""
    known = _told_of()

    assert {"up", "destroy", "refresh", "state taint", "state delete", "stack rm", "stack init", "cancel"} <= set(known)
    assert {"--replace", "--target", "--refresh=false"} <= known["up"]
    assert len(_recommended()) > 5


@pytest.mark.parametrize("command", _recommended())
def test_a_command_that_is_recommended_is_in_the_table(command: str) -> None:
    """With all of its flags."""
    known, words = _told_of(), shlex.split(command)

    assert _verb(words) in known
    assert _flags(words) <= known[_verb(words)]


def test_the_script_s_commands_are_in_the_table() -> None:
    """They are the engine's own."""
    named = set(re.findall(r"scripts/stack\.py (?:--stack \S+ )?([a-z]+)", ROTATION))

    assert named <= {*COMMANDS, "rotate"}
    assert {command[0] for command in COMMANDS.values()} <= set(_told_of())
    assert "`rotate` is `up --replace`" in " ".join(PROMISES.split())
