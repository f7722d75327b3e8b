"""
An `op` that something between it and 1Password has answered: that is no word about an item.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.messages import assert_names
from zot_ci.http import connections
from zot_ci.http.errors import InterceptedError, NotFoundError, ReconcileError
from zot_ci.onepassword.access import onepassword

IN_FRONT = [
    "(404) Not Found: <html>404 page not found</html>",
    "(405) Method Not Allowed",
    "Get https://my.1password.com/api/v1/auth: host not found",
]
OWN = [
    '"CI" isn\'t an item. Specify the item with its UUID, name, or domain.',
    '"spare" isn\'t a vault in this account.',
]


def _op_that_says(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    op = folder / "op"
    said = folder / "said"
    said.write_text(f"[ERROR] 2026/11/29 12:00:00 {text}\n", encoding="utf-8")
    op.write_text(f'#!/bin/sh\ncat "{said}" >&2\nexit 1\n', encoding="utf-8")
    op.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    connections.forget_all()


def _told(kind: type[ReconcileError]) -> str:
    with pytest.raises(kind) as caught:
        onepassword("cli").locate("spare", "CI")
    assert type(caught.value) is kind
    return str(caught.value)


@pytest.mark.parametrize("text", IN_FRONT)
def test_a_status_of_http_is_no_item_that_is_gone(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a destroy would forget a field that is there."""
    _op_that_says(text, tmp_path, monkeypatch)

    line = _told(InterceptedError)

    assert_names(line, "1Password CLI op vault get", "no such route there, or something in front of 1Password answered")
    assert "html" not in line


@pytest.mark.parametrize("text", OWN)
def test_op_s_own_words_are_believed(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has not found is not there."""
    _op_that_says(text, tmp_path, monkeypatch)

    assert "there is none" in _told(NotFoundError)
