"""
What people do between two runs: they edit the stack file and the systems, and follow what a run has told them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.sequences.ground import Ground
from tests.sequences.wanted import DAYS, FIELDS, GROUPS, SECRETS, SPELLINGS, USERNAMES, place_of_field
from tests.world import OWNER, VAULT


def _one_or_two(places: tuple[tuple[str, str], ...]) -> list[tuple[tuple[str, str], ...]]:
    return [some for count in (1, 2) for some in itertools.permutations(places, count)]


CHOICES: dict[str, list[Any]] = {
    "username": list(USERNAMES),
    "groups": list(GROUPS),
    "days": list(DAYS),
    "fields": _one_or_two(FIELDS),
    "secrets": _one_or_two(SECRETS),
    "grace_days": [0, 7],
    "neighbour": [True, False],
    "spelling": list(SPELLINGS),
    # Seldom: zot's login always leads to its own URL, so with the alias only a live key can mint.
    "registry_by_alias": [True, False, False, False],
}


def _revoke(ground: Ground) -> None:
    for key in ground.our_keys()[-1:]:
        ground.world.estate.zot.revoke(key.uuid)


def _empty_what_is_no_key(ground: Ground) -> None:
    for item, label in ground.wanted.fields:
        held = ground.value(place_of_field((item, label)))
        if held and ground.key(held) is None:
            ground.world.estate.onepassword.set_field(VAULT, item, label, "")


def _make_secret_again(ground: Ground) -> None:
    ground.delete_secret()
    ground.world.estate.clock.advance(seconds=2)
    ground.world.estate.forgejo.set_value(OWNER, *ground.wanted.secrets[0], "somebody's value")


def _account(change: Callable[[Any], None]) -> Callable[[Ground], None]:
    """
    Change the account, if there is one.
    """

    def by_hand(ground: Ground) -> None:
        user = ground.user()
        if user is not None:
            change(user)

    return by_hand


def _delete_account(ground: Ground) -> None:
    if ground.user() is not None:
        ground.world.estate.authentik.delete_user(ground.wanted.username)


BY_HAND: dict[str, Callable[[Ground], object]] = {
    "the account leaves its group": _account(lambda user: user.groups.discard(GROUPS[0][0])),
    "the account joins the admins": _account(lambda user: user.groups.add("admins")),
    "the account is deactivated": _account(lambda user: setattr(user, "is_active", False)),
    "the account becomes a person's": _account(lambda user: setattr(user, "type", "internal")),
    "the account is renamed": Ground.rename_account,
    "the account is deleted": _delete_account,
    "a login as an admin": lambda ground: ground.log_in_with("admins"),
    "a login without a group": Ground.log_in_with,
    "the field is edited": lambda ground: ground.set_field("edited by hand"),
    "the field gets a key of nobody's": lambda ground: ground.set_field("zak_" + 32 * "0"),
    "the field is emptied": lambda ground: ground.set_field(""),
    "the field is removed": lambda ground: ground.set_field(None),
    "the secret is deleted": Ground.delete_secret,
    "the secret is made again": _make_secret_again,
    "the key is revoked": _revoke,
    "one more key with our label": lambda ground: ground.mint(f"zot-ci/{ground.stack}/{ground.wanted.username}"),
    "a stranger's key": lambda ground: ground.mint("somebody's"),
}

# What a person does who reads the line that a run ended with.
AS_TOLD: dict[str, Callable[[Ground], None]] = {
    "empty it by hand": _empty_what_is_no_key,
    "make it a service account by hand": _account(lambda user: setattr(user, "type", "service_account")),
    "rename or delete one of the two": _delete_account,
    "correct zot's URL": lambda ground: setattr(ground, "wanted", replace(ground.wanted, registry_by_alias=False)),
}
