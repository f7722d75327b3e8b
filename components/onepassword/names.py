"""
Whether two names look the same to a person. Pure functions.

This program takes a name letter by letter. 1Password's own clients do not (`op` 2.34 was seen to take a field's label
for another one in capital and small letters), and a person cannot see a blank at a name's end, or whether the dots of
an umlaut are a character of their own. So a name that fits nothing exactly, and something nearly, is never taken for a
new one.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable


def look_alike(name: str, other: str) -> bool:
    """
    Whether the two differ in nothing that a person is sure to see: letter case, white space around or its kind and
    number within, Unicode forms of one character, invisible characters, kinds of dash.
    """
    return _folded(name) == _folded(other)


def lookalike(name: str, other: str | None) -> str:
    """
    Return *other* and in what it differs from *name*, if the two look alike and are not the same; else nothing.
    """
    if other is None or other == name or not look_alike(name, other):
        return ""
    return f"{shown(other)}, which differs only {_difference(name, other)}"


def advice(wanted: str, known: Iterable[tuple[str | None, str | None]]) -> str:
    """
    Say which one of the things that are *known*, by id and name, looks as if it had the name that is *wanted*; empty if
    none does.
    """
    for id_, name in known:
        near = lookalike(wanted, name)
        if near:
            return f"there is one called {near}: write it so, or use its id {id_}"
    return ""


def _difference(name: str, other: str) -> str:
    if _composed(name) == _composed(other):
        return "in how Unicode composes an accented letter"
    if _spaced(name) == _spaced(other):
        return "in white space"
    if _spaced(name).casefold() == _spaced(other).casefold():
        return "in capital and small letters"
    return "in characters that look alike"


def shown(name: str) -> str:
    """
    Return *name* in quotes, so that white space at its ends is seen, in one line.
    """
    return json.dumps(name, ensure_ascii=False)


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _spaced(name: str) -> str:
    return " ".join(_composed(name).split())


def _folded(name: str) -> str:
    # Twice: folding the case can take a character apart that was composed, such as a Turkish capital I with its dot.
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    visible = "".join(_plain(character) for character in text)
    return re.sub(r"\s+", " ", visible).strip()


def _plain(character: str) -> str:
    match unicodedata.category(character):
        case "Cf":
            return ""
        case "Pd":
            return "-"
        case _:
            return character
