"""
The accounts in a file beside the stack file, as a stack of many needs it.
"""

from __future__ import annotations

import json

from tests.engine.stack import Stack
from tests.world import World


def test_the_same_accounts_in_a_file_are_in_sync_and_one_more_is_seen(world: World, in_sync: Stack) -> None:
    """The program reads the file, and so does the provider's process, each in the folder of `Pulumi.yaml`."""
    config = world.config()
    accounts = config["zot-ci:accounts"]
    file = in_sync.project / "stacks" / "accounts.json"
    in_sync.configure(config | {"zot-ci:accounts": "stacks/accounts.json"})

    file.write_text(json.dumps(accounts))
    same = in_sync.preview()
    place = {"vault": "blumeops", "item": "Forgejo Secrets", "field": "another"}
    file.write_text(json.dumps([*accounts, {"username": "another", "onepassword": place}]))
    more = in_sync.preview()
    file.unlink()
    none = in_sync.preview()

    # The registry's users are authentik's, which has none of that name.
    assert (same.code, more.code, none.code) == (0, 1, 1), same.text + more.text + none.text
    assert "another" not in same.text
    assert "zot API key of another" in more.text
    assert "zot-ci:accounts: stacks/accounts.json cannot be read" in none.text
    assert "Traceback" not in none.text
