"""
A registry that gives another key than it was asked for, and says 201: what is refused, what is only told.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from starlette.responses import Response

from tests.dynamic.wanted import LABEL, NO_KEY, key, made_by, next_run, outs_of, planned
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import GROUP, World
from zot_ci.authentik.api import authentik_at
from zot_ci.authentik.errors import LoginBlockedError
from zot_ci.dynamic.errors import KeyUnfitError
from zot_ci.http.shapes import shaped
from zot_ci.rotation import Policy
from zot_ci.zot.api import ListedKey, zot_at
from zot_ci.zot.api_key import ApiKeyProvider
from zot_ci.zot.minting import Order, ProvenKey, make_key
from zot_ci.zot.outcome import label_fault, life_fault

pytestmark = pytest.mark.embedded


def order(rotate: float = 90.0, expire: float = 120.0) -> Order:
    """What is asked for."""
    return Order("zot-ci", LABEL, "zot-ci-access-probe", "oidc", Policy(rotate, expire))


def minted(world: World, wanted: Order | None = None) -> ProvenKey:
    """A key by the live one of before."""
    before = world.estate.zot.mint("zot-ci", "by hand", groups=[GROUP])
    return make_key(zot_at(world.zot_url), None, wanted or order(), [before])


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What a person is told."""
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def ours(world: World) -> list[str]:
    """The labels of the keys that were not made by hand."""
    return [one.label for one in world.estate.zot.keys.values() if one.label != "by hand"]


@pytest.mark.parametrize(
    ("cap", "rotate", "expire"),
    [(30, 90, 120), (89.9, 90, 120), (93, 90, 120), (1, 1, 7), (3, 1, 7)],
    ids=["a month", "just before", "too soon after", "daily", "daily with some margin"],
)
def test_a_life_that_is_too_short_is_refused_and_the_key_revoked(
    cap: float, rotate: float, expire: float, signed_in: World
) -> None:
    """Else every `up` would replace it, for ever: cap and setting are named."""
    signed_in.estate.zot.longest_life = timedelta(days=cap)

    with pytest.raises(KeyUnfitError) as caught:
        minted(signed_in, order(rotate, expire))

    facts = (f"{cap:g} days", f"the {expire:g} that", f"after {rotate:g}", "expireAfterDays", "rotateAfterDays")
    assert_names(caught.value, "zot key for zot-ci", *facts, "the previous key stays")
    assert ours(signed_in) == []


@pytest.mark.parametrize(("cap", "rotate"), [(100, 90), (30, 0)], ids=["after it rotates", "rotation is paused"])
def test_a_life_that_is_shorter_and_long_enough_is_told_once(
    cap: float, rotate: float, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The margin is smaller than the settings say."""
    signed_in.estate.zot.longest_life = timedelta(days=cap)

    made = minted(signed_in, order(rotate))

    [line] = warnings(caplog)
    ends = f"{made.listed.expires_at:%Y-%m-%d}"
    assert_names(line, "of zot-ci expires on ", ends, "expireAfterDays: 120", "limits of its own")


def test_a_life_that_is_longer_is_told_once(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """A key that was to end by itself does not."""
    signed_in.estate.zot.shortest_life = timedelta(days=365)

    minted(signed_in)

    [line] = warnings(caplog)
    assert_names(line, "of zot-ci expires on ", "expireAfterDays: 120")


def test_the_settings_that_the_line_names_do(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """Two thirds of what the registry gives."""
    for cap in (30.0, 7.0, 1.0):
        signed_in.estate.zot.longest_life = timedelta(days=cap)

        minted(signed_in, order(cap * 2 / 3, cap))

    assert warnings(caplog) == []


def test_a_key_that_the_registry_calls_old_already_is_refused() -> None:
    """It would be due at once, and so would the next one."""
    now = datetime(2026, 11, 29, tzinfo=UTC)
    born = now - timedelta(days=100)
    times = {"createdAt": born.isoformat(), "expirationDate": (now + timedelta(days=120)).isoformat(), "lastUsed": None}
    key = shaped({"uuid": "u", "label": LABEL, "isExpired": False} | times, ListedKey)

    fault = life_fault(Policy(90, 120), key, now, now)

    assert_names(fault, "made on 2026-08-21", "due at once", "clock")
    # As old as it may be.
    assert life_fault(Policy(100, 130), key, now, now) == ""


@pytest.mark.parametrize("rounded", [timedelta(), timedelta(hours=-20)], ids=["as asked", "to the day"])
def test_what_was_asked_for_is_told_by_nobody(
    rounded: timedelta, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor what is rounded."""
    signed_in.estate.zot.longest_life = timedelta(days=120) + rounded

    minted(signed_in)

    assert warnings(caplog) == []


@pytest.mark.parametrize(
    ("switch", "words"),
    [({"longest_label": 9}, "cut to 9 of its 18 characters"), ({"folds_names": True}, "put into other letters")],
    ids=["cut", "folded"],
)
def test_another_label_is_refused_and_the_key_revoked(switch: dict[str, object], words: str, signed_in: World) -> None:
    """Nobody would know the key again, and no sweep would end it."""
    for name, value in switch.items():
        setattr(signed_in.estate.zot, name, value)
    label = "zot-ci/Test/zot-ci"

    with pytest.raises(KeyUnfitError) as caught:
        minted(signed_in, Order("zot-ci", label, "zot-ci-access-probe", "oidc", Policy(90, 120)))

    assert_names(caught.value, f"its label {label} was {words}, by which", "another name for the stack")
    assert ours(signed_in) == []


def test_a_key_of_another_label_that_cannot_be_revoked_is_said_to_stay(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """No later run would find it."""
    signed_in.estate.zot.longest_label = 9
    Between(signed_in.estate.zot).answer("DELETE /zot/auth/apikey", Response(status_code=500))

    with pytest.raises(KeyUnfitError):
        minted(signed_in)

    assert_names(warnings(caplog)[-1], "stays until somebody revokes it by hand")


def test_scopes_that_nobody_asked_for_are_told(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """They are only stored so far; the test of the key says what it can do."""
    signed_in.estate.zot.scopes = ["team/**"]

    minted(signed_in)

    [line] = warnings(caplog)
    assert_names(line, "has scopes of the registry's choice")


def test_a_name_in_other_letters_is_told_as_such(signed_in: World) -> None:
    """Keys hang on the name. Another claim would not help."""
    world = signed_in
    world.estate.authentik.add_user("Zot-CI", groups=[GROUP])
    world.estate.zot.folds_names = True
    wanted = Order("Zot-CI", LABEL, "zot-ci-access-probe", "oidc", Policy(90, 120))

    with pytest.raises(LoginBlockedError) as caught:
        make_key(zot_at(world.zot_url), authentik_at(world.authentik_url), wanted, [NO_KEY])

    assert_names(caught.value, "zot calls this account zot-ci, not Zot-CI", "name in those letters")
    assert "claimMapping" not in str(caught.value)


def test_a_cap_that_comes_later_rotates_nothing_again_and_again(signed_in: World) -> None:
    """The key of before stays as it is, and the run that should replace it says why it cannot."""
    olds = made_by(signed_in)
    signed_in.estate.zot.longest_life = timedelta(days=30)
    seen = outs_of(ApiKeyProvider().read(olds["uuid"], olds))
    assert not planned(ApiKeyProvider(), olds["uuid"], seen, key(signed_in)).changes
    next_run(signed_in)
    signed_in.set_field(olds["api_key"])

    with pytest.raises(KeyUnfitError, match="30 days to live"):
        ApiKeyProvider().create(key(signed_in, rotation="now"))

    assert ours(signed_in) == [LABEL]
    assert signed_in.accepts(olds["api_key"])


def test_a_label_that_is_another_one_altogether_is_called_changed() -> None:
    """Neither cut nor folded."""
    times = {"createdAt": "2026-11-30T00:00:00Z", "expirationDate": None, "lastUsed": None}
    key = shaped({"uuid": "u", "label": "theirs", "isExpired": False} | times, ListedKey)

    assert label_fault(LABEL, key) == (
        f"its label {LABEL} was changed, by which nobody would know it again; choose another name for the stack"
    )
    assert label_fault("theirs", key) == ""


def test_an_unfit_key_that_cannot_be_revoked_either_is_told_with_whose_it_is(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody may have to do it."""
    signed_in.estate.zot.longest_life = timedelta(days=1)
    Between(signed_in.estate.zot).answer("DELETE /zot/auth/apikey", Response(status_code=403))

    with pytest.raises(KeyUnfitError):
        minted(signed_in)

    [line] = warnings(caplog)
    assert_names(line, "zot: the unusable key ", "stays until the next run revokes it: zot DELETE", "for zot-ci")
