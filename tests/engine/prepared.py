"""
Stacks that stand where a test begins. The way there is gone once in a process, and put back for each test.

    prepared = Prepared(folder)
    stack = prepared.stack(IN_SYNC, tmp_path)  # prepared.world is now as the first `up` left it

A state is the content of the estate, kept as a snapshot, and the stack's folder, which is copied. Addresses and ports
stay, because they are written in both. A state of your own is a `State` with a function that leads to it; the state
that it begins at is made first, and only once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from unittest import mock

from tests.backends.vault import Vault
from tests.engine.quickly import Quickly
from tests.engine.stack import Stack
from tests.estate import NAMES, Snapshot
from tests.estate.core import Shell
from tests.faults.proxy import Plan, Proxies
from tests.world import GROUP, OWNER, REPOSITORY, SECRET, World, credentials
from zot_ci.http import connections


@dataclass(frozen=True)
class State:
    """
    Where a test begins.

    Args:
        name: says it to a person.
        lead: leads there from *after*. It may run the engine, change the estate, the stack file and `stack.env`.
        after: the state in which *lead* finds estate and stack; by default a stack before its first `up`.
    """

    name: str
    lead: Callable[[World, Stack], object]
    after: State | None = None


def _first_up(world: World, stack: Stack) -> None:
    run = stack.up()
    assert run.code == 0, run.text


def _pass_the_days(world: World, stack: Stack) -> None:
    world.estate.clock.advance(days=91)


def _break_everything(world: World, stack: Stack) -> None:
    key = world.field() or ""
    world.revoke(key, world.keys(key)[0]["uuid"])
    world.leave(GROUP)
    world.join("admins")
    world.change_account(is_active=False)
    world.set_field("edited")
    world.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET)


def _make_a_key_by_hand(world: World, stack: Stack) -> None:
    world.make_account(GROUP)
    with mock.patch.dict(os.environ, credentials(world)):
        key = world.key_made_by_hand()
    connections.forget_all()
    world.set_field(key)
    world.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, key)


NEW = State("before the first up", lambda world, stack: None)
IN_SYNC = State("in sync", _first_up)
DUE = State("in sync, and 91 days later", _pass_the_days, IN_SYNC)
ALL_BROKEN = State("every link changed by hand", _break_everything, IN_SYNC)
# The reference deployment before this program: an account, and a key from the web page in the field and the secret.
BY_HAND = State("a key made by hand", _make_a_key_by_hand)


@dataclass(frozen=True)
class _Kept:
    """
    A state that was reached: the stack in a folder that no test gets, and the estate beside it.
    """

    stack: Stack
    estate: Snapshot
    username: str


class Prepared:
    """
    One estate, and the states to which a stack of its was brought. Use as a context manager, or call *stop*.

    Only one test at a time can use it: to take a state is to end the one before.

    Args:
        folder: an empty one, for the stacks that are copied.
        behind_proxies: puts a proxy in front of each system. *proxies* has them; each state begins with a new
            `Plan`, which spoils nothing.
        ports: where the proxy of each system listens; free ports otherwise.
    """

    def __init__(self, folder: Path, *, behind_proxies: bool = False, ports: Mapping[str, int] | None = None) -> None:
        self._folder = folder
        self._open = ExitStack()
        self._kept: dict[State, _Kept] = {}
        # A passphrase costs the engine a third of a second of the processor in each command: see `Stack.by_passphrase`.
        self._vault = self._open.enter_context(Vault.start())
        self._proxies = self._open.enter_context(Proxies(NAMES, ports)) if behind_proxies else None
        self.world = World.start(known_as=self._proxies.urls if self._proxies else None)
        self._open.callback(self.world.stop)
        if self._proxies:
            self._proxies.behind(self.world.estate.listening)
        self._empty = self.world.estate.snapshot()
        self._username, self._env = self.world.username, dict(self.world.env)
        systems = self.world.estate.systems.values()
        self._attributes = {system.name: frozenset(vars(system)) for system in systems}
        self._answers = [(system.app, system.app.inner) for system in systems if isinstance(system.app, Shell)]

    @property
    def proxies(self) -> Proxies:
        """
        The proxies in front of the systems, if there are any.
        """
        assert self._proxies is not None, "made without behind_proxies"
        return self._proxies

    @cached_property
    def quickly(self) -> Quickly:
        """
        What begins the engine's processes on the way to a state, and for the stacks that are handed to its *run*.
        """
        return self._open.enter_context(Quickly(self._folder / "quickly"))

    def reset(self) -> World:
        """
        Make the estate what it was at the start: the reference deployment, and nothing of this program in it.
        """
        return self._restore(self._empty, self._username)

    def stack(self, state: State, folder: Path) -> Stack:
        """
        Make the estate what it was in *state*, and return a copy of the stack that belongs to it, in *folder*.
        """
        kept = self._reach(state)
        self._restore(kept.estate, kept.username)
        return kept.stack.copy(folder)

    def stop(self) -> None:
        """
        End the systems; fails if a handler of theirs raised.
        """
        self._open.close()

    def __enter__(self) -> Prepared:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _reach(self, state: State) -> _Kept:
        """
        Return a state, gone to before if this is the first time that it is asked for.
        """
        if state not in self._kept:
            folder = self._folder / str(len(self._kept))
            if state.after is None:
                self.reset()
                env = credentials(self.world) | self._vault.env
                stack = Stack(folder, env, self.world.config(), secrets_provider=self._vault.key())
            else:
                self._reach(state.after)
                folder = self._folder / str(len(self._kept))
                stack = self.stack(state.after, folder)
            with self.quickly.meanwhile(stack):
                state.lead(self.world, stack)
            self.world.estate.check()
            self._kept[state] = _Kept(stack, self.world.estate.snapshot(), self.world.username)
        return self._kept[state]

    def _restore(self, content: Snapshot, username: str) -> World:
        estate = self.world.estate
        estate.restore(content)
        for system in estate.systems.values():
            # Switches that a test set where the system had none.
            for name in set(vars(system)) - self._attributes[system.name]:
                delattr(system, name)
            system.traffic.arrivals.clear()
        for shell, inner in self._answers:
            shell.inner = inner
        estate.forget_traffic()
        self.world.username = username
        self.world.env.clear()
        self.world.env.update(self._env)
        if self._proxies:
            self._proxies.plan = Plan()
        return self.world
