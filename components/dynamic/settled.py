"""
Outputs that wait for their resource without depending on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pulumi

_T = TypeVar("_T")


def uuid_held(key_uuid: pulumi.Output[str], mark: pulumi.Output[str]) -> pulumi.Output[str]:
    """
    Return the uuid of the key that a place holds, for a sweep that waits for the place without depending on it.

    If a place fails under `--continue-on-error`, the engine leaves out its dependents. If the sweep were one, the
    engine would delete places that the program no longer has while the sweep's state still needs them, and write a
    state that it then refuses ("snapshot integrity", engine 3.276, measured). So the value has no resources.

    In an `up` it is empty where the place has no instance, or could not be made: the sweep treats such a place as
    lagging. A uuid without a mark counts as empty, too: for a resource that it left out the engine gives the new key,
    as a preview would (3.250: the inputs; 3.276, read: the outputs of a dry run).
    """
    if pulumi.runtime.is_dry_run():
        # A preview knows no mark of what it would write; waiting for one would make the known uuid unknown.
        return _settled([key_uuid], lambda values: values[0])
    return _settled([key_uuid, mark], lambda values: str(values[0]) if all(values) else "")


def settled(outputs: Mapping[str, pulumi.Output[Any]]) -> pulumi.Output[dict[str, Any]]:
    """
    Return all *outputs* as one, without their resources. In an `up` an unknown one, whose resource could not be made,
    becomes None: the SDK would drop it from a dict of inputs, and the engine would write a placeholder text into the
    outputs. In a preview all are unknown if one is.
    """
    return _settled(list(outputs.values()), lambda values: dict(zip(outputs, values, strict=True)))


def _settled(outputs: Sequence[pulumi.Output[Any]], made_of: Callable[[list[Any]], _T]) -> pulumi.Output[_T]:
    # One for all: each output of a program costs some tasks of its event loop, and a hundred accounts have many.
    is_preview = pulumi.runtime.is_dry_run()

    async def value() -> _T:
        return made_of([await one.future() if is_preview or await one.is_known() else None for one in outputs])

    async def known() -> bool:
        return not is_preview or all([await one.is_known() for one in outputs])

    async def secret() -> bool:
        return any([await one.is_secret() for one in outputs])

    return pulumi.Output(
        set(), asyncio.ensure_future(value()), asyncio.ensure_future(known()), asyncio.ensure_future(secret())
    )
