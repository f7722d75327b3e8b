"""
The engine's commands, as data: what is typed, what each is told to take away, and where the engine refuses it.

A step is one command line without `pulumi`. In it `{ApiKey}` and its like are the URNs of the first account's
resources, `{plan}` is a file, and `{renamed}` another name for the stack. A step `interrupted …` is ended by SIGINT
after its first changing request.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.commands.states import ALWAYS, EMPTY
from tests.commands.watch import NOTHING, Told

# Each needs all before it.
KINDS = ("ServiceAccount", "ApiKey", "ItemField", "ActionsSecret", "RetiredKeys")

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
    A command of the engine, with what belongs to it before and after.

    Args:
        family: the row of the table.
        steps: what is typed, one after the other.
        told: what it is told to take away.
        refused: by a state's trait, what the engine says when it refuses a step there. It must then; nowhere else.
        kill: whether it is killed at every changing request too.
    """

    name: str
    family: str
    steps: tuple[str, ...]
    told: Told = NOTHING
    refused: tuple[tuple[str, str], ...] = ()
    kill: bool = False


def _whole(name: str, *steps: str, **more: object) -> Command:
    """
    A command that names no resource.
    """
    return Command(name, name, steps or (name,), **more)  # type: ignore[arg-type]


def _each(family: str, *steps: str, **more: object) -> list[Command]:
    """
    One command for each resource: `{kind}` is its URN.
    """
    return [
        Command(f"{family} {kind}", family, tuple(step.replace("{kind}", f"{{{kind}}}") for step in steps), **more)  # type: ignore[arg-type]
        for kind in KINDS
    ]


def _from(kind: str) -> frozenset[str]:
    return frozenset(KINDS[KINDS.index(kind) :])


def _after(kind: str) -> frozenset[str]:
    return frozenset(KINDS[KINDS.index(kind) + 1 :])


_UNKNOWN = ((EMPTY, "No such resource"),)


def _all() -> list[Command]:
    """
    Every command of the matrix.
    """
    return [
        *_each("up --replace", "up --replace {kind}", kill=True),
        Command("up --replace **", "up --replace", ("up --replace **",), kill=True),
        *_each("up --target", "up --target {kind}", kill=True),
        *_each("up --target --target-dependents", "up --target {kind} --target-dependents", kill=True),
        *_each("up --target-replace", "up --target-replace {kind}", kill=True),
        Command(
            "up --target-replace ApiKey, RetiredKeys",
            "up --target-replace",
            ("up --target-replace {ApiKey} --target-replace {RetiredKeys}",),
            kill=True,
        ),
        Command(
            "up --replace ApiKey, RetiredKeys",
            "up --replace",
            ("up --replace {ApiKey} --replace {RetiredKeys}",),
            kill=True,
        ),
        *_each("up --exclude", "up --exclude {kind}", kill=True),
        _whole("up --refresh=false"),
        Command(
            "up --refresh=false --replace ApiKey",
            "up --refresh=false",
            ("up --refresh=false --replace {ApiKey}",),
            kill=True,
        ),
        _whole("up --continue-on-error"),
        _whole("up --parallel 1"),
        _whole("up --plan", "preview --save-plan {plan}", "up --plan {plan}"),
        _whole("refresh"),
        *_each("state taint, up", "state taint {kind}", "up", refused=_UNKNOWN, kill=True),
        *_each("state taint, untaint, up", "state taint {kind}", "state untaint {kind}", "up", refused=_UNKNOWN),
        *_each("state delete, up", "state delete {kind} --target-dependents", "up", refused=_UNKNOWN),
        *_each("state rename, up", "state rename {kind} other-name", "up", refused=_UNKNOWN),
        *_each("state protect, up", "state protect {kind}", "up", "state unprotect {kind}", refused=_UNKNOWN),
        _whole("stack rename, up", "stack rename {renamed}", "up"),
        Command(
            "stack rename, up --target ApiKey",
            "stack rename, up",
            ("stack rename {renamed}", "up --target {ApiKey}"),
        ),
        *(
            Command(
                f"destroy --target {kind}",
                "destroy --target",
                (f"destroy --target {{{kind}}}", "up"),
                told=Told(frozenset({kind})),
                refused=() if kind == "RetiredKeys" else ((ALWAYS, "--target-dependents"),),
            )
            for kind in KINDS
        ),
        *(
            Command(
                f"destroy --target {kind} --target-dependents",
                "destroy --target --target-dependents",
                (f"destroy --target {{{kind}}} --target-dependents",),
                told=Told(_from(kind)),
                kill=True,
            )
            for kind in KINDS
        ),
        *(
            Command(
                f"destroy --exclude {kind}",
                "destroy --exclude",
                (f"destroy --exclude {{{kind}}}",),
                told=Told(_after(kind), others=True),
                kill=True,
            )
            for kind in KINDS
        ),
        _whole("cancel", "interrupted up", "cancel"),
    ]


COMMANDS = {command.name: command for command in _all()}
