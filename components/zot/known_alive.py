"""
Whether the registry accepts a key, before a run writes it to a place without having read it: `--target` and `--exclude`
can leave out the key's resource, and `--refresh=false` reads nothing. After an older state was restored the key can be
revoked, while the places hold a newer one. So the program asks the registry, and no provider writes a refused key.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pulumi

from ..dynamic.entries import KeySeen
from ..dynamic.run import RUN
from ..http.errors import ReconcileError
from ..rotation import looks_like_a_key
from .api import KeyAuth, zot_at


def known_alive(
    zot_url: pulumi.Input[str], username: str, key: pulumi.Output[str], key_uuid: pulumi.Output[str]
) -> pulumi.Output[str]:
    """
    Return the *key* once this run knows whether the registry accepts it; in a preview at once.
    """
    if pulumi.runtime.is_dry_run():
        return key

    async def asked(found: list[Any]) -> Any:
        url, text, uuid = found
        if text and uuid and RUN.key_is_alive(uuid) is None:
            await asyncio.to_thread(ask, url, username, text, uuid)
        # None if the run left out a key that does not exist yet.
        return text

    return pulumi.Output.all(zot_url, key, key_uuid).apply(asked)


def ask(zot_url: str, username: str, key: str, key_uuid: str) -> None:
    """
    Note whether the registry accepts a key, if it answers. A value that has not the form of a zot key is not sent.
    """
    if not looks_like_a_key(key):
        return
    with suppress(ReconcileError):
        accepted = zot_at(zot_url).listing(KeyAuth(username, key), username).accepted
        RUN.note(KeySeen(key_uuid, accepted))
