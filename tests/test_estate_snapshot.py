"""
An estate can be put back to a state that it had: content, clock, log and secrets, at the same addresses.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from tests.estate import Estate, Grant
from tests.estate.browser import Browser

GROUP = "artifact-workloads"


@pytest.fixture
def estate() -> Iterator[Estate]:
    """An estate after a first run: account, key, field and secret are there."""
    with Estate.start() as estate:
        estate.authentik.add_user("zot-ci", groups=(GROUP,))
        key = estate.zot.mint("zot-ci", "first", groups=(GROUP,))
        estate.onepassword.set_field("blumeops", "Forgejo Secrets", "zot-ci-api", key)
        estate.forgejo.set_value("eblume", "blumeops", "ZOT_CI_API_KEY", key)
        yield estate


def facts(estate: Estate) -> list[object]:
    """Return what a test can see of the four systems."""
    user = estate.authentik.users.get("zot-ci")
    return [
        (user.groups, [device.codes for device in user.devices]) if user else None,
        sorted(estate.authentik.tokens),
        {key.uuid: (key.label, key.last_used) for key in estate.zot.of("zot-ci")},
        dict(estate.zot.groups),
        estate.zot.fail_delay,
        estate.onepassword.field("blumeops", "Forgejo Secrets", "zot-ci-api"),
        estate.onepassword.puts,
        estate.forgejo.value("eblume", "blumeops", "ZOT_CI_API_KEY"),
    ]


def change_everything(estate: Estate) -> None:
    """Do to each system what a run, a test or a person may do."""
    estate.clock.advance(days=91)
    estate.zot.fail_delay = 0.001
    estate.onepassword.puts += 1
    estate.authentik.users["zot-ci"].devices.clear()
    with Browser(estate) as browser:
        browser.log_in("zot-ci")
        browser.to_zot()
    for uuid in list(estate.zot.keys):
        estate.zot.revoke(uuid)
    later = estate.zot.mint("zot-ci", "second")
    estate.onepassword.set_field("blumeops", "Forgejo Secrets", "zot-ci-api", later)
    estate.forgejo.delete_value("eblume", "blumeops", "ZOT_CI_API_KEY")
    estate.authentik.delete_user("zot-ci")
    estate.authentik.revoke_token(estate.env["AUTHENTIK_TOKEN"])


def test_a_snapshot_puts_everything_back_more_than_once(estate: Estate) -> None:
    """Content, settings, clock, log and secrets; and what is changed afterwards does not reach the snapshot."""
    kept, before = estate.snapshot(), facts(estate)
    secrets, offset, urls = list(estate.secrets), estate.clock.offset, dict(estate.listening)
    for _ in range(2):
        change_everything(estate)
        assert facts(estate) != before
        assert len(estate.log) > 0
        estate.restore(kept)
        assert facts(estate) == before
        assert (list(estate.secrets), estate.clock.offset, len(estate.log)) == (secrets, offset, 0)
    assert estate.listening == urls


def test_the_servers_answer_from_what_was_put_back(estate: Estate) -> None:
    """A connection that was open goes on, and finds keys, tokens, sessions and permissions as they were."""
    key = estate.onepassword.field("blumeops", "Forgejo Secrets", "zot-ci-api")
    assert key is not None
    with Browser(estate) as browser, httpx.Client(base_url=estate.zot.url, auth=("zot-ci", key)) as http:
        browser.log_in("zot-ci")
        kept = estate.snapshot()
        assert http.get("/v2/").status_code == 200
        change_everything(estate)
        assert http.get("/v2/").status_code == 401
        estate.restore(kept)
        assert http.get("/v2/").status_code == 200
        assert browser.to_zot().status_code == 302


def test_a_pickled_snapshot_is_put_back_into_an_estate_at_the_same_addresses() -> None:
    """As in another process: its own tokens are others, those of before are good, and what was shared still is."""
    with Estate.start() as first:
        first.authentik.add_user("zot-ci", groups=(GROUP,))
        key = first.zot.mint("zot-ci", "first", groups=(GROUP,))
        first.onepassword.set_field("blumeops", "Forgejo Secrets", "zot-ci-api", key)
        first.clock.advance(days=91)
        pickled, before, secrets = first.pickled(first.snapshot()), facts(first), list(first.secrets)
        ports = {name: int(url.rpartition(":")[2]) for name, url in first.listening.items()}

    with Estate.start(ports) as second, Browser(second) as browser:
        second.restore(second.unpickled(pickled))

        assert (facts(second), list(second.secrets)) == (before, secrets)
        assert second.clock.offset == first.clock.offset
        assert httpx.get(f"{second.zot.url}/v2/", auth=("zot-ci", key)).status_code == 200
        bearer = {"Authorization": f"Bearer {first.env['AUTHENTIK_TOKEN']}"}
        assert httpx.get(f"{second.authentik.url}/api/v3/core/users/", headers=bearer).status_code == 200
        browser.log_in("zot-ci")
        assert browser.to_zot().status_code == 302
        assert second.zot.keyring.book is second.secrets
        assert second.zot.keyring.clock is second.clock


def test_permissions_on_one_object_are_still_on_that_object(estate: Estate) -> None:
    """Also where an account has a permission on itself, and shares it with another."""
    authentik = estate.authentik
    user = authentik.users["zot-ci"]
    mine = [Grant("view_user", user), Grant("change_user", user)]
    token = authentik.add_token("helper", mine)
    authentik.add_token("zot-ci", mine)
    estate.restore(estate.snapshot())
    assert authentik.users["zot-ci"] is not user
    url = f"{authentik.url}/api/v3/core/users/"
    bearer = {"Authorization": f"Bearer {token}"}
    assert [row["username"] for row in httpx.get(url, headers=bearer).json()["results"]] == ["zot-ci"]
    changed = httpx.patch(f"{url}{user.pk}/", headers=bearer, json={"name": "Changed"})
    assert (changed.status_code, authentik.users["zot-ci"].name) == (200, "Changed")


def test_what_the_estate_shares_is_not_copied(estate: Estate) -> None:
    """A planned edit of an item is of this estate, and the book of secrets stays one."""
    connect = estate.onepassword
    connect.meanwhile = lambda: connect.set_field("blumeops", "Forgejo Secrets", "notes", "edited")
    kept = estate.snapshot()
    estate.restore(kept)
    assert estate.zot.keyring.book is estate.secrets
    assert estate.zot.keyring.clock is estate.clock
    connect.before_writing()
    assert connect.field("blumeops", "Forgejo Secrets", "notes") == "edited"
    assert estate.clock.offset == timedelta()
