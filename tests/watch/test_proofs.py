"""
What `verify` found: the file that keeps it, what is carried on, and where it shows.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from scripts.watch import looking
from scripts.watch.advice import advice
from scripts.watch.engine import StackError
from scripts.watch.proofs import Proof, Round, Verified, is_old, read
from scripts.watch.report import page
from tests.watch.said import BORN, NOW, PROOF, SECRET_NAME, URLS, UUID, Said, verified
from tests.watch.schema import VERIFIED_FILE, verified_schema

WHERE = ("zot-ci", URLS["forgejo"], SECRET_NAME)


def kept(folder: Path, found: Round) -> Path:
    """The file as `verify` writes it."""
    file = folder / "verified.json"
    file.write_text(found.as_json(), encoding="utf-8")
    return file


def test_a_round_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """To the second."""
    found = verified("another key", "CI has another key", proven=Proof(BORN, None))

    again = read(kept(tmp_path, found), "homelab")

    assert again.as_json() == found.as_json()


def test_a_round_fits_its_schema_and_the_file_of_it_is_that_of_the_code() -> None:
    """`python -m tests.watch.schema` writes it anew."""
    text = verified().as_json()

    assert TypeAdapter(Round).validate_json(text, strict=True).as_json() == text
    assert set(json.loads(text)) == {field.name for field in fields(Round)}
    assert VERIFIED_FILE.read_text(encoding="utf-8") == verified_schema()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: text[: len(text) // 2], "no whole file of `verify --json`"),
        (lambda text: "", "no whole file of `verify --json`"),
        (lambda text: "[]", "no whole file of `verify --json`"),
        (lambda text: text.replace('"places"', '"place"'), "no whole file of `verify --json`"),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": 2'), "of another version"),
        (lambda text: text.replace('"homelab"', '"elsewhere"'), "about the stack elsewhere, not homelab"),
    ],
    ids=["cut", "empty", "a list", "without places", "of another form", "of another stack"],
)
def test_a_file_that_cannot_be_used_is_one_line(spoil: Any, words: str, tmp_path: Path) -> None:
    """With what to do."""
    file = kept(tmp_path, verified())
    file.write_text(spoil(file.read_text(encoding="utf-8")), encoding="utf-8")

    with pytest.raises(StackError) as caught:
        read(file, "homelab")
    assert words in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """Of the system's own words."""
    with pytest.raises(StackError, match="cannot be read: No such file"):
        read(tmp_path / "nowhere.json", "homelab")


def test_a_file_is_old_after_three_days() -> None:
    """One night that failed is no news."""
    found = verified()

    assert is_old(found, found.ended_at + timedelta(days=3, seconds=-1)) == ""
    assert "5 days old" in is_old(found, found.ended_at + timedelta(days=5))


@pytest.mark.parametrize(
    ("text", "words"), [("{", "no whole file"), (verified(days_ago=9).as_json(), "8 days old")], ids=["cut", "old"]
)
def test_a_look_says_of_a_file_what_is_wrong_and_goes_on(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What else is known is needed all the same: an alert on expiry must go on."""
    file = tmp_path / "verified.json"
    file.write_text(text, encoding="utf-8")

    found = looking._verified(file, "homelab", NOW)

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("stack: ")
    assert words in line
    assert (found is None) == (text == "{")


def test_the_last_proof_is_carried_on_when_a_place_fails() -> None:
    """When it worked last is what an alert counts from."""
    earlier, now = verified(days_ago=2), verified("no answer", "no runner has taken run 7")

    (one,) = now.after(earlier, [WHERE]).places

    assert (one.result, one.proven) == ("no answer", earlier.places[0].proven)


def test_a_place_that_was_not_asked_keeps_what_was_found_before_and_one_that_is_gone_does_not() -> None:
    """`verify ACCOUNT` leaves the others as they are; a place that left the stack file alarms nobody."""
    other = replace(verified("refused").places[0], account="other")
    gone = replace(other, account="gone")
    earlier = replace(verified(days_ago=2), places=[other, gone, verified().places[0]])
    now = verified()

    found = now.after(earlier, [("other", *WHERE[1:]), WHERE, ("new", *WHERE[1:])])

    assert found.places == [other, now.places[0]]


def place_of(found: Round | None, proof: dict[str, Any] | None = None) -> Any:
    """The secret's part of a document."""
    facts = {"forgejo:ActionsSecret": {"proof": proof}} if proof else {}
    return Said().account(facts=facts).status(verified=found).accounts[0].places[1]


def test_the_document_has_both_proofs() -> None:
    """Of an `up` from the state, and of `verify` from its file; no field of 1Password has any."""
    status = Said().account(facts={"forgejo:ActionsSecret": {"proof": PROOF}}).status(verified=verified())
    field, secret = status.accounts[0].places

    assert secret.proven_by_up == Proof(BORN + timedelta(seconds=4), UUID)
    assert secret.verified == verified().places[0]
    assert (field.proven_by_up, field.verified) == (None, None)
    assert status.verified_at == verified().ended_at


def test_a_state_of_before_and_a_look_without_a_file_know_of_no_proof() -> None:
    """And claim none."""
    place = place_of(None)

    assert (place.proven_by_up, place.verified) == (None, None)


def test_the_page_shows_when_each_place_was_proven_and_by_which_key() -> None:
    """Both sources, by their names."""
    facts: dict[str, dict[str, Any]] = {"forgejo:ActionsSecret": {"proof": PROOF}, "zot:ApiKey": {"age_days": 40.0}}
    text = page(Said().account(facts=facts).status(verified=verified()), {})

    at = verified().places[0].proven
    assert at is not None
    assert f"by verify on {at.at:%Y-%m-%d}, key {UUID[:8]}; by an up on {BORN:%Y-%m-%d}, key {UUID[:8]}" in text


@pytest.mark.parametrize(
    ("found", "ups", "words"),
    [
        (verified(), 0, None),
        (verified("no canary"), 0, None),
        (verified("another key", "CI has another key"), 0, "Run `scripts/stack.py --stack homelab up`: in CI, Forgejo"),
        (verified("another key", "CI has another key"), 1, "verify zot-ci` again: Forgejo"),
        (verified("no answer", "no runner"), 1, "See why it is not known whether Forgejo"),
        (verified("fault", "answered 403"), 0, "(answered 403), then run"),
    ],
    ids=["works", "no canary", "another key", "another key, and an up since", "no answer", "fault"],
)
def test_the_page_says_what_to_do_about_a_place_that_did_not_work(found: Round, ups: int, words: str | None) -> None:
    """An `up` publishes every secret again, so after one it is to be asked once more."""
    said = Said().account()
    for _ in range(ups):
        said.up(days_ago=0.1)

    lines = [line for line in advice(said.status(verified=found)) if SECRET_NAME in line]

    assert len(lines) == (words is not None)
    assert all(words in line for line in lines if words)


def test_what_is_known_of_a_place_is_found_by_account_forge_and_name() -> None:
    """Two forges may have a repository of one name."""
    found = verified()
    other = Verified("zot-ci", "https://other.test", SECRET_NAME, "refused", "", None, None, None)
    both = replace(found, places=[other, *found.places])

    assert both.of(*WHERE) == found.places[0]
    assert both.of("zot-ci", "https://other.test", SECRET_NAME) == other
    assert both.of("nobody", *WHERE[1:]) is None
