"""
When our own credentials end: from a line of the preview to the document, the page, the metrics and a notice.
"""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest

from scripts.watch import check, credentials, supervised
from scripts.watch.advice import advice
from scripts.watch.engine import StackError
from scripts.watch.metrics import samples
from scripts.watch.notices import notice_of
from scripts.watch.report import page
from scripts.watch.table import table
from tests.watch.said import NOW, URLS, Said
from zot_ci.http import token_expiry

HINT = "make a new token in authentik, as an API token of the same account, and put it into AUTHENTIK_TOKEN"
SAID = f"AUTHENTIK_TOKEN expires on 2027-01-20 12:00 UTC, in 10 days; {HINT}"


def test_both_sides_have_one_word_for_the_line() -> None:
    """One writes it in the provider, the other reads it with the standard library alone."""
    assert credentials._FACT == token_expiry.FACT


def test_a_line_becomes_a_credential_and_is_no_sentence_for_a_person() -> None:
    """Also where its end is far: the metric is for all of them."""
    status = Said().account().sentences("left group ci").credential(days=200).status()

    (one,) = status.credentials
    assert (one.name, one.system, one.address) == ("AUTHENTIK_TOKEN", "authentik", URLS["authentik"])
    assert (one.expires_at, one.is_certain, one.warning) == (NOW + timedelta(days=200), True, "")
    assert status.sentences == ["left group ci"]
    assert "credential: " not in table(status)


def test_what_only_looks_like_such_a_line_stays_a_sentence() -> None:
    """Nothing that a preview says is lost."""
    lines = ["credential: {", 'credential: {"name": "X"}', "credential: []"]

    assert credentials.split_off(lines) == (lines, [])


def test_two_processes_that_say_it_are_one_credential() -> None:
    """A run may have two providers."""
    status = Said().account().credential(days=10).credential(days=10).credential(days=5, name="op://v/i/f").status()

    assert [one.name for one in status.credentials] == ["op://v/i/f", "AUTHENTIK_TOKEN"]


@pytest.mark.parametrize(("days", "said"), [(10, True), (30, True), (31, False), (-1, False)])
def test_the_page_says_what_to_do_within_thirty_days(days: float, said: bool) -> None:
    """And shows the day always."""
    status = Said().account().credential(days=days).status()
    text = page(status, {})

    assert any(HINT in line for line in advice(status)) == said
    assert f"{NOW + timedelta(days=days):%Y-%m-%d}" in text
    assert "Credentials of this program" in text


def test_a_page_without_any_has_no_such_table() -> None:
    """Most have none that can be read."""
    assert "Credentials of this program" not in page(Said().account().status(), {})


def test_a_token_that_may_be_another_is_shown_as_such() -> None:
    """The first end of several."""
    status = Said().account().credential(days=10, others=2).status()

    assert not status.credentials[0].is_certain
    assert "or later: it may be another token of the same user" in page(status, {})


def test_each_credential_has_a_series() -> None:
    """By the name that messages have for it."""
    status = Said().account().credential(days=10).credential(days=5, name="op://v/i/f").status()
    name = "zot_ci_credential_expires_timestamp_seconds"

    found = {one.labels["credential"]: one.value for one in samples(status) if one.name == name}

    assert found == {
        "AUTHENTIK_TOKEN": (NOW + timedelta(days=10)).timestamp(),
        "op://v/i/f": (NOW + timedelta(days=5)).timestamp(),
    }


def test_a_notice_tells_of_it_after_a_run_that_changed_nothing() -> None:
    """The rotator would die silently with its own token."""
    notice = notice_of("up", 0, {}, Said().account().status(), [SAID])

    assert notice is not None
    assert (notice.title, notice.body) == ("zot-ci homelab: a credential of this program expires soon", SAID)
    assert notice.kind == "warning"


def test_a_notice_of_a_failure_stays_one() -> None:
    """With the end beside it."""
    notice = notice_of("up", 1, {}, None, [SAID])

    assert notice is not None
    assert notice.kind == "failure"
    assert notice.title == "zot-ci: up failed; a credential of this program expires soon"
    assert SAID in notice.body


def test_a_stack_file_that_cannot_be_used_is_no_fault_of_the_notice() -> None:
    """The engine's own run says what is wrong with it."""
    assert supervised._credentials("no-such-stack") == []


def test_a_system_that_is_slow_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is over, and somebody waits for its exit code."""
    answers = Event()

    def slow(stack: str | None) -> tuple[str, object]:
        answers.wait(30)
        raise StackError("at last")

    monkeypatch.setattr(supervised, "_CREDENTIALS_SECONDS", 0.05)
    monkeypatch.setattr(check, "settings_of", slow)

    try:
        assert supervised._credentials("s") == []
    finally:
        answers.set()
