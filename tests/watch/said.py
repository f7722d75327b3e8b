"""
The engine's output about a stack, as it was measured with the engine 3.250 and shortened to what scripts/watch reads.

    Said().account("zot-ci", changes={"zot:ApiKey": "replace"}, facts={"zot:ApiKey": {"age_days": 91.0}}).status()

`tests/engine/test_watched.py` holds the form to the real engine.
"""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.watch.document import Status
from scripts.watch.gathering import gather
from scripts.watch.look import take_apart
from scripts.watch.proofs import Proof, Round, Verified
from zot_ci.http.token_expiry import TokenExpiry

NOW = datetime(2027, 1, 10, 12, 0, tzinfo=UTC)
BORN = NOW - timedelta(days=40)
UUID = "35ba6b56-845c-4a45-86b8-4b210749f417"
OLDER = "69ab388a-c74a-4b5e-b5be-ff6711a1dbfe"
FIELD_NAME, SECRET_NAME = "blumeops/Forgejo Secrets/zot-ci-api", "eblume/blumeops/ZOT_CI_API_KEY"
# What the state holds in place of a secret, and what a preview shows.
CIPHER, SHOWN = {"4dabf18193072939515e22adb298388d": "1b47", "ciphertext": "v1:abc"}, "[secret]"
URLS = {"authentik": "https://authentik.test", "zot": "https://registry.test", "forgejo": "https://forge.test"}
# The word of the engine for a value that is not known yet.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


# What the state holds of a canary that succeeded in an `up`.
PROOF = {"key_uuid": UUID, "at": (BORN + timedelta(seconds=4)).isoformat()}


def verified(
    result: str = "works", why: str = "", *, account: str = "zot-ci", proven: Proof | None = None, days_ago: float = 0.4
) -> Round:
    """
    What a `verify` found of the one secret of an account, proven in this round where it works.
    """
    at = NOW - timedelta(days=days_ago)
    own = Proof(at, UUID) if result == "works" else proven
    one = Verified(account, URLS["forgejo"], SECRET_NAME, result, why, None, at, own)
    return Round("homelab", at, at + timedelta(minutes=2), [one])


def properties(username: str) -> dict[str, dict[str, Any]]:
    """
    What the state holds of an account, by kind.
    """
    return {
        "authentik:ServiceAccount": {
            "authentik_url": URLS["authentik"],
            "username": username,
            "groups": ["artifact-workloads"],
            "condition": "current",
        },
        "zot:ApiKey": {
            "zot_url": URLS["zot"],
            "username": username,
            "uuid": UUID,
            "label": f"zot-ci/homelab/{username}",
            "created_at": BORN.isoformat(),
            "expires_at": (BORN + timedelta(days=120)).isoformat(),
            "last_used": "2027-01-09",
            "age_days": 33.0,
            "access": "can create, cannot delete",
            "fits_ci": True,
            "refused": "",
            "rotate_after_days": 90,
            "other_keys": [],
            "condition": "current",
            "api_key": SHOWN,
        },
        "onepassword:ItemField": {
            "vault": "blumeops",
            "item": "Forgejo Secrets",
            "field": "zot-ci-api",
            "via": "1Password Connect",
            "key_uuid": UUID,
            "condition": "current",
            "value": SHOWN,
        },
        "forgejo:ActionsSecret": {
            "forgejo_url": URLS["forgejo"],
            "repository": "eblume/blumeops",
            "secret": "ZOT_CI_API_KEY",
            "key_uuid": UUID,
            "condition": "current",
            "value": SHOWN,
        },
        "zot:RetiredKeys": {
            "zot_url": URLS["zot"],
            "username": username,
            "key_uuid": UUID,
            "retire_after_days": 0,
            "stale": [],
            "still_used": [],
            "condition": "current",
            "api_key": SHOWN,
        },
    }


class Said:
    """
    What the engine says of a stack, put together account by account.
    """

    def __init__(self, name: str = "homelab") -> None:
        self.name = name
        self.state: dict[str, Any] = {"deployment": {"resources": [self._root()]}}
        self.preview: dict[str, Any] = {"steps": [], "diagnostics": []}
        self.history: list[dict[str, Any]] = []
        self.code = 0

    def account(
        self,
        username: str = "zot-ci",
        *,
        changes: dict[str, str] | None = None,
        facts: dict[str, dict[str, Any]] | None = None,
        wanted: dict[str, dict[str, Any]] | None = None,
        known: bool = True,
    ) -> Said:
        """
        One account: *facts* are what the look read, *wanted* what the program gives now, *known* to the state or not.
        """
        component = f"urn:pulumi:{self.name}::zot-ci::zot-ci:index:RegistryCredential::{username}"
        for kind, held in properties(username).items():
            urn = self.urn(kind, username)
            change = "create" if not known else (changes or {}).get(kind, "same")
            new = {"parent": component, "inputs": held | {"key_uuid": UNKNOWN} | (wanted or {}).get(kind, {})}
            step: dict[str, Any] = {"op": change, "urn": urn, "newState": new}
            if known:
                stored = {name: CIPHER if value == SHOWN else value for name, value in held.items()}
                resource = {"urn": urn, "type": f"pulumi-python:dynamic/{kind}", "parent": component}
                times = {"modified": (BORN + timedelta(seconds=5)).isoformat().replace("+00:00", ".242850488Z")}
                self.state["deployment"]["resources"].append(resource | times | {"outputs": stored})
                old = {"parent": component, "outputs": held}
                self.preview["steps"].append({"op": "refresh", "urn": urn, "oldState": old, "newState": old})
                step["oldState"] = {"parent": component, "outputs": held | (facts or {}).get(kind, {})}
            self.preview["steps"].append(step)
        return self

    def urn(self, kind: str, username: str = "zot-ci") -> str:
        """
        The URN of the one resource of that kind of an account.
        """
        component = "zot-ci:index:RegistryCredential"
        return f"urn:pulumi:{self.name}::zot-ci::{component}$pulumi-python:dynamic/{kind}::{username}-{kind}"

    def sentences(self, *lines: str) -> Said:
        """
        What the preview says beside its steps.
        """
        self.preview["diagnostics"] += [{"message": f"{line}\n\n", "severity": "info#err"} for line in lines]
        return self

    def fails(self, line: str, kind: str | None = None, username: str = "zot-ci") -> Said:
        """
        The preview fails, for one resource or for none: it then has the steps of the refresh only.
        """
        self.code = 1
        self.preview["steps"] = [step for step in self.preview["steps"] if step["op"] == "refresh"]
        about = {"urn": self.urn(kind, username)} if kind else {}
        self.preview["diagnostics"].append(about | {"message": f"error: {line}\n", "severity": "error"})
        return self

    def credential(self, *, days: float, name: str = "AUTHENTIK_TOKEN", others: int = 0) -> Said:
        """
        One of the program's own credentials, as a look is told of it.
        """
        hint = f"make a new token in authentik, as an API token of the same account, and put it into {name}"
        expiry = TokenExpiry(name, "authentik", URLS["authentik"], NOW + timedelta(days=days), hint, others)
        return self.sentences(expiry.fact(NOW))

    def up(self, *, days_ago: float, result: str = "succeeded", kind: str = "update", **changes: int) -> Said:
        """
        One entry of the history; the engine shows the newest first.
        """
        start = (NOW - timedelta(days=days_ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        entry = {"kind": kind, "startTime": start, "endTime": start, "result": result, "resourceChanges": changes}
        self.history.insert(0, entry)
        return self

    def status(self, now: datetime = NOW, verified: Round | None = None) -> Status:
        """
        The document that is made of all this, and of what a `verify` found.
        """
        preview = subprocess.CompletedProcess([], self.code, json.dumps(self.preview), "")
        return gather(self.name, take_apart(self.state, preview, self.history), now, verified)

    def _root(self) -> dict[str, Any]:
        urn = f"urn:pulumi:{self.name}::zot-ci::pulumi:pulumi:Stack::zot-ci-{self.name}"
        return {"urn": urn, "type": "pulumi:pulumi:Stack", "outputs": {"accounts": {}}}
