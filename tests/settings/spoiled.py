"""
Settings with a fault in them, and what is said of it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.settings.given import RIGHT, given
from zot_ci.settings.model import SettingsError, load

# In the place of a value: the key is not there at all.
MISSING: Any = object()
# A secret in a place where none belongs.
TOKEN = "zak_5ec7e75ec7e75ec7e75ec7e75ec7e75e"

# The account, its first field and its first secret.
A = "accounts[0]"
F = f"{A}.forgejo[0]"


def with_(*changes: tuple[str, Any]) -> dict[str, Any]:
    """
    The right settings with other values at these paths, `accounts[0].forgejo[0].secret`.
    """
    values = copy.deepcopy(RIGHT)
    for path, value in changes:
        *parents, last = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path)]
        place: Any = values
        for part in parents:
            place = place[part]
        if value is MISSING:
            del place[last]
        else:
            place[last] = copy.deepcopy(value)
    return values


def faults(values: Mapping[str, Any]) -> list[str]:
    """
    What is said of these settings: a line for each fault, without the first one, which is always the same, and without
    the namespace.
    """
    with pytest.raises(SettingsError) as caught:
        load(given(values))
    first, *rest = str(caught.value).splitlines()
    assert "settings" in first
    assert all(line.startswith("  zot-ci:") for line in rest)
    # Nothing of the parser's own report, which holds the values.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return [line.removeprefix("  zot-ci:") for line in rest]


@dataclass(frozen=True)
class Wrong:
    """
    One fault.

    Args:
        path: where *value* is put.
        words: what the rule is about; the sentence around them is free.
        place: the path that the line names, where it is another one.
    """

    path: str
    value: Any
    words: tuple[str, ...]
    place: str

    def check(self, values: Mapping[str, Any]) -> None:
        """
        Hold *values* to be refused in one line that names the place and the rule, and no secret.
        """
        [line] = faults(values)
        place, _, rule = line.partition(" ")
        assert place == self.place
        assert [word for word in self.words if word not in rule] == [], line
        assert [value for value in (TOKEN, "s3cret") if value in line] == []


def wrong(path: str, value: Any, *words: str, place: str | None = None) -> Wrong:
    """
    The fault of *value* at *path*.
    """
    return Wrong(path, value, words, path if place is None else place)
