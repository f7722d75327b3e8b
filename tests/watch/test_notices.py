"""
What is told of a run: when, and in which words.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from scripts.watch.document import Status
from scripts.watch.notices import Notice, notice_of
from tests.watch.said import NOW, OLDER, UUID, Said

KEYS = {"zot-ci": UUID}


def told(command: str, code: int, status: Status | None, before: dict[str, str] | None = None) -> Notice:
    """
    The notice, which there must be.
    """
    notice = notice_of(command, code, KEYS if before is None else before, status)
    assert notice is not None
    return notice


@pytest.mark.parametrize("command", ["up", "drift"])
def test_a_run_that_changes_nothing_is_not_told(command: str) -> None:
    """Nobody wants a message each night."""
    assert notice_of(command, 0, KEYS, Said().account().up(days_ago=1).status()) is None


def test_a_rotation_is_told_with_the_dates_of_the_new_key() -> None:
    """Also the first key of an account is not called a rotation."""
    status = Said().account().account("other").status()

    notice = told("up", 0, status, {"zot-ci": OLDER})

    assert notice.title == "zot-ci homelab: rotated the key of zot-ci"
    assert notice.body == "zot-ci: in 2 of 2 places, rotates on 2027-03-01, expires on 2027-03-31"
    assert notice.kind == "success"


def test_drift_is_told_in_the_preview_s_own_sentences() -> None:
    """What a person reads in the log as well."""
    said = Said().account(changes={"authentik:ServiceAccount": "update"})
    notice = told("drift", 7, said.sentences("authentik account zot-ci: left group ci").status())

    assert notice.title == "zot-ci homelab: drift found"
    assert notice.body == "authentik account zot-ci: left group ci"
    assert notice.kind == "warning"


def test_drift_without_a_sentence_says_what_an_up_would_do() -> None:
    """A change of the settings is none of the systems'."""
    said = Said().account(changes={"forgejo:ActionsSecret": "update"}, wanted={"forgejo:ActionsSecret": {"canary": {}}})

    assert told("drift", 7, said.status()).body == "zot-ci: the settings have another canary"


def test_a_failure_is_told_with_its_reason_and_the_last_success() -> None:
    """One line each."""
    line = "Forgejo GET /api/v1/x answered 401 for eblume/blumeops; check FORGEJO_TOKEN"
    status = Said().account().up(days_ago=3).fails(line, "forgejo:ActionsSecret").status()

    notice = told("up", 1, status)

    assert notice.title == "zot-ci homelab: up failed"
    assert notice.body.splitlines() == [
        "up ended with exit code 1",
        "the last up that succeeded was on 2027-01-07",
        f"error: {line}",
    ]
    assert notice.kind == "failure"


def test_a_run_that_was_ended_and_a_state_that_cannot_be_read_are_told() -> None:
    """Whatever is known."""
    notice = told("up", -15, None)

    assert notice == Notice("zot-ci: up failed", "up was ended by signal 15", "failure")


@pytest.mark.parametrize(("days", "is_told"), [(6.5, True), (7.5, False)])
def test_a_key_that_ends_within_seven_days_is_told_each_time(days: float, is_told: bool) -> None:
    """Also after a run that did nothing wrong, since rotation may be paused."""
    expires = (NOW + timedelta(days=days)).isoformat()
    said = Said().account(facts={"zot:ApiKey": {"expires_at": expires}}).up(days_ago=20)

    notice = notice_of("drift", 0, KEYS, said.status())

    assert bool(notice) == is_told
    if notice:
        assert notice.title == "zot-ci homelab: the key of zot-ci expires soon"
        since = "in 6 days, and no up has succeeded since 2026-12-21; run up"
        assert notice.body == f"the key of zot-ci expires on 2027-01-17, {since}"


def test_other_people_s_keys_are_not_in_a_notice() -> None:
    """It goes to whoever reads the channel."""
    label = "a label of somebody's (uuid), created 2027-01-01, never expires"
    said = Said().account(facts={"zot:ApiKey": {"other_keys": [label]}}, changes={"zot:ApiKey": "replace"})
    status = said.sentences("zot API key of zot-ci: 91 days old, rotates after 90").status()

    for command, code in (("drift", 7), ("up", 1), ("up", 0)):
        notice = told(command, code, status, {"zot-ci": OLDER})
        assert "somebody" not in notice.title + notice.body
