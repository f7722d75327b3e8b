"""
A notice that is longer than a service takes: in at most three parts, and the first says the most.
"""

from __future__ import annotations

from typing import Any

import pytest

from scripts.watch.cut import cut, size
from scripts.watch.notices import notice_of
from scripts.watch.send import messages_for
from tests.watch.said import OLDER, Said

apprise = pytest.importorskip("apprise")
# apprise imports it under Python 3.11 and 3.12, when a first service is made.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

# Each with the most that it takes.
SERVICES = {
    "discord://123456789012345678/abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmn/": 2000,
    "mmost://127.0.0.1/abcdefghijklmnopqrstuvwxyz": 4000,
    "tgram://123456789:abcdefg_hijklmnop/12315544/": 4096,
    "pover://abcdefghijklmnopqrstuvwxyzabcd@abcdefghijklmnopqrstuvwxyzabcd": 1024,
    "voipms://pw:user@example.test/15551112222/15553334444": 160,
}


def forty(words: str = "left group artifact-workloads") -> Said:
    """Forty accounts out of sync, each with a sentence of its own."""
    said = Said()
    for number in range(40):
        said.account(f"ci-{number:02}", changes={"authentik:ServiceAccount": "update"})
        about = f"authentik account ci-{number:02}: {words}; is also in group the-others-that-nobody-has-asked-for"
        said.sentences(f"{about}, and in group a-third-one-of-a-rather-long-name-too")
    return said


def messages(url: str, said: Said, command: str = "drift", code: int = 7) -> tuple[Any, list[tuple[str, str]]]:
    """What a service is sent of it."""
    notice = notice_of(command, code, {}, said.status())
    assert notice is not None
    service = apprise.Apprise.instantiate(url, suppress_exceptions=False)
    return service, messages_for(service, notice.title, notice.body, notice.head)


@pytest.mark.parametrize(("url", "most"), SERVICES.items(), ids=[url.partition(":")[0] for url in SERVICES])
def test_each_part_is_one_message_to_its_service_and_the_first_says_how_much_and_what_to_run(
    url: str, most: int
) -> None:
    """By apprise's own reckoning: it would split none of them."""
    service, found = messages(url, forty())

    assert service.body_maxlen == most
    assert 1 < len(found) <= 3
    for title, body in found:
        assert len(service._apply_overflow(body, title, overflow="split")) == 1, (len(title), len(body))
    assert found[0][1].startswith("40 of 40 accounts out of sync, 40 lines; `scripts/stack.py --stack homelab ")
    lines = [line for _, body in found for line in body.splitlines()][1:]
    told = [line for line in lines if line.startswith("authentik account ci-")]
    assert lines == [*told, *([f"… and {40 - len(told)} more lines"] if len(told) < 40 else [])]
    assert len(told) == (40 if most >= 4000 else len(told))


def test_a_title_with_forty_names_is_short() -> None:
    """A rotation of all, and a service that counts the title on its own."""
    said = Said()
    for number in range(40):
        said.account(f"ci-{number:02}")
    before = {f"ci-{number:02}": OLDER for number in range(40)}

    notice = notice_of("up", 0, before, said.status())

    assert notice is not None
    assert notice.title == "zot-ci homelab: rotated the key of ci-00, ci-01, ci-02 and 37 more"


def test_what_fits_is_sent_as_it_is() -> None:
    """One message, without a head and a number."""
    said = Said().account(changes={"authentik:ServiceAccount": "update"}).sentences("authentik account zot-ci: left")

    _, found = messages("mmost://127.0.0.1/abcdefghijklmnopqrstuvwxyz", said)

    assert found == [("zot-ci homelab: drift found", "authentik account zot-ci: left")]


@pytest.mark.parametrize("letter", ["a", "ü", "🔑"], ids=["one byte", "two bytes", "four bytes"])
@pytest.mark.parametrize("length", [10, 200, 5000])
def test_no_part_is_longer_than_asked_for(letter: str, length: int) -> None:
    """Whatever the lines are, also one that is longer than a message."""
    body = "\n".join([letter * length] * 30)

    parts = cut(body, "30 lines", 300)

    assert len(parts) == (3 if length > 10 or letter == "🔑" else len(parts))
    assert max(size(part) for part in parts) <= 300
    assert parts[0].startswith("30 lines\n") or length > 100
    assert all(part.encode().decode() == part for part in parts)
