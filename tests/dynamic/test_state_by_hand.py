"""
A state that somebody has edited by hand, or a program that gives a resource something else than it takes: one line that
names the resource and each property, and shows no value. And what of a state needs no naming: what is null, or unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.answers.said import traceback_of
from tests.dynamic.wanted import MARK, NO_KEY, UNKNOWN, account, calls, field, key, secret, swept
from tests.world import World
from zot_ci.authentik.service_account import ServiceAccountProvider
from zot_ci.authentik.state import AccountState, AccountWanted
from zot_ci.dynamic.border import Props, written
from zot_ci.dynamic.errors import InputsUnfitError, StateUnfitError
from zot_ci.dynamic.key_place import PlaceWanted
from zot_ci.dynamic.properties import Properties, Trait, having, is_known
from zot_ci.dynamic.provider import AnyProvider
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.forgejo.state import SecretState, SecretWanted
from zot_ci.http.errors import ReconcileError
from zot_ci.onepassword.item_field import ItemFieldProvider
from zot_ci.onepassword.state import FieldState, FieldWanted
from zot_ci.zot.api_key import ApiKeyProvider
from zot_ci.zot.retired_keys import RetiredKeysProvider
from zot_ci.zot.state import KeyState, KeyWanted, SweepState, SweepWanted

pytestmark = pytest.mark.embedded

PROVIDERS: dict[str, AnyProvider] = {
    "ServiceAccount": ServiceAccountProvider(),
    "ApiKey": ApiKeyProvider(),
    "ItemField": ItemFieldProvider(),
    "ActionsSecret": ActionsSecretProvider(),
    "RetiredKeys": RetiredKeysProvider(),
}
STATES = (AccountState, KeyState, FieldState, SecretState, SweepState)
WANTED = (AccountWanted, KeyWanted, FieldWanted, SecretWanted, SweepWanted)
# Of no type that a property has.
WRONG = [{NO_KEY: [NO_KEY]}]
TIME = "2026-11-29T01:02:03+00:00"


def recorded(world: World) -> dict[str, Props]:
    """A state of each resource, with a key wherever one can be."""
    a_key = {
        "uuid": "a-uuid",
        "api_key": NO_KEY,
        "created_at": TIME,
        "expires_at": "",
        "last_used": "2026-11-29",
        "age_days": 1.0,
        "refused": "",
        "access": "can create",
        "other_keys": [],
        "newer": "",
        "mark": MARK,
    }
    ids = {"vault_id": "v", "item_id": "i", "field_id": "f", "via": "1Password Connect"}
    by_hand = {"pk": 7.0, "account_uuid": "u", "applied_groups": ["g"]}
    return {
        "ServiceAccount": account(world) | by_hand | {"made_here": True, "mark": MARK},
        "ApiKey": key(world) | a_key,
        "ItemField": field() | ids | {"made_here": True, "mark": MARK},
        "ActionsSecret": secret(world) | {"created_at": "", "proven_uuid": "a-uuid", "mark": MARK},
        "RetiredKeys": swept(world, a_key),
    }


def calls_of(provider: AnyProvider, olds: Props, news: Props) -> dict[str, Callable[[], object]]:
    """What the engine asks of something that the state has."""
    return {
        "read": lambda: provider.read("the-id", olds),
        "diff": lambda: provider.diff("the-id", olds, news),
        "update": lambda: provider.update("the-id", olds, news),
        "delete": lambda: provider.delete("the-id", olds),
    }


def assert_said(error: ReconcileError, *named: str) -> None:
    """One line with these words; no key in it, or in what leads to it."""
    text = str(error)
    assert text.splitlines() == [text]
    assert [word for word in named if word not in text] == []
    assert NO_KEY not in traceback_of(error)


def test_there_is_no_class_that_these_tests_leave_out() -> None:
    """A sixth resource is one of theirs."""

    def below(kind: type[Properties]) -> set[type[Properties]]:
        return {one for sub in kind.__subclasses__() for one in (sub, *below(sub))}

    # Of the last one nothing is made but other classes.
    assert below(Properties) == {*STATES, *WANTED, PlaceWanted}
    assert {provider.state for provider in PROVIDERS.values()} == set(STATES)
    assert {provider.wanted for provider in PROVIDERS.values()} == set(WANTED)


@pytest.mark.parametrize("call", ["read", "diff", "update", "delete"])
@pytest.mark.parametrize("kind", PROVIDERS)
def test_each_property_of_another_type_is_named_and_no_value_is_shown(kind: str, call: str, world: World) -> None:
    """By every call that takes a state, before anything is asked."""
    provider, props = PROVIDERS[kind], recorded(world)[kind]
    world.estate.log.clear()

    for name in provider.state.__struct_fields__:
        olds = props | {name: WRONG}
        with pytest.raises(StateUnfitError) as caught:
            calls_of(provider, olds, props)[call]()
        assert_said(caught.value, f"the state of {kind} the-id: {name} is not what it should be", "by hand")

    assert calls(world) == []


@pytest.mark.parametrize("kind", PROVIDERS)
def test_each_property_that_is_needed_and_missing_is_named(kind: str, world: World) -> None:
    """All of them in one line."""
    provider = PROVIDERS[kind]
    needed = [one.name for one in msgspec.structs.fields(provider.state) if one.required]

    with pytest.raises(StateUnfitError) as caught:
        provider.read("the-id", {})

    assert needed
    assert_said(caught.value, f"the state of {kind} the-id: ", *(f"{name} is missing" for name in needed))


@pytest.mark.parametrize("kind", PROVIDERS)
def test_what_was_recorded_is_written_as_it_was(kind: str, world: World) -> None:
    """Word for word, whatever else is written beside it: also times and what has properties of its own."""
    token = {"reference": "op://vault/item/field", "backend": "cli"}
    old_key = {"key": "a-uuid created 2026-11-29", "label": "theirs", "keep_days": 2.5, "succeeded_days_ago": 1.5}
    used = {"used_at": TIME, "used_days_ago": 0.5, "expires_at": TIME, "used_by_hand_at": TIME}
    full: dict[str, Props] = {
        "ServiceAccount": {"authentik_token": token},
        "ApiKey": {
            "authentik_token": {"reference": "op://vault/item/field"},
            "onepassword_access": "cli",
            "rotation": "now",
            "probe_tag": "1",
            "expires_at": "2027-03-29T01:02:03.456789+00:00",
            "may": {"create": True, "delete": False},
        },
        "ItemField": {"onepassword_access": "cli", "renamed": "vault a is called b now"},
        "ActionsSecret": {
            "forgejo_token": token,
            "server": "codeberg",
            "canary": {"workflow": "canary.yaml", "ref": "main", "timeout_seconds": 300.0},
            "created_at": "2026-11-29T01:02:03+01:00",
            "confirmed_id": 2.0,
            "owner_id": 2.0,
            "described": "",
            "proof": {"key_uuid": "a-uuid", "at": TIME},
        },
        "RetiredKeys": {
            "retire_at_most_days": 30.0,
            "stale": [old_key],
            "others": [old_key | used],
            "kept": {"a-uuid": 2.5},
            "let_go": {"a-uuid": TIME},
        },
    }
    provider, props = PROVIDERS[kind], recorded(world)[kind] | full[kind]

    again = written(provider.recorded("the-id", props))

    assert {name: again[name] for name in props} == props


@pytest.mark.parametrize("kind", PROVIDERS)
def test_what_is_null_is_absent(kind: str, world: World) -> None:
    """So that a state that has no such property, or a null, is the same."""
    provider, props = PROVIDERS[kind], recorded(world)[kind]
    nulls: Props = {name: None for name in provider.state.__struct_fields__ if name not in props}

    assert nulls
    assert provider.recorded("the-id", props | nulls) == provider.recorded("the-id", props)
    assert not provider.diff("the-id", props | nulls, props).changes


@pytest.mark.parametrize(
    ("kind", "name"), [("ApiKey", "created_at"), ("ApiKey", "expires_at"), ("RetiredKeys", "let_go")]
)
def test_a_time_without_its_zone_is_named(kind: str, name: str, world: World) -> None:
    """It could not be compared with the registry's clock."""
    local = "2026-11-29T01:02:03"
    value: Any = {"a-uuid": local} if name == "let_go" else local

    with pytest.raises(StateUnfitError) as caught:
        PROVIDERS[kind].read("the-id", recorded(world)[kind] | {name: value})

    assert_said(caught.value, f"{name} is not what it should be", "timezone")
    assert local not in str(caught.value)


@pytest.mark.parametrize("kind", PROVIDERS)
def test_a_program_that_gives_something_else_is_told(kind: str, world: World) -> None:
    """By each of the calls that take inputs."""
    provider, props = PROVIDERS[kind], recorded(world)[kind]

    for name in provider.wanted.__struct_fields__:
        news = props | {name: WRONG}
        for ask in (
            lambda news=news: provider.check({}, news),
            lambda news=news: provider.create(news),
            lambda news=news: provider.diff("the-id", props, news),
        ):
            with pytest.raises(InputsUnfitError) as caught:
                ask()
            assert_said(caught.value, f"what the program asks of {kind}: {name} is not what it should be")


@pytest.mark.parametrize("kind", PROVIDERS)
def test_a_key_is_in_no_repr(kind: str, world: World) -> None:
    """Nor is anything else: what is secret is nobody's to remember."""
    provider = PROVIDERS[kind]
    state = provider.recorded("the-id", recorded(world)[kind])
    wanted = provider.asked(recorded(world)[kind])

    for shown in (repr(state), str(state), f"{wanted}", repr([wanted])):
        assert NO_KEY not in shown
        assert provider.wanted.__name__ in shown or provider.state.__name__ in shown


@pytest.mark.parametrize("kind", PROVIDERS)
def test_what_is_not_known_yet_equals_nothing(kind: str, world: World) -> None:
    """In a preview, each input by itself; what no `diff` compares makes no difference either way."""
    provider, props = PROVIDERS[kind], recorded(world)[kind]
    wanted: type[Properties] = provider.wanted
    apart = having(wanted, Trait.APART)

    for name in provider.wanted.__struct_fields__:
        news = provider.asked(props | {name: UNKNOWN})
        assert not is_known(getattr(news, name))
        assert getattr(news, name) != getattr(news, name)
        # Of what another program's settings can leave open.
        if name in ("value", "key_uuid", "api_key", "label", "held", "zot_url", "forgejo_url", "authentik_url"):
            assert name not in apart
            assert provider.diff("the-id", props, props | {name: UNKNOWN}).changes
