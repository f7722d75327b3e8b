"""
Outputs that wait for their resource and do not depend on it.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi


def uuid_held(key_uuid: pulumi.Output[str], mark: pulumi.Output[str]) -> pulumi.Output[str]:
    """
    Return the uuid of the key that a place holds, for a sweep that waits for the place and does not depend on it.

    Where a place fails under `--continue-on-error`, the engine leaves out what depends on it. It then deletes the
    places that the program has no more although the state of that sweep needs them, and writes a state that it refuses
    ("snapshot integrity", engine 3.276, measured). So the value comes without its resources.

    In an `up` it is empty where the place has no instance, and where it could not be made: such a place counts as one
    that lags behind. A uuid without a mark is not believed either: of a resource that it has left out, the engine gives
    what a preview would give, the new key (3.250: the inputs; 3.276, read: the outputs of a dry run).
    """
    if pulumi.runtime.is_dry_run():
        # Of what a preview would write the mark is not known; it would only blur what is.
        return settled(key_uuid)
    pair = settled(pulumi.Output.all(key_uuid, mark))
    return pair.apply(lambda found: str(found[0]) if found and found[0] and found[1] else "")


def settled(output: pulumi.Output[Any]) -> pulumi.Output[Any]:
    """
    Return the *output* without its resources; in an `up` None where it is unknown, since its resource could not be
    made: the SDK drops what is unknown from a dict of inputs, and the engine writes a text for it into the outputs.
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
