"""
Whether two names look the same to a person. Pure functions.

This program compares names letter by letter. 1Password's own clients do not (`op` 2.34 was seen to ignore capital
letters in a field's label), and a person cannot see a blank at the end of a name, or whether the dots of an umlaut are
a separate character. So a name that matches nothing exactly, but looks like an existing name, is never taken for a new
one.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable


def look_alike(name: str, other: str) -> bool:
    """
    Whether two names differ only in what a person may not see: letter case, white space around them or its kind and
    number within, Unicode forms of one character, invisible characters, kinds of dash.
    """
    return _folded(name) == _folded(other)


def lookalike(name: str, other: str | None) -> str:
    """
    Return *other* and how it differs from *name*, if the two look alike and are not the same; else an empty text.
    """
    if other is None or other == name or not look_alike(name, other):
        return ""
    return f"{shown(other)}, which differs only {_difference(name, other)}"


def advice(wanted: str, known: Iterable[tuple[str | None, str | None]]) -> str:
    """
    Return advice that names the one of the *known* things, by id and name, whose name looks like the *wanted* one;
    empty if there is none.
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
    Return *name* in quotes and in one line, so that white space at its ends can be seen.
    """
    return json.dumps(name, ensure_ascii=False)


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _spaced(name: str) -> str:
    return " ".join(_composed(name).split())


def _folded(name: str) -> str:
    # Normalised twice: folding the case can decompose a character, such as a Turkish capital I with its dot.
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
