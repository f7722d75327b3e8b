"""
Inputs as the engine hands them to the providers: numbers are floats, and what is None is left out. And what a test
asks before and after a provider's call.
"""

from __future__ import annotations

import logging
from typing import Any

from pulumi.dynamic import DiffResult
from pulumi.output import Unknown

from tests.processes import another_process
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World
from zot_ci.dynamic.border import written
from zot_ci.dynamic.claims import Identity, ProgramClaim
from zot_ci.dynamic.entries import KeySeen, KeysLeft
from zot_ci.dynamic.provider import AnyProvider, Props
from zot_ci.dynamic.run import RUN
from zot_ci.zot.api_key import ApiKeyProvider

LABEL = "zot-ci/test/zot-ci"
# Has the form of a key; no registry knows it.
NO_KEY = "zak_" + 32 * "0"
# The mark of an instance that an earlier run made.
MARK = "00000000000000000001-0000"
# What a preview gives for a value that is not known yet.
UNKNOWN: Any = Unknown()  # type: ignore[no-untyped-call]  # pulumi gives it no types


def account(world: World, **inputs: Any) -> Props:
    """What the program asks of the account."""
    return {
        "authentik_url": world.authentik_url,
        "username": world.username,
        "display_name": "Zot CI",
        "groups": [GROUP],
        "type": "service_account",
        "is_active": True,
        "condition": "current",
        "shape": 1.0,
    } | inputs


def key(world: World, **inputs: Any) -> Props:
    """What the program asks of the key."""
    return {
        "zot_url": world.zot_url,
        "authentik_url": world.authentik_url,
        "oidc_provider": "oidc",
        "username": world.username,
        "label": LABEL,
        "rotate_after_days": 90.0,
        "expire_after_days": 120.0,
        "rights": ["create"],
        "probe_repository": "zot-ci-access-probe",
        "vault": VAULT,
        "item": ITEM,
        "field": FIELD,
        "condition": "current",
        "shape": 1.0,
    } | inputs


def accepted(uuid: str) -> None:
    """The registry has said in this run that it accepts that key, unless the run knows better."""
    if RUN.key_is_alive(uuid) is None:
        RUN.note(KeySeen(uuid, True))


def field(value: str = NO_KEY, uuid: str = "a-uuid", **inputs: Any) -> Props:
    """What the program asks of the field, with a key that the registry accepts."""
    accepted(uuid)
    place = {"vault": VAULT, "item": ITEM, "field": FIELD}
    return {**place, "value": value, "key_uuid": uuid, "condition": "current", "shape": 1.0} | inputs


def secret(world: World, value: str = NO_KEY, uuid: str = "a-uuid", **inputs: Any) -> Props:
    """What the program asks of the secret, in an `up`, with a key that the registry accepts."""
    accepted(uuid)
    return {
        "forgejo_url": world.env["FORGEJO_URL"],
        "server": "",
        "repository": f"{OWNER}/{REPOSITORY}",
        "secret": SECRET,
        "value": value,
        "key_uuid": uuid,
        "condition": "current",
        "shape": 1.0,
    } | inputs


def sweep(world: World, key_: Props, **inputs: Any) -> Props:
    """What the program asks of the sweep, every place holding *key_*."""
    uuid = key_["uuid"]
    return {
        "zot_url": world.zot_url,
        "username": world.username,
        "label": LABEL,
        "key_uuid": uuid,
        "api_key": key_["api_key"],
        "held": {"1Password": uuid, "Forgejo": uuid},
        "retire_after_days": 0.0,
        "retire_when_unused": False,
        "exclusive": False,
        "condition": "current",
        "shape": 1.0,
    } | inputs


def swept(world: World, key_: Props, **inputs: Any) -> Props:
    """What is recorded of the sweep when it has left nothing."""
    return sweep(world, key_, **inputs) | {
        "mark": MARK,
        "earlier_labels": [],
        "stale": [],
        "others": [],
        "still_used": [],
        "swept_uuid": key_["uuid"],
        "kept": {},
        "let_go": {},
        "handed_over": {},
    }


def planned(provider: AnyProvider, id_: str, olds: Props, news: Props) -> DiffResult:
    """What the engine asks in a preview, of something that the program still has."""
    provider.check({}, news)
    return provider.diff(id_, olds, news)


def made_by(world: World, minter: str | None = None, **inputs: Any) -> Props:
    """
    A key as its provider made it, by *minter* or else by a key that somebody made by hand and that is gone again.
    """
    hand = minter or world.estate.zot.mint(world.username, "by hand", groups=[GROUP])
    before = world.field()
    world.set_field(hand)
    # What is said on the way, such as that the key made by hand lives, is no part of the caller's test.
    logging.disable()
    try:
        outs = ApiKeyProvider().create(key(world, **inputs)).outs
    finally:
        logging.disable(logging.NOTSET)
    world.set_field(before)
    if minter is None:
        held = world.estate.zot.key(hand)
        assert held is not None
        world.estate.zot.revoke(held.uuid)
    assert outs is not None
    next_run(world)
    return dict(outs)


def program_has(*things: Identity) -> None:
    """What the program of this run says that it has, by its name, before anything is known of it."""
    RUN.note(*(ProgramClaim(thing) for thing in things))


def no_key_is_left(world: World, username: str | None = None, *keys: str, registry: str | None = None) -> None:
    """The registry has listed that *keys*, in words, are all that the account has."""
    RUN.note(KeysLeft(("key", registry or world.zot_url, username or world.username), keys))


def next_run(world: World) -> None:
    """What follows is another process, which has asked nothing yet and remembers nothing; the log begins anew."""
    another_process()
    world.estate.log.clear()


def outs_of(result: Any) -> Props:
    """The outputs of a provider's answer."""
    assert result.outs is not None
    return dict(result.outs)


def observed(provider: AnyProvider, props: Props) -> Props:
    """What a look finds, with the error that a read turns into a condition."""
    return written(provider.observe(provider.recorded("id", props)))


def calls(world: World, *systems: str) -> list[str]:
    """What these systems were asked, in order, as "METHOD path"."""
    return [f"{call.method} {call.path}" for call in world.estate.log if not systems or call.system in systems]


def writes(world: World) -> list[str]:
    """What was changed, or tried to be, anywhere; the probes of a key's access change nothing."""
    return [call for call in calls(world) if not call.startswith("GET ") and " /v2/" not in call]
