"""
The rows about a run that writes: each makes its stacks, measures, and says what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench import ansible
from bench.book import Measured, ratio, spread
from bench.ground import RUNS, SYSTEMS, in_sync, on_ground, requests_in_words
from bench.stacks import counted, name_of, of_accounts, run_up
from tests.engine.stack import Stack
from tests.estate.core import Call
from tests.world import ITEM, OWNER, REPOSITORY, VAULT, World

# What a request takes in the rows that are about waiting: as a server in the next room does, more or less.
_LATENCY = 0.1


def first_up_100() -> Measured:
    """
    The first `up` of a hundred accounts in one item and one repository, their keys taken over.
    """
    with on_ground() as (world, folder):
        stack = of_accounts(world, folder / "ours", 100)
        for system in world.estate.systems.values():
            system.latency = _LATENCY
        world.estate.log.clear()
        world.estate.forget_traffic()
        seconds = run_up(stack)
        asked = counted(world.estate.log)
        most = {system: world.estate.most_in_flight(system) for system in SYSTEMS}
    total = sum(requests for requests, _ in asked.values())
    least = total * _LATENCY / 4
    found = seconds / least
    details = [
        f"one run, each request {_LATENCY:g} s: {seconds:.1f} s; {total} requests at 4 in flight {least:.1f} s",
        f"requests / connections: {requests_in_words(asked)}",
        f"most in flight: {', '.join(f'{system} {number}' for system, number in most.items())}",
        "The engine calls a provider from four threads, and an account's answers come one after the other.",
    ]
    what, against = "first `up`, 100 accounts in one item and one repository", "its requests at 4 in flight"
    return Measured(what, against, "at most 2 times", f"{found:.2f} times", found <= 2, details)


def up_100() -> Measured:
    """
    An `up` in sync of a hundred accounts, beside a playbook that writes the same secrets to the same forge.
    """
    with on_ground() as (world, folder):
        stack = in_sync(world, folder / "ours", 100)
        values = {f"KEY_{number:06d}": f"field-{name_of(number)}" for number in range(100)}
        secrets = {name: world.estate.onepassword.field(VAULT, ITEM, field) or "" for name, field in values.items()}
        playbook = ansible.playbook(folder, world.env["FORGEJO_URL"], f"{OWNER}/{REPOSITORY}", secrets)
        token = world.env["FORGEJO_TOKEN"]
        run_up(stack)
        seconds: tuple[list[float], list[float]] = ([], [])
        for _ in range(3):
            seconds[0].append(run_up(stack))
            seconds[1].append(ansible.seconds(playbook, token))
    found = ratio(*seconds)
    details = [
        f"ours {spread(seconds[0])}, ansible-core {ansible.version()} {spread(seconds[1])}; median of 3",
        "The forge is the embedded one, the same for both; each secret is written by one PUT in either.",
    ]
    what, against = "`up` in sync, 100 accounts", "a playbook that PUTs the same 100 secrets"
    return Measured(what, against, "at most 0.5 times the wall clock", f"{found:.2f} times", found <= 0.5, details)


def rotation_1() -> Measured:
    """
    The rotation of one account.
    """
    with on_ground() as (world, folder):
        stack = of_accounts(world, folder / "ours", 1)
        run_up(stack)
        seconds, between = [], list[Call]()
        to_authentik = 0
        for _ in range(RUNS):
            world.estate.zot.clock.advance(days=91)
            world.estate.log.clear()
            seconds.append(run_up(stack))
            calls = list(world.estate.log)
            kinds = [(call.method, call.path) for call in calls]
            first, last = kinds.index(("POST", "/zot/auth/apikey")), kinds.index(("DELETE", "/zot/auth/apikey"))
            between = calls[first : last + 1]
            to_authentik += sum(call.system == "authentik" for call in between)
    details = [f"`up` {spread(seconds)}", ", ".join(f"{call.system} {call.method}" for call in between)]
    figure = f"{len(between)} requests, {to_authentik} to authentik"
    met = len(between) <= 12 and not to_authentik
    return Measured("rotation of one account", "", "at most 12 requests from mint to revocation", figure, met, details)


def rotation_100() -> Measured:
    """
    The rotation of a hundred accounts at once, at a registry that allows twenty requests a second: once told so, once
    not.
    """
    with on_ground() as (world, folder):
        stack = in_sync(world, folder / "ours", 100)
        world.estate.zot.requests_per_second = 20
        for system in world.estate.systems.values():
            system.latency = 0.02
        untold = _rotation_of_all(world, stack)
        stack.env["ZOT_CI_REQUESTS_PER_SECOND"] = "20"
        told = _rotation_of_all(world, stack)
    details = [
        f"with `ZOT_CI_REQUESTS_PER_SECOND=20`: {told}",
        f"without it: {untold}; each answer 429 was met by going slower",
    ]
    figure = f"{told.most} in flight; {told.refused} answers 429; all places served: {told.is_served}"
    goal = "at most 4 in flight a system, no 429 at 20 a second, all places served"
    met = told.is_served and untold.is_served and max(told.most, untold.most) <= 4 and not told.refused
    return Measured(
        "rotation of 100 accounts at once", "a registry of 20 requests a second", goal, figure, met, details
    )


@dataclass(frozen=True)
class _Rotation:
    """
    What a rotation of all accounts took.
    """

    seconds: float
    requests: str
    most: int
    refused: int
    is_served: bool

    def __str__(self) -> str:
        return (
            f"one run, {self.seconds:.0f} s; requests / connections: {self.requests}; at most {self.most} in flight; "
            f"{self.refused} answers 429; all places hold the new keys: {self.is_served}"
        )


def _rotation_of_all(world: World, stack: Stack) -> _Rotation:
    numbers = range(100)
    before = {world.estate.onepassword.field(VAULT, ITEM, f"field-{name_of(number)}") for number in numbers}
    world.estate.zot.clock.advance(days=91)
    world.estate.log.clear()
    world.estate.forget_traffic()
    seconds = run_up(stack)
    refused = sum(call.status == 429 for call in world.estate.log)
    most = max(world.estate.most_in_flight(system) for system in SYSTEMS)
    keys = [world.estate.onepassword.field(VAULT, ITEM, f"field-{name_of(number)}") for number in numbers]
    published = [world.estate.forgejo.value(OWNER, REPOSITORY, f"KEY_{number:06d}") for number in numbers]
    served = keys == published and len(set(keys) - before) == 100
    return _Rotation(seconds, requests_in_words(counted(world.estate.log)), most, refused, served)
