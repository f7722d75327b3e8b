"""
The program's process as the model runs it: the component's own code, with real outputs, in an event loop of its own.

Nothing of the program is written a second time here. What stands in for something else, and why:

- `pulumi.dynamic.Resource.__init__` hands a resource to the engine and waits for its outputs: the engine is what the
  model plays. Here it is a call that is done when it returns;
- `pulumi.ComponentResource.__init__` and `register_outputs` tell the engine who is whose child and what a stack shows:
  nothing that a sequence looks at. `tests/test_registry_credential.py` looks at it, under Pulumi's mocks;
- `pulumi.runtime.is_dry_run` is a setting that the engine starts the program with;
- `forgejo_at` and `zot_at`, where the program itself asks: it is a process of its own, whose clients know nothing of
  what the providers have asked, and here both are one process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any, TypeVar
from unittest import mock

import pulumi
from pulumi.runtime import settings

from zot_ci.dynamic.provider import AnyProvider, Props
from zot_ci.forgejo import republication
from zot_ci.forgejo.api import Forgejo
from zot_ci.zot import known_alive
from zot_ci.zot.api import Zot

_T = TypeVar("_T")
_NAME = "name of the resource"

# Takes the step for one resource (its class, name, provider and inputs, and the names of those that it needs) and
# returns its outputs.
Step = Callable[[str, str, AnyProvider, Props, frozenset[str]], Props]


class Program:
    """
    One run of the program. Use *running*.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # What it asks beside its resources it asks in threads: one by one here, so that a moment can be counted.
        self._threads = ThreadPoolExecutor(1, "program")
        self._loop.set_default_executor(self._threads)
        self._tasks: list[asyncio.Task[Any]] = []
        self._loop.set_task_factory(self._begun)
        self._clients = ExitStack()

    @classmethod
    @contextmanager
    def running(cls, step: Step, *, dry: bool) -> Iterator[Program]:
        """
        Let components be made, whose resources are registered by *step*, and let what they apply come to its end.
        """
        program = cls()

        def registered(
            resource: pulumi.Resource, provider: AnyProvider, name: str, props: Props, opts: pulumi.ResourceOptions
        ) -> None:
            inputs, needs = program.values(props, opts.depends_on)
            outs = step(type(resource).__name__, name, provider, inputs, frozenset(map(_name_of, needs)))
            vars(resource)[_NAME] = name
            vars(resource).update({key: program.output(outs.get(key), resource) for key in props | outs})

        def nothing(*_: object, **__: object) -> None:
            pass

        with ExitStack() as instead:
            instead.callback(program.close)
            instead.enter_context(mock.patch.object(pulumi.dynamic.Resource, "__init__", registered))
            for method in ("__init__", "register_outputs"):
                instead.enter_context(mock.patch.object(pulumi.ComponentResource, method, nothing))
            instead.enter_context(mock.patch.object(pulumi.runtime, "is_dry_run", return_value=dry))
            instead.enter_context(mock.patch.object(republication, "forgejo_at", program.client_of(Forgejo)))
            instead.enter_context(mock.patch.object(known_alive, "zot_at", program.client_of(Zot)))
            asyncio.set_event_loop(program._loop)
            yield program
            program.settle()

    def output(self, value: Any, resource: pulumi.Resource) -> pulumi.Output[Any]:
        """
        Return an output of a *resource* whose value is there already.
        """
        there, known = self._loop.create_future(), self._loop.create_future()
        there.set_result(value)
        known.set_result(True)
        return pulumi.Output({resource}, there, known)

    def values(self, props: Mapping[str, Any], depends_on: Any) -> tuple[Props, set[pulumi.Resource]]:
        """
        Return *props* with the values of all outputs in them, and the resources that something with these props and
        this *depends_on* needs.

        Raises:
            Exception: what something that the program has applied so far has raised.
        """
        found = pulumi.Output.from_input(dict(props))
        self.settle()
        needs = self._loop.run_until_complete(found.resources())
        return self._loop.run_until_complete(found.future()) or {}, needs | set(depends_on or ())

    def settle(self) -> None:
        """
        Let all that was applied so far come to its end.

        Raises:
            Exception: what some of it has raised, the first of them.
        """
        while going := [task for task in self._tasks if not task.done()]:
            self._loop.run_until_complete(asyncio.wait(going))
        failed = [error for task in self._tasks if (error := task.exception()) is not None]
        self._tasks.clear()
        if failed:
            raise failed[0]

    def client_of(self, kind: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """
        Return what gives this process's one client of each server.
        """

        @cache
        def client_at(server: Any) -> Any:
            client = kind(server)
            self._clients.callback(client.close)
            return client

        return client_at

    def close(self) -> None:
        """
        End the process. What it still waits for comes to nothing.
        """
        going = [task for task in self._tasks if not task.done()]
        for task in going:
            task.cancel()
        if going:
            self._loop.run_until_complete(asyncio.gather(*going, return_exceptions=True))
        self._threads.shutdown()
        self._clients.close()
        asyncio.set_event_loop(None)
        self._loop.close()
        # The SDK keeps what has failed, for the end of the only program that its process runs.
        settings.SETTINGS.outputs.clear()

    def _begun(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, _T] | Generator[Any, None, _T],
        /,
        **options: Any,
    ) -> asyncio.Task[_T]:
        task = asyncio.Task(work, loop=loop, **options)
        self._tasks.append(task)
        return task


def _name_of(resource: pulumi.Resource) -> str:
    return str(vars(resource)[_NAME])
