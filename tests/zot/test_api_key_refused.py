"""
Where the key's provider makes no key: what is said, and what is left.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.responses import JSONResponse

from tests.dynamic.wanted import LABEL, calls, key, made_by, next_run, outs_of, writes
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import GROUP, VAULT, World
from zot_ci.authentik.errors import LoginBlockedError
from zot_ci.dynamic.errors import KeyUnfitError
from zot_ci.dynamic.provider import Props
from zot_ci.http.errors import CredentialMissingError, NotFoundError, ReconcileError
from zot_ci.zot.api_key import ApiKeyProvider

pytestmark = pytest.mark.embedded

PROVIDER = ApiKeyProvider()


def by_hand(world: World, *groups: str, **options: timedelta) -> str:
    """A key that somebody made in the web page; its user's groups are as of that login."""
    return world.estate.zot.mint(world.username, "by hand", groups=groups or [GROUP], **options)


def create(world: World, **inputs: object) -> Props:
    """Make the key."""
    return outs_of(PROVIDER.create(key(world, **inputs)))


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        (("read",), ("cannot create, which the settings expect", "lets read and create")),
        (("read", "create", "update", "delete"), ("can delete, which the settings do not expect",)),
        (("read", "delete"), ("it cannot create", "it can delete")),
    ],
    ids=["too little", "too much", "the wrong"],
)
def test_a_key_that_fails_its_test_is_revoked_and_the_one_before_stays(
    allowed: tuple[str, ...], words: tuple[str, ...], signed_in: World
) -> None:
    """Before anything depends on it; the error says what it can do."""
    signed_in.estate.zot.access.policies[GROUP] = frozenset(allowed)
    signed_in.make_account(GROUP)
    hand = by_hand(signed_in)
    signed_in.set_field(hand)

    with pytest.raises(KeyUnfitError) as caught:
        create(signed_in)

    assert_names(caught.value, "zot ", "zot-ci ", "zot-ci-access-probe", *words, "the previous key stays")
    assert [held.secret for held in signed_in.estate.zot.of("zot-ci")] == [hand]
    assert calls(signed_in).count("POST /zot/auth/apikey") == 1


def test_neither_a_key_nor_a_login_is_an_error_with_the_steps_by_hand(signed_in: World) -> None:
    """Of the login's own class."""
    signed_in.make_account(GROUP)
    signed_in.estate.authentik.captcha = True

    with pytest.raises(LoginBlockedError) as caught:
        create(signed_in)

    assert_names(caught.value, "captcha", "no live key", "web page", "1Password field")


@pytest.mark.parametrize("url", [None, "left out"])
def test_without_an_authentik_only_a_live_key_can_mint(url: str | None, signed_in: World) -> None:
    """The engine leaves out what is None."""
    props = key(signed_in, authentik_url=None)
    if url:
        del props["authentik_url"]

    with pytest.raises(LoginBlockedError, match=r"no authentik .*web page"):
        PROVIDER.create(props)
    signed_in.set_field(by_hand(signed_in))
    next_run(signed_in)

    assert signed_in.accepts(outs_of(PROVIDER.create(props))["api_key"])


def test_an_item_that_is_not_there_is_an_error_before_anybody_is_logged_in(signed_in: World) -> None:
    """The key could not be stored."""
    signed_in.make_account(GROUP)
    next_run(signed_in)

    with pytest.raises(NotFoundError, match=f"no item nothing in {VAULT}"):
        create(signed_in, item="nothing")
    assert writes(signed_in) == []


def test_without_a_credential_for_1password_nothing_is_made(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that could not be stored would be lost."""
    monkeypatch.delenv("OP_CONNECT_TOKEN")

    with pytest.raises(CredentialMissingError, match="OP_CONNECT_TOKEN"):
        create(signed_in)
    assert writes(signed_in) == []


def test_a_debugger_s_log_shows_no_code_of_a_login(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """httpx writes every URL at INFO, and OIDC puts codes there (STYLE.md: keep that logger at WARNING)."""
    signed_in.make_account(GROUP)

    with caplog.at_level("INFO"):
        create(signed_in)

    assert signed_in.estate.secrets.found_in(caplog.text) == []


def test_a_mint_whose_answer_is_lost_is_an_error_and_leaves_one_key_to_the_sweep(signed_in: World) -> None:
    """Sent once: the key carries our label, and the next run ends it."""
    hand = by_hand(signed_in)
    signed_in.set_field(hand)
    Between(signed_in.estate.zot).lost.append("POST /zot/auth/apikey")

    with pytest.raises(ReconcileError, match=r"zot POST /zot/auth/apikey .*500 .*zot-ci"):
        create(signed_in)

    assert [held.label for held in signed_in.estate.zot.of("zot-ci")] == ["by hand", LABEL]


def test_a_key_that_is_refused_between_its_list_and_its_probe_is_a_refused_key(signed_in: World) -> None:
    """Somebody revoked it in that moment."""
    olds = made_by(signed_in)
    refused = JSONResponse({"errors": [{"code": "UNAUTHORIZED"}]}, status_code=401)
    Between(signed_in.estate.zot).answer("PUT /v2/", refused)

    seen = outs_of(PROVIDER.read(olds["uuid"], olds))

    assert_names(seen["condition"], "refused", "revoked")
