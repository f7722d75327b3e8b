"""
Tokens of exactly the least privilege for each use: enough for it, and with one permission less the line names it.

USES is the table that docs/permissions.md quotes. Permissions of authentik are granted on the one account or group,
except where the account does not exist yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from _pytest.mark.structures import ParameterSet

from tests.answers.life import lose_every_key, snapshot
from tests.choice import some
from tests.engine.checks import assert_in_sync
from tests.engine.stack import Run, Stack
from tests.estate import Grant
from tests.world import GROUP, OWNER, REPOSITORY, SECRET, VAULT, World

pytestmark = [pytest.mark.embedded, pytest.mark.quickly]

READ, WRITE = "read:repository", "write:repository"


@dataclass(frozen=True)
class Use:
    """
    What is done, and what it needs.

    Args:
        begin: what somebody did before.
        on_account: authentik's permissions on the account, each with the words that a refusal without it says.
        on_group: likewise on each group that is named in *groups*.
    """

    begin: Callable[[World], object]
    on_account: dict[str, str]
    on_group: dict[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = (GROUP,)

    @property
    def permissions(self) -> dict[str, str]:
        """All of them."""
        return self.on_account | self.on_group


def _due(world: World) -> None:
    world.estate.clock.advance(days=91)


def _no_key_and_an_abandoned_device(world: World) -> None:
    lose_every_key(world)
    world.estate.authentik.add_device(world.username, "static")


# Without it the account seems to be gone, and making it again is refused.
HIDDEN = {"view_user": "AUTHENTIK_TOKEN lacks view_user on it"}
LOGIN = HIDDEN | {"reset_user_password": "its role has reset_user_password on the account"}

USES = {
    "recovery_by_login": Use(lose_every_key, LOGIN),
    "recovery_past_an_abandoned_device": Use(
        _no_key_and_an_abandoned_device, LOGIN | {"impersonate": "its role has impersonate on the account"}
    ),
    "activating_the_account": Use(
        lambda world: world.change_account(is_active=False),
        HIDDEN | {"change_user": "its role has change_user on the account"},
    ),
    "renaming_the_account_back": Use(
        lambda world: world.change_account(username="renamed"),
        HIDDEN | {"change_user": "its role has change_user on the account"},
    ),
    "joining_a_group": Use(
        lambda world: world.leave(GROUP),
        HIDDEN,
        {
            "view_group": "its role has view_group on the group",
            "add_user_to_group": f"add_user_to_group on group {GROUP}",
        },
    ),
    "leaving_a_group": Use(
        lambda world: world.join("admins"),
        HIDDEN,
        {"view_group": "view_group", "remove_user_from_group": "remove_user_from_group on group admins"},
        ("admins",),
    ),
}


def _tokens(world: World, use: Use) -> tuple[str, dict[str, str]]:
    """Return a token with just what *use* needs, and for each permission one without it."""
    authentik = world.estate.authentik
    account = authentik.users[world.username]

    def token(without: str = "") -> str:
        grants = [Grant(name, account) for name in use.on_account if name != without]
        for group in use.groups:
            grants += [Grant(name, authentik.groups[group]) for name in use.on_group if name != without]
        return authentik.add_token(f"bot without {without or 'nothing'}", grants)

    return token(), {name: token(name) for name in use.permissions}


def _least(world: World, stack: Stack, forgejo: str, *, writes: bool) -> None:
    """Give the stack a Forgejo token of one scope and a Connect token of one vault."""
    stack.env["FORGEJO_TOKEN"] = world.estate.forgejo.add_token(OWNER, (forgejo,))
    stack.env["OP_CONNECT_TOKEN"] = world.estate.onepassword.add_token([VAULT], writes=writes)


def _said(run: Run, words: str) -> str:
    """
    Return the words if the run was refused with them in one line, else all that it printed.
    """
    refused = run.code not in (0, 7) and "Traceback" not in run.text
    return words if refused and any(words in line for line in run.text.splitlines()) else run.text


def uses() -> list[ParameterSet]:
    """Return some that need every permission."""
    return some("uses", USES, 4, by=lambda _, use: use.permissions)


@pytest.mark.parametrize("use", uses())
def test_the_least_privilege_is_enough_and_one_permission_less_is_named(use: Use, world: World, in_sync: Stack) -> None:
    """Refused without each of them, with nothing changed anywhere; with all of them `up` brings the stack in sync."""
    enough, one_less = _tokens(world, use)
    _least(world, in_sync, WRITE, writes=True)
    use.begin(world)
    before = snapshot(world)

    said = {}
    for permission, token in one_less.items():
        in_sync.env["AUTHENTIK_TOKEN"] = token
        said[permission] = _said(in_sync.up(), use.permissions[permission])
        assert snapshot(world) == before, permission
    in_sync.env["AUTHENTIK_TOKEN"] = enough
    run = in_sync.up()

    assert run.code == 0, run.text
    assert_in_sync(world, in_sync)
    assert said == use.permissions


def test_a_token_that_does_not_see_the_account_stops_no_rotation(world: World, in_sync: Stack) -> None:
    """`view_user` is enough; without it the live key mints the next one too, and the run says what it lacks."""
    enough, one_less = _tokens(world, Use(_due, HIDDEN))
    _least(world, in_sync, WRITE, writes=True)
    for token, words in ((one_less["view_user"], HIDDEN["view_user"]), (enough, "")):
        _due(world)
        old = world.secret()
        in_sync.env["AUTHENTIK_TOKEN"] = token

        run = in_sync.up()

        assert (_said(run, words) == words) if words else (run.code == 0), run.text
        assert world.accepts(world.secret())
        assert not world.accepts(old)
    assert_in_sync(world, in_sync)


def _read_only(world: World, stack: Stack) -> None:
    stack.env["AUTHENTIK_TOKEN"], _ = _tokens(world, Use(lambda world: None, HIDDEN))
    _least(world, stack, READ, writes=False)


def test_a_preview_works_with_tokens_that_can_only_read(world: World, in_sync: Stack) -> None:
    """`view_user` on the account, `read:repository`, and reading the vault: 0 in sync, 7 on drift, nothing changed."""
    _read_only(world, in_sync)
    quiet = in_sync.preview()
    world.leave(GROUP)
    world.set_field("zak_" + 32 * "0")
    world.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET)
    _due(world)
    before = snapshot(world)

    drifted = in_sync.preview()

    assert quiet.code == 0, quiet.text
    assert drifted.code == 7, drifted.text
    for words in ("left group", "holds another value", "no such secret any more", "91 days old, rotates after 90"):
        assert words in drifted.text
    assert snapshot(world) == before


def _no_vault(world: World) -> dict[str, str]:
    world.estate.onepassword.add_vault("another")
    return {"OP_CONNECT_TOKEN": world.estate.onepassword.add_token(["another"])}


PREVIEW_LESS: dict[str, tuple[Callable[[World], dict[str, str]], str]] = {
    "view_user": (lambda world: {"AUTHENTIK_TOKEN": world.estate.authentik.add_token("blind")}, "view_user"),
    "read_repository": (
        lambda world: {"FORGEJO_TOKEN": world.estate.forgejo.add_token(OWNER, ("read:user",))},
        "FORGEJO_TOKEN needs the scope write:repository (read:repository to preview)",
    ),
    "the_vault": (_no_vault, "give the token of OP_CONNECT_TOKEN access to that vault"),
}


@pytest.mark.parametrize(("less", "words"), PREVIEW_LESS.values(), ids=PREVIEW_LESS.keys())
def test_a_preview_that_may_not_read_says_what_it_lacks(
    less: Callable[[World], dict[str, str]], words: str, world: World, in_sync: Stack
) -> None:
    """Never 0. What a token may not see authentik shows as missing: drift, said with its other cause."""
    _read_only(world, in_sync)
    in_sync.env.update(less(world))

    run = in_sync.preview()

    assert run.code != 0
    assert any(words in line for line in run.text.splitlines()), run.text
    assert "Traceback" not in run.text


WRITE_LESS: dict[str, tuple[Callable[[World], dict[str, str]], str]] = {
    "write_repository": (
        lambda world: {"FORGEJO_TOKEN": world.estate.forgejo.add_token(OWNER, (READ,))},
        "FORGEJO_TOKEN needs the scope write:repository",
    ),
    "writing_the_vault": (
        lambda world: {"OP_CONNECT_TOKEN": world.estate.onepassword.add_token([VAULT], writes=False)},
        "access to that vault, with write access for `pulumi up`",
    ),
}


@pytest.mark.parametrize(("less", "words"), WRITE_LESS.values(), ids=WRITE_LESS.keys())
def test_a_rotation_that_may_not_write_leaves_ci_its_key(
    less: Callable[[World], dict[str, str]], words: str, world: World, in_sync: Stack
) -> None:
    """The new key is made and waits in the state; the old one lives until every place has the new one."""
    old = world.secret()
    right = dict(in_sync.env)
    in_sync.env.update(less(world))
    _due(world)

    refused = in_sync.up()

    assert _said(refused, words) == words
    assert world.secret() == old
    assert world.accepts(old)
    in_sync.env.update(right)
    assert in_sync.up().code == 0
    assert_in_sync(world, in_sync)


MAKING = {
    "add_user": "check that AUTHENTIK_TOKEN is right and has not expired, and may add users",
    "view_group": "its role has view_group on the group",
    "reset_user_password": "its role has reset_user_password on the account",
    "view_user": HIDDEN["view_user"],
}


def test_making_the_account_needs_global_permissions(world: World, stack: Stack) -> None:
    """There is no object yet to grant them on, but for the group; no `add_user_to_group`, and no `change_user`."""
    authentik = world.estate.authentik

    def token(without: str = "") -> str:
        grants = [Grant(name) for name in MAKING if name not in ("view_group", without)]
        group = [Grant("view_group", authentik.groups[GROUP])] if without != "view_group" else []
        return authentik.add_token(f"maker without {without or 'nothing'}", [*grants, *group])

    _least(world, stack, WRITE, writes=True)
    said = {}
    for permission, words in MAKING.items():
        stack.env["AUTHENTIK_TOKEN"] = token(permission)
        said[permission] = _said(stack.up(), words)
        assert world.secret() is None
    stack.env["AUTHENTIK_TOKEN"] = token()
    run = stack.up()

    assert run.code == 0, run.text
    assert_in_sync(world, stack)
    assert said == MAKING


def test_destroying_an_account_that_was_made_here_needs_delete_user(world: World, in_sync: Stack) -> None:
    """And nothing else of authentik's but to see it. Where it was missing, the account stays for good: by then no key
    is left that could list the registry's keys of that name, and without that evidence nothing is deleted.
    """
    authentik = world.estate.authentik
    account = authentik.users[world.username]
    in_sync.env["AUTHENTIK_TOKEN"] = authentik.add_token("viewer", [Grant("view_user", account)])
    _least(world, in_sync, WRITE, writes=True)
    words = "its role has delete_user on the account"

    refused = in_sync.destroy()

    assert _said(refused, words) == words
    run = in_sync.destroy()
    assert run.code == 0, run.text
    assert f"left account {world.username}" in run.text
    assert world.account() is not None
    assert world.secret() is None


def test_destroying_an_account_with_delete_user_deletes_it(world: World, in_sync: Stack) -> None:
    """After its key, whose registry listed no other."""
    authentik = world.estate.authentik
    account = authentik.users[world.username]
    grants = [Grant("view_user", account), Grant("delete_user", account)]
    in_sync.env["AUTHENTIK_TOKEN"] = authentik.add_token("remover", grants)
    _least(world, in_sync, WRITE, writes=True)

    run = in_sync.destroy()

    assert run.code == 0, run.text
    assert world.account() is None


@pytest.mark.parametrize("command", ["preview", "up"])
def test_a_token_of_authentik_that_has_expired_is_said_to_be_no_longer_valid(
    command: str, world: World, in_sync: Stack
) -> None:
    """Good yesterday; CI's key and every place stay as they were, and a new token in the environment goes on."""
    grants = [Grant("view_user", world.estate.authentik.users[world.username])]
    expires = world.estate.clock.now() + timedelta(hours=1)
    in_sync.env["AUTHENTIK_TOKEN"] = world.estate.authentik.add_token("short-lived", grants, expires)
    assert in_sync.preview().code == 0
    world.estate.clock.advance(hours=2)
    before = snapshot(world)
    words = "answered 403; check that AUTHENTIK_TOKEN is right and has not expired"

    run = in_sync.preview() if command == "preview" else in_sync.up()

    assert _said(run, words) == words
    assert snapshot(world) == before
    in_sync.env["AUTHENTIK_TOKEN"] = world.estate.authentik.add_token("renewed", grants)
    assert_in_sync(world, in_sync)
