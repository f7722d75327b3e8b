"""
An estate of several identities: their rights, their consumers in several vaults and at several forges, and their end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.prepared import IN_SYNC, Prepared
from tests.engine.stack import Run, Stack, engine_is_there
from tests.estate import Estate
from tests.estate.zot.registry import MANIFEST_TYPE, Repository
from tests.faults.proxy import Plan
from tests.faults.scenarios import kill_session
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT

pytestmark = pytest.mark.embedded

# Its only consumer beside the store of record is an item in another vault.
READER: dict[str, Any] = {
    "username": "zot-ci",
    "groups": [GROUP],
    "onepassword": [
        {"vault": VAULT, "item": ITEM, "field": FIELD},
        {"vault": "blumeops-ci", "item": "zot-ci", "field": "api-key"},
    ],
}
# It overwrites tags of its own repositories, and no other key of it may live.
TALOS: dict[str, Any] = {
    "username": "ci-zot-talos",
    "groups": ["ci-talos"],
    "rights": ["create", "update"],
    "probeRepository": "talos/probe",
    "probeTag": "v1",
    "exclusive": True,
    "onepassword": {"vault": VAULT, "item": ITEM, "field": "ci-zot-talos-api"},
    "forgejo": [{"repository": "eblume/talos", "secret": "ZOT_PUSH_API_KEY"}],
}
# One secret at each of two servers, under the same path.
MIRROR: dict[str, Any] = {
    "username": "ci-mirror",
    "groups": [GROUP],
    "onepassword": {"vault": VAULT, "item": ITEM, "field": "ci-mirror-api"},
    "forgejo": [
        {"repository": f"{OWNER}/{REPOSITORY}", "secret": SECRET},
        {"repository": f"{OWNER}/{REPOSITORY}", "secret": SECRET, "server": "codeberg"},
    ],
}


@pytest.fixture
def estate() -> Iterator[Estate]:
    """
    Two forges, two vaults, and a registry in which one group may overwrite the tags of its own repositories.
    """
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    with Estate.start(forgejos=("codeberg",)) as estate:
        estate.onepassword.add_vault("blumeops-ci")
        estate.onepassword.add_item("blumeops-ci", "zot-ci")
        estate.forgejo.add_repo(OWNER, "talos")
        estate.authentik.add_group("ci-talos")
        estate.authentik.applications["zot"].groups.add("ci-talos")
        estate.zot.access.rule("talos/**", {"ci-talos": {"read", "create", "update"}, "sweepers": {"delete"}})
        digest = "sha256:" + 64 * "1"
        probe = Repository(tags={"v1": digest}, manifests={digest: (MANIFEST_TYPE, b"{}")})
        estate.zot.repositories["talos/probe"] = probe
        yield estate


def settings(estate: Estate, *accounts: dict[str, Any]) -> dict[str, Any]:
    """The stack file."""
    return {
        "zot-ci:authentik": {"url": estate.authentik.url},
        "zot-ci:zot": {"url": estate.zot.url},
        "zot-ci:forgejo": {"url": estate.forgejo.url},
        "zot-ci:forgejoServers": {"codeberg": {"url": estate.forgejos["codeberg"].url}},
        "zot-ci:accounts": list(accounts),
    }


def credentials(estate: Estate) -> dict[str, str]:
    """Each forge has a token of its own, and the vaults have one."""
    names = ("AUTHENTIK_TOKEN", "FORGEJO_TOKEN", "OP_CONNECT_HOST")
    return {name: estate.env[name] for name in names} | {
        "FORGEJO_TOKEN_CODEBERG": estate.env["FORGEJO_CODEBERG_TOKEN"],
        "OP_CONNECT_TOKEN": estate.onepassword.add_token([VAULT, "blumeops-ci"]),
    }


def places(estate: Estate) -> dict[str, list[str | None]]:
    """What every place of each account holds."""
    op, forgejo, codeberg = estate.onepassword, estate.forgejo, estate.forgejos["codeberg"]
    return {
        "zot-ci": [op.field(VAULT, ITEM, FIELD), op.field("blumeops-ci", "zot-ci", "api-key")],
        "ci-zot-talos": [
            op.field(VAULT, ITEM, "ci-zot-talos-api"),
            forgejo.value(OWNER, "talos", "ZOT_PUSH_API_KEY"),
        ],
        "ci-mirror": [
            op.field(VAULT, ITEM, "ci-mirror-api"),
            forgejo.value(OWNER, REPOSITORY, SECRET),
            codeberg.value(OWNER, REPOSITORY, SECRET),
        ],
    }


def assert_served(estate: Estate, *usernames: str) -> dict[str, str]:
    """Hold that each account has one live key and that all of its places hold it; return the keys."""
    keys = {}
    for username in usernames:
        [key] = {held for held in places(estate)[username] if held is not None}
        assert None not in places(estate)[username], username
        assert [held.secret for held in estate.zot.of(username)] == [key], username
        keys[username] = key
    return keys


def done(run: Run, *sentences: str, code: int = 0) -> None:
    """Hold that a command ended so, and said all of that."""
    assert run.code == code, run.text
    assert [sentence for sentence in sentences if sentence not in run.text] == [], run.text


@pytest.mark.slow
@pytest.mark.quickly
def test_the_life_of_an_estate_with_one_account_of_each_shape(
    estate: Estate, tmp_path: Path, begun: Callable[[Stack], Stack]
) -> None:
    """First `up`, drift, rotation, a consumer removed, an identity retired."""
    everybody = ("zot-ci", "ci-zot-talos", "ci-mirror")
    stack = begun(Stack(tmp_path, credentials(estate), settings(estate, READER, TALOS, MIRROR)))

    done(stack.up())
    first = assert_served(estate, *everybody)
    assert stack.outputs()["ci-zot-talos"]["access"] == "can create, can update, cannot delete"
    done(stack.preview())

    # Somebody makes a key of the exclusive account and gives it another right, edits the copy in the other vault, and
    # deletes the secret at the other server.
    theirs = estate.zot.mint("ci-zot-talos", "by hand", groups=["ci-talos", "sweepers"])
    estate.onepassword.set_field("blumeops-ci", "zot-ci", "api-key", "edited")
    estate.forgejos["codeberg"].delete_value(OWNER, REPOSITORY, SECRET)
    born = f"created {estate.clock.now():%Y-%m-%d}"
    done(
        stack.preview(),
        "zot API key of ci-zot-talos: can delete, which the settings do not expect",
        "zot keys of ci-zot-talos: 1 key with another label, and the account is exclusive: by hand (",
        born,
        "1Password field blumeops-ci/zot-ci/api-key: holds another value",
        f"Forgejo secret {OWNER}/{REPOSITORY}/{SECRET}@codeberg: not found",
        code=7,
    )
    done(stack.up())
    second = assert_served(estate, *everybody)
    assert second["zot-ci"] == first["zot-ci"]
    assert not estate.zot.accepts("ci-zot-talos", theirs)
    done(stack.preview())

    estate.clock.advance(days=91)
    done(stack.up())
    assert not set(assert_served(estate, *everybody).values()) & {*first.values(), *second.values()}

    # Consumers leave: the field in the other vault was made here, and so goes, and the other server's secret.
    reader = READER | {"onepassword": READER["onepassword"][:1]}
    mirror = MIRROR | {"forgejo": MIRROR["forgejo"][:1]}
    stack.configure(settings(estate, reader, TALOS, mirror))
    done(stack.up())
    assert [held is None for held in places(estate)["zot-ci"]] == [False, True]
    assert [held is None for held in places(estate)["ci-mirror"]] == [False, False, True]
    done(stack.preview())

    # Two identities are retired, one of which somebody else has a key of.
    estate.zot.mint("ci-mirror", "a person's", groups=[GROUP])
    stack.configure(settings(estate, reader))
    done(stack.up(), "left account ci-mirror", "a person's (")
    assert "ci-zot-talos" not in estate.authentik.users
    assert "ci-mirror" in estate.authentik.users
    assert [held.label for held in estate.zot.of("ci-mirror")] == ["a person's"]
    assert estate.zot.of("ci-zot-talos") == []
    assert [held for name in everybody[1:] for held in places(estate)[name] if held] == []
    done(stack.preview())


def test_a_kill_between_the_end_of_the_key_and_that_of_the_account_leaves_the_account(
    behind_proxies: Prepared, tmp_path: Path
) -> None:
    """The evidence that no live key of that name is left died with the run, and no live key can ask for it again."""
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    stack = behind_proxies.stack(IN_SYNC, tmp_path)
    estate = behind_proxies.world.estate
    destroy = stack.begin("destroy", "--yes", "--skip-preview")
    killed: list[bool] = []

    def kill() -> None:
        # The probe of a key's rights is a DELETE, too.
        asked = [f"{call.system} {call.method}" for call in estate.log if not call.path.startswith("/v2/")]
        # authentik is asked for the account, to delete it, when the key has been revoked.
        if not killed and "zot DELETE" in asked and "authentik GET" in asked[asked.index("zot DELETE") :]:
            killed.append(True)
            kill_session(destroy)

    estate.log.clear()
    behind_proxies.proxies.plan = Plan(after=kill)
    stack.finish(destroy)
    assert killed
    assert estate.zot.of("zot-ci") == []
    done(stack.cancel())

    done(stack.destroy(), "left account zot-ci", "this run has not seen that no live key has its name")
    assert "zot-ci" in estate.authentik.users
