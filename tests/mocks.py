"""
The program without the engine: it runs under Pulumi's mocks, and what it registers is kept.

No provider runs and nothing is asked of any system. *run* gives back each resource as the engine would have heard of
it, options and secrets too, and the outputs of the stack.
"""

from __future__ import annotations

import asyncio
import runpy
import signal
import threading
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
from google.protobuf import json_format  # type: ignore[import-untyped]  # comes with pulumi, without types
from pulumi.runtime import mocks, set_all_config, settings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key
from pulumi.runtime.stack import run_pulumi_func

from tests.settings.given import config
from zot_ci.dynamic.entries import KeySeen
from zot_ci.dynamic.run import RUN

PROGRAM = Path(__file__).resolve().parents[1] / "__main__.py"
DYNAMIC = "pulumi-python:dynamic/"
# How long a run of the program may take: here it waits for nobody.
_SECONDS = 60.0
KEY = "zak_5ec7e75ec7e75ec7e75ec7e75ec7e75e"
# What the key's provider would have found.
FOUND: Mapping[str, Any] = {
    "uuid": "the-uuid",
    "api_key": KEY,
    "created_at": "2026-11-24T04:09:53+00:00",
    "expires_at": "2027-03-24T04:09:53+00:00",
    "last_used": "2026-11-24",
    "access": "can create, cannot delete",
    "other_keys": ["theirs"],
}


class Providers(mocks.Mocks):
    """
    Answers as this program's providers do: the inputs, and what was found.
    """

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """
        Return id and outputs.
        """
        found = dict(FOUND) if args.typ == f"{DYNAMIC}zot:ApiKey" else {}
        if args.typ == f"{DYNAMIC}forgejo:ActionsSecret":
            found["proven_uuid"] = args.inputs.get("key_uuid", "")
        if args.typ.startswith(DYNAMIC):
            found["mark"] = "a-mark"
        return f"{args.name}-id", {**args.inputs, **found}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """
        Answer no function.
        """
        raise AssertionError(args.token)


@dataclass(frozen=True)
class Registered:
    """
    One resource as the program registered it.

    Args:
        request: all of what the engine is asked, with every option.
        urn: the name that the engine gave it.
    """

    request: Any
    urn: str

    @property
    def name(self) -> str:
        """Its name, which is its identity in every state."""
        return str(self.request.name)

    @property
    def type(self) -> str:
        """Its type, whole."""
        return str(self.request.type)

    @property
    def kind(self) -> str:
        """Its class."""
        return self.type.rpartition(":")[2]

    @property
    def inputs(self) -> dict[str, Any]:
        """Its inputs, secret ones as plain values too."""
        plain: dict[str, Any] = _plain(self._wired)
        return plain

    @property
    def secret_inputs(self) -> set[str]:
        """The names of the inputs that are secret; the provider's own pickle always is."""
        secret = {name for name, value in self._wired.items() if isinstance(value, dict) and _is_secret(value)}
        return secret - {"__provider"}

    @property
    def secret_outputs(self) -> set[str]:
        """The names of the outputs that it says are secret."""
        return set(self.request.additionalSecretOutputs)

    @property
    def _wired(self) -> dict[str, Any]:
        wired: dict[str, Any] = json_format.MessageToDict(self.request.object)
        return wired


class Monitor(mocks.MockMonitor):
    """
    Keeps what is registered, and marks as secret what a resource says of its outputs, as the engine does.

    Args:
        answers: the providers.
        failing: names of resources that could not be made, under `--continue-on-error`.
    """

    def __init__(self, answers: mocks.Mocks | None = None, *, failing: Collection[str] = ()) -> None:
        self.answers = answers or Providers()
        super().__init__(self.answers)
        self.registered: list[Registered] = []
        self._failing = failing

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 -- the protocol's name
        """
        Register as the mock monitor does.
        """
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type == "pulumi:pulumi:Stack":
            return response
        self.registered.append(Registered(request, response.urn))
        if request.name in self._failing:
            return resource_pb2.RegisterResourceResponse(urn=response.urn, result=resource_pb2.Result.FAIL)
        plain = json_format.MessageToDict(response.object)
        for name in set(request.additionalSecretOutputs) & set(plain):
            response.object[name] = {_special_sig_key: _special_secret_sig, "value": plain[name]}
        return response


@dataclass
class Ran:
    """
    What one run of the program has registered and put out.
    """

    registered: list[Registered]
    outputs: dict[str, Any] = field(default_factory=dict)
    secret_outputs: bool = False

    def of(self, kind: str) -> list[Registered]:
        """The resources of one class."""
        return [one for one in self.registered if one.kind == kind]

    def named(self, name: str) -> Registered:
        """The resource of that name."""
        [found] = [one for one in self.registered if one.name == name]
        return found


def run(
    configuration: Mapping[str, str] | None = None,
    *,
    monitor: Monitor | None = None,
    preview: bool = False,
    stack: str = "test",
    another: Callable[[], object] | None = None,
) -> Ran:
    """
    Run `__main__.py`.

    Args:
        configuration: as the engine hands it over; without it, that of one account.
        another: a program to run in its place.
        monitor: who hears what is registered, for a caller with other answers or with an interest in a run that fails.

    Raises:
        pulumi.RunError: the program refused its configuration.
    """
    heard = monitor or Monitor()
    ran = Ran(heard.registered)
    # Else the program would ask the registry.
    RUN.note(KeySeen(FOUND["uuid"], True))

    async def program() -> None:
        if another:
            another()
        else:
            runpy.run_path(str(PROGRAM))
        root: Any = settings.get_root_resource()
        for name, value in root.outputs.items():
            output = pulumi.Output.from_input(value)
            ran.outputs[name] = await output.future()
            ran.secret_outputs |= await output.is_secret()

    async def whole() -> None:
        # In this event loop, too: the SDK makes another one where it finds none.
        mocks.set_mocks(heard.answers, "zot-ci", stack, preview, monitor=heard)
        # Outputs that an earlier test made are no outputs of this program, and their event loop is over: the SDK would
        # wait for them for ever.
        settings.SETTINGS.outputs.clear()
        set_all_config(dict(config() if configuration is None else configuration))
        await run_pulumi_func(program)

    with _own_process():
        asyncio.run(_in_time(whole()))
    return ran


async def _in_time(program: Coroutine[Any, Any, None]) -> None:
    """
    Run *program*, and say what it waits for if it does not end: nothing that it asks here takes a second.
    """
    running = asyncio.ensure_future(program)
    await asyncio.wait({running}, timeout=_SECONDS)
    if not running.done():
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        waiting = [" > ".join(_awaited(task.get_coro())) for task in others]
        waiting += [f"thread {thread.name}" for thread in threading.enumerate()]
        running.cancel()
        raise AssertionError("\n".join(["the program does not end; it waits for", *waiting]))
    await running


def _awaited(waiting: Any) -> Iterator[str]:
    """
    Name what a coroutine waits for, and what that waits for, down to a future.
    """
    while waiting is not None:
        yield repr(waiting)
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "gi_yieldfrom", None)


@contextmanager
def _own_process() -> Iterator[None]:
    """
    Undo what the program and the SDK leave in their process: a signal handler, and an event loop in each of the SDK's
    threads, which nobody closes.
    """
    before = signal.getsignal(signal.SIGINT)
    loops: list[asyncio.AbstractEventLoop] = []
    make = asyncio.new_event_loop

    def remembered() -> asyncio.AbstractEventLoop:
        loops.append(make())
        return loops[-1]

    try:
        with mock.patch.object(asyncio, "new_event_loop", remembered):
            yield
    finally:
        for loop in loops:
            loop.close()
        signal.signal(signal.SIGINT, before)


def _is_secret(value: Mapping[str, Any]) -> bool:
    return bool(value.get(_special_sig_key) == _special_secret_sig)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return _plain(value["value"]) if _is_secret(value) else {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
