"""
Outputs that wait for their resource without depending on it.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi


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
        return settled(key_uuid)
    pair = settled(pulumi.Output.all(key_uuid, mark))
    return pair.apply(lambda found: str(found[0]) if found and found[0] and found[1] else "")


def settled(output: pulumi.Output[Any]) -> pulumi.Output[Any]:
    """
    Return the *output* without its resources. In an `up` an unknown output, whose resource could not be made, becomes
    None: the SDK would drop it from a dict of inputs, and the engine would write a placeholder text into the outputs.
    """
    is_preview = pulumi.runtime.is_dry_run()

    async def value() -> Any:
        return await output.future() if is_preview or await output.is_known() else None

    async def known() -> bool:
        return await output.is_known() if is_preview else True

    return pulumi.Output(
        set(),
        asyncio.ensure_future(value()),
        asyncio.ensure_future(known()),
        asyncio.ensure_future(output.is_secret()),
    )
