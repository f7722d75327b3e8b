"""
The engine's commands, as data: what is typed, what each is told to take away, and where the engine refuses it.

A step is one command line without `pulumi`. In it `{ApiKey}` and its like are the URNs of the first account's
resources, `{plan}` is a file, and `{renamed}` another name for the stack. A step `interrupted …` is ended by SIGINT
after its first changing request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.commands.states import ALWAYS, PENDING
from tests.commands.watch import COPY, NOTHING, Told

KINDS = ("ServiceAccount", "ApiKey", "ItemField", "ActionsSecret", "RetiredKeys")
# What depends on each, in the state; the copies of the key too. The sweep waits for the places and depends on the key.
NEEDING = {
    "ServiceAccount": frozenset({"ApiKey", "ItemField", "ActionsSecret", "RetiredKeys", COPY}),
    "ApiKey": frozenset({"ItemField", "ActionsSecret", "RetiredKeys", COPY}),
    "ItemField": frozenset({"ActionsSecret", COPY}),
    "ActionsSecret": frozenset[str](),
    "RetiredKeys": frozenset[str](),
}

# Type token and the end of the resource's name; the suffix of a secret's resource is its place.
TYPES = {
    "ServiceAccount": ("authentik", "service-account"),
    "ApiKey": ("zot", "api-key"),
    "ItemField": ("onepassword", "item-field"),
    "ActionsSecret": ("forgejo", "actions-secret-eblume/blumeops/zot_ci_api_key"),
    "RetiredKeys": ("zot", "retired-keys"),
}


@dataclass(frozen=True)
class Command:
    """
    A command of the engine, with what belongs to it before and after; the plain `up` that follows every command is not
    written here.

    Args:
        family: the row of the table.
        steps: what is typed, one after the other.
        told: what it is told to take away.
        refused: by a state's trait, what the engine says when it refuses a step there. It must then; nowhere else.
        kill: whether it is killed at every changing request too.
        then: what is typed after the steps, also where those were killed.
    """

    family: str
    steps: tuple[str, ...]
    told: Told = NOTHING
    refused: tuple[tuple[str, str], ...] = ()
    kill: bool = False
    then: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """
        What is typed, with a resource's kind for its URN.
        """
        return re.sub(r"[{}]", "", ", ".join((*self.steps, *self.then)))


def _of(kind: str, *steps: str) -> tuple[str, ...]:
    """
    Return steps with one resource's URN for `URN`.
    """
    return tuple(step.replace("URN", f"{{{kind}}}") for step in steps)


def _forced() -> list[Command]:
    """
    What forces a replacement or chooses targets.
    """
    lines = {
        "up --replace": ["up --replace URN"],
        "up --target": ["up --target URN"],
        "up --target --target-dependents": ["up --target URN --target-dependents"],
        "up --target-replace": ["up --target-replace URN"],
        "up --exclude": ["up --exclude URN"],
        "state taint, up": ["state taint URN", "up"],
    }
    # The replaced key, whose deletion is pending, needs the account: the engine (3.250) wants it in the list as well.
    unlisted = ((PENDING, "was not specified in --target list"),)
    return [
        *(
            Command(
                family,
                _of(kind, *steps),
                refused=unlisted if kind == KINDS[0] and family in ("up --target", "up --target-replace") else (),
                kill=True,
            )
            for family, steps in lines.items()
            for kind in KINDS
        ),
        Command("up --replace", ("up --replace **",), kill=True),
        Command("up --replace", ("up --replace {ApiKey} --replace {RetiredKeys}",), kill=True),
        Command("up --target-replace", ("up --target-replace {ApiKey} --target-replace {RetiredKeys}",), kill=True),
        Command("up --refresh=false", ("up --refresh=false --replace {ApiKey}",), kill=True),
    ]


def _plain() -> list[Command]:
    """
    What names no resource.
    """
    return [
        Command("up --refresh=false", ("up --refresh=false",)),
        Command("up --continue-on-error", ("up --continue-on-error",)),
        Command("up --parallel 1", ("up --parallel 1",)),
        Command("up --plan", ("preview --save-plan {plan}", "up --plan {plan}")),
        Command("refresh", ("refresh",)),
        Command("stack rename", ("stack rename {renamed}",)),
        Command("stack rename", ("stack rename {renamed}", "up --target {ApiKey}")),
        Command("cancel", ("interrupted up", "cancel")),
    ]


def _state() -> list[Command]:
    """
    What edits the state.
    """
    lines = {
        "state taint, untaint": ["state taint URN", "state untaint URN"],
        "state delete": ["state delete URN --target-dependents"],
        "state rename": ["state rename URN other-name"],
        "state protect": ["state protect URN", "up", "state unprotect URN"],
    }
    return [Command(family, _of(kind, *steps)) for family, steps in lines.items() for kind in KINDS]


def _replaced_then_destroyed() -> list[Command]:
    """
    What leaves two instances of a resource in the state when it is killed, and a destroy that meets them.
    """
    everything = Told(frozenset((*KINDS, COPY)), others=True)
    return [
        Command("up --replace, destroy", (f"up --replace {urn}",), everything, kill=True, then=("destroy",))
        for urn in (*(f"{{{kind}}}" for kind in KINDS), "**")
    ]


def _destroys() -> list[Command]:
    """
    What takes parts away: with a part go those that need it.
    """
    commands = []
    for kind in KINDS:
        alone = ((ALWAYS, "--target-dependents"),) if NEEDING[kind] else ()
        only, needing = frozenset({kind}), frozenset({kind}) | NEEDING[kind]
        # What the excluded resource needs stays with it.
        kept = {kind} | {other for other in KINDS if kind in NEEDING[other]}
        after = frozenset((*KINDS, COPY)) - kept
        commands += [
            Command("destroy --target", _of(kind, "destroy --target URN"), Told(only), alone),
            Command(
                "destroy --target --target-dependents",
                _of(kind, "destroy --target URN --target-dependents"),
                Told(needing),
                kill=True,
            ),
            Command("destroy --exclude", _of(kind, "destroy --exclude URN"), Told(after, others=True), kill=True),
        ]
    return commands


COMMANDS = {
    command.name: command for command in [*_forced(), *_plain(), *_state(), *_destroys(), *_replaced_then_destroyed()]
}
