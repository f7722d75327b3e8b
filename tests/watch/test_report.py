"""
The page: whole, of its own, escaped; and what it remembers.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from scripts.watch import memory
from scripts.watch.advice import advice
from scripts.watch.document import Status
from scripts.watch.memory import SeenKey, read, seen_by, written
from scripts.watch.report import page
from scripts.watch.timeline import timeline
from tests.watch.listening import Script
from tests.watch.pages import ENDED, WHY, document, remembered
from tests.watch.said import BORN, NOW, OLDER, UUID, Said

HOSTILE = '</script><img src="https://x.test/a.png" onerror=alert(1)>&\'"'


class Elements(HTMLParser):
    """
    Every element of a page with its attributes, and all text.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def key_row(status: Status, number: int = -1) -> list[tuple[str, datetime, datetime]]:
    """
    The spans of one row of the first account's time line.
    """
    line = timeline(status.accounts[0], status.looked_at, [], [])
    return [(span.kind, span.start, span.end) for span in line.rows[number].spans]


def test_the_legend_is_there_once_however_many_accounts_there_are() -> None:
    """It says the same of each."""
    status = Said().account().account("other").account("third").status()

    found = Elements(page(status, {})).found

    assert [attributes.get("class") for _, attributes in found].count("legend") == 1
    assert [tag for tag, _ in found].count("section") > 3


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    """No element that fetches, no address in style or attribute, and a policy that forbids both."""
    text = page(document(), remembered())
    elements = Elements(text).found

    assert {tag for tag, _ in elements} & {
        "img",
        "link",
        "iframe",
        "object",
        "embed",
        "video",
        "audio",
        "base",
    } == set()
    scripts = [attributes for tag, attributes in elements if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "seen"}]
    for _, attributes in elements:
        assert not {name for name in attributes if name in ("src", "href", "action") or name.startswith("on")}
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_what_somebody_named_is_text_on_the_page() -> None:
    """In every place where a name from outside can stand, the block of data too."""
    said = Said(HOSTILE.replace("::", "")).account(
        facts={
            "zot:ApiKey": {"other_keys": [HOSTILE], "access": HOSTILE, "age_days": 40.0},
            "onepassword:ItemField": {"item": HOSTILE, "condition": HOSTILE, "via": HOSTILE},
            "zot:RetiredKeys": {"stale": [{"key": f"{HOSTILE} created 2026-09-01", "succeeded_days_ago": 1}]},
        }
    )
    said.sentences(f"authentik account zot-ci: {HOSTILE}")
    plain, hostile = Elements(page(Said().account().status(), {})), Elements(page(said.status(), {}))

    known = {tag for tag, _ in plain.found}
    assert {tag for tag, _ in hostile.found} - known <= {"g", "h3", "ul", "li", "code"}
    assert not any(set(attributes) & {"onerror", "src"} for _, attributes in hostile.found)
    assert "https://x.test/a.png" in hostile.text


def test_the_page_says_what_is_out_of_sync_and_what_to_do() -> None:
    """In words, beside the picture."""
    text = Elements(page(document(), remembered())).text

    for words in (WHY, "out of sync", "scripts/stack.py --stack homelab up", OLDER, UUID, "Forgejo eblume/blumeops/"):
        assert words in text


def test_a_key_s_life_is_drawn_from_its_birth_to_its_end() -> None:
    """In use until today, then until it rotates, then the margin."""
    status = Said().account(facts={"zot:ApiKey": {"age_days": 40.0}}).status()

    assert key_row(status) == [
        ("used", BORN, NOW),
        ("ahead", NOW, BORN + timedelta(days=90)),
        ("margin", BORN + timedelta(days=90), (BORN + timedelta(days=120))),
    ]


@pytest.mark.parametrize(
    ("facts", "kinds"),
    [
        ({"age_days": 100.0}, ["used", "margin"]),
        ({"age_days": 130.0}, ["used"]),
        ({"age_days": 40.0, "expires_at": ""}, ["used", "ahead"]),
        ({"age_days": 0.0}, ["used", "ahead", "margin"]),
        ({"age_days": 40.0, "expires_at": (BORN + timedelta(days=60)).isoformat()}, ["used", "ahead"]),
    ],
    ids=["past its rotation", "past its end", "never expires", "just made", "ends before it rotates"],
)
def test_a_part_of_a_life_that_is_not_there_is_not_drawn(facts: dict[str, Any], kinds: list[str]) -> None:
    """And no span ends before it begins."""
    spans = key_row(Said().account(facts={"zot:ApiKey": facts}).status())

    assert [kind for kind, _, _ in spans] == kinds
    assert all(start <= end for _, start, end in spans)


def test_an_older_key_in_its_grace_is_drawn_apart() -> None:
    """Replaced, and not yet ended."""
    stale = {"stale": [{"key": f"{OLDER} created 2026-09-01", "succeeded_days_ago": 40.0}], "retire_after_days": 45}
    facts: dict[str, dict[str, Any]] = {"zot:RetiredKeys": stale, "zot:ApiKey": {"age_days": 40.0}}
    status = Said().account(facts=facts, wanted={"zot:RetiredKeys": {"retire_after_days": 45}}).status()

    assert key_row(status, 0) == [
        ("used", datetime(2026, 9, 1, tzinfo=UTC), BORN),
        ("grace", BORN, BORN + timedelta(days=45)),
    ]


def test_an_account_without_a_key_and_one_that_was_not_asked_have_a_page() -> None:
    """The first preview, and one that failed."""
    new = page(Said().account(known=False).status(), {})
    failed = page(Said().account().fails("zot … no answer", "zot:ApiKey").status(), {})

    assert "There is no key yet." in new
    assert "not asked" in failed
    assert "zot … no answer" in failed
    assert UUID in failed


def test_a_key_that_is_gone_is_remembered_with_the_two_looks_around_its_end() -> None:
    """The registry has no list of them."""
    first = Said().account(facts={"zot:ApiKey": {"uuid": OLDER, "age_days": 30.0}}).status(NOW)
    second = Said().account().status(NOW + timedelta(days=1))

    seen = seen_by(second, seen_by(first, {}))

    assert seen["zot-ci"] == [
        SeenKey(OLDER, BORN.date(), NOW, NOW + timedelta(days=1)),
        SeenKey(UUID, BORN.date(), NOW + timedelta(days=1)),
    ]
    third = seen_by(Said().account().status(NOW + timedelta(days=2)), seen)
    assert third["zot-ci"][0] == seen["zot-ci"][0]


def test_a_look_that_asked_nobody_ends_no_key() -> None:
    """What it did not see may well be alive."""
    before = remembered() | {"other": [SeenKey(UUID, BORN.date(), NOW)]}
    status = Said().account().fails("zot … no answer", "zot:ApiKey").status()

    assert seen_by(status, before) == remembered()


def test_what_is_remembered_does_not_grow_for_ever() -> None:
    """A rotation each day, for two years."""
    seen: memory.Seen = {}
    for day in range(730):
        status = Said().account(facts={"zot:ApiKey": {"uuid": f"{day:08}"}}).status(NOW + timedelta(days=day))
        seen = seen_by(status, seen)

    assert len(seen["zot-ci"]) == 50
    assert seen["zot-ci"][-1].uuid == "00000729"


def test_what_a_page_remembers_is_read_from_it() -> None:
    """Whatever the names are."""
    seen = remembered() | {HOSTILE: [SeenKey(UUID, BORN.date(), NOW)]}

    assert read(f"<body>{written(seen)}</body>") == seen
    assert read(page(document(), remembered()))["zot-ci"][0].uuid == ENDED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html></html>",
        *(f'<script type="application/json" id="seen">{x}</script>' for x in ("{", "[]", '{"a": [1]}')),
    ],
    ids=["empty", "no page of ours", "broken", "a list", "other fields"],
)
def test_a_file_that_remembers_nothing_is_no_fault(text: str) -> None:
    """The page begins anew."""
    assert read(text) == {}


def test_nothing_is_to_be_done_where_all_is_well() -> None:
    """And the page says so."""
    status = Said().account().up(days_ago=1).status()

    assert advice(status) == []
    assert "<p>Nothing.</p>" in page(status, {})


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Said().account(facts={"zot:ApiKey": {"refused": "revoked"}}, changes={"zot:ApiKey": "replace"}), "at once"),
        (Said().account(facts={"zot:ApiKey": {"expires_at": (NOW + timedelta(days=3)).isoformat()}}), "expires then"),
        (Said().account().up(days_ago=1, result="failed"), "Look at the log"),
        (Said().account(facts={"forgejo:ActionsSecret": {"condition": "not checked: no answer"}}), "gave no answer"),
        (Said().account().fails("x"), "The look ended with an error"),
    ],
    ids=["refused", "ends soon", "last up failed", "silent", "look failed"],
)
def test_what_is_to_be_done_is_said(said: Said, words: str) -> None:
    """The most urgent thing comes first."""
    assert words in advice(said.status())[0]


def test_the_command_writes_the_page_and_carries_on_what_it_remembers(tmp_path: Path) -> None:
    """Two looks with a rotation between them."""
    stack, file = Script(tmp_path), tmp_path / "page.html"
    stack.says(Said().account(facts={"zot:ApiKey": {"uuid": OLDER}}))
    first = stack.run("report", "--html", str(file))
    stack.says(Said().account())
    second = stack.run("report", "--html", str(file))

    assert first == second == (0, "", "")
    assert f"{OLDER}: ended between" in file.read_text(encoding="utf-8")
    stack.says(Said().account().fails("zot … no answer", "zot:ApiKey"))
    code, _, err = stack.run("report", "--html", str(file))
    assert (code, err) == (1, "stack: error: zot … no answer\n")
    assert f"{OLDER}: ended between" in file.read_text(encoding="utf-8")
