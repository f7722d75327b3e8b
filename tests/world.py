"""
The four systems that a test runs against, and what a person with admin rights does to them by hand.

Everything is embedded, unless the environment names real servers: with ZOT_CI_TEST_AUTHENTIK_URL,
ZOT_CI_TEST_AUTHENTIK_TOKEN, ZOT_CI_TEST_AUTHENTIK_ADMIN_TOKEN and ZOT_CI_TEST_ZOT_URL, authentik and zot are those, and
tests marked `embedded`, which need a back door, are skipped. Whatever is done here by hand goes over the systems'
public interfaces and is the same for both.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from tests.estate import Estate
from zot_ci.authentik.api import authentik_at
from zot_ci.zot.api import zot_at
from zot_ci.zot.sign_in import zot_session

VAULT, ITEM, FIELD = "blumeops", "Forgejo Secrets", "zot-ci-api"
OWNER, REPOSITORY, SECRET = "eblume", "blumeops", "ZOT_CI_API_KEY"
GROUP = "artifact-workloads"

# A real server may be slow, and a registry may let a refused key wait.
PATIENCE_SECONDS = 120

REAL_SERVERS = {
    "AUTHENTIK_URL": "ZOT_CI_TEST_AUTHENTIK_URL",
    "AUTHENTIK_TOKEN": "ZOT_CI_TEST_AUTHENTIK_TOKEN",
    "AUTHENTIK_ADMIN_TOKEN": "ZOT_CI_TEST_AUTHENTIK_ADMIN_TOKEN",
    "ZOT_URL": "ZOT_CI_TEST_ZOT_URL",
}


def real_servers() -> dict[str, str]:
    """
    The real authentik and zot that the environment names; empty for none.
    """
    named = {ours: os.environ[theirs] for ours, theirs in REAL_SERVERS.items() if os.environ.get(theirs)}
    if named and len(named) < len(REAL_SERVERS):
        raise RuntimeError(f"for real servers set all of {', '.join(REAL_SERVERS.values())}")
    return named


@dataclass
class World:
    """
    Four systems and their admin.

    *username* is the account under test: `zot-ci`, or a name of its own on real servers, which keep what earlier tests
    did to them.
    """

    estate: Estate
    env: dict[str, str]
    is_embedded: bool
    username: str = "zot-ci"
    admin: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self._direct = {"authentik": self.authentik_url, "zot": self.zot_url} | self.estate.listening
        self.admin = httpx.Client(
            base_url=f"{self._direct['authentik']}/api/v3/core",
            headers={"Authorization": f"Bearer {self.env['AUTHENTIK_ADMIN_TOKEN']}"},
            timeout=PATIENCE_SECONDS,
        )

    @classmethod
    def start(cls, known_as: Mapping[str, str] | None = None) -> World:
        """
        Start what has to be embedded. *known_as* gives the URLs of proxies that stand in front of embedded systems;
        what is done by hand goes past them.
        """
        real = real_servers()
        if not real:
            estate = Estate.start(known_as=known_as)
            return cls(estate, estate.env, is_embedded=True)
        estate = Estate.start(only=("onepassword", "forgejo"))
        return cls(estate, estate.env | real, is_embedded=False, username=f"zot-ci-{secrets.token_hex(4)}")

    def stop(self) -> None:
        """
        End the embedded systems; take the account away from real ones.
        """
        if not self.is_embedded and self.account() is not None:
            self.delete_account()
        self.admin.close()
        self.estate.stop()
        self.estate.check()

    @property
    def authentik_url(self) -> str:
        return self.env["AUTHENTIK_URL"]

    @property
    def zot_url(self) -> str:
        return self.env["ZOT_URL"]

    def config(self, **account: Any) -> dict[str, Any]:
        """
        A stack's settings for the account under test; *account* overrides its keys.
        """
        return {
            "zot-ci:authentik": {"url": self.authentik_url},
            "zot-ci:zot": {"url": self.zot_url},
            "zot-ci:forgejo": {"url": self.env["FORGEJO_URL"]},
            "zot-ci:accounts": [
                {
                    "username": self.username,
                    "groups": [GROUP],
                    "onepassword": {"vault": VAULT, "item": ITEM, "field": FIELD},
                    "forgejo": [{"repository": f"{OWNER}/{REPOSITORY}", "secret": SECRET}],
                }
                | account
            ],
        }

    # The places that hold the key.

    def field(self) -> str | None:
        """
        The field's value.
        """
        return self.estate.onepassword.field(VAULT, ITEM, FIELD)

    def set_field(self, value: str | None) -> None:
        """
        Somebody edits the field, or removes it.
        """
        self.estate.onepassword.set_field(VAULT, ITEM, FIELD, value)

    def secret(self) -> str | None:
        """
        The secret's value, which no real server would show.
        """
        return self.estate.forgejo.value(OWNER, REPOSITORY, SECRET)

    # The account.

    def account(self) -> dict[str, Any] | None:
        """
        The account as an admin sees it.
        """
        found = self._asked("GET", "/users/", params={"username": self.username}).json()["results"]
        return found[0] if found else None

    def groups(self) -> set[str]:
        """
        The names of the account's groups.
        """
        account = self.account()
        assert account is not None
        return {group["name"] for group in account["groups_obj"]}

    def make_account(self, *groups: str, **properties: Any) -> None:
        """
        Somebody makes the account before us.
        """
        body = {"username": self.username, "name": "Made by hand", "type": "service_account", "path": "users"}
        self._asked("POST", "/users/", json=body | {"groups": [self._group(name) for name in groups]} | properties)

    def change_account(self, **properties: Any) -> None:
        """
        Somebody changes the account's properties.
        """
        self._asked("PATCH", f"/users/{self._pk()}/", json=properties)

    def delete_account(self) -> None:
        """
        Somebody deletes the account.
        """
        self._asked("DELETE", f"/users/{self._pk()}/")

    def join(self, group: str) -> None:
        """
        Somebody adds the account to a group.
        """
        self._asked("POST", f"/groups/{self._group(group)}/add_user/", json={"pk": self._pk()})

    def leave(self, group: str) -> None:
        """
        Somebody takes the account out of a group.
        """
        self._asked("POST", f"/groups/{self._group(group)}/remove_user/", json={"pk": self._pk()})

    # The registry.

    def accepts(self, key: str | None) -> bool:
        """
        Whether the registry accepts the key.
        """
        if not key:
            return False
        return self._zot("GET", "/v2/", key).status_code == httpx.codes.OK

    def keys(self, key: str) -> list[dict[str, Any]]:
        """
        The account's keys, as *key* lists them.
        """
        answer = self._zot("GET", "/zot/auth/apikey", key)
        answer.raise_for_status()
        listed: list[dict[str, Any]] = answer.json()["apiKeys"]
        return listed

    def age_days(self) -> float:
        """
        The age of the newest key of the account, by the registry's clock.
        """
        answer = self._zot("GET", "/zot/auth/apikey", self.field() or "")
        answer.raise_for_status()
        now = parsedate_to_datetime(answer.headers["date"])
        born = max(datetime.fromisoformat(listed["createdAt"]) for listed in answer.json()["apiKeys"])
        return (now - born) / timedelta(days=1)

    def ours(self, key: str, stack: str = "test") -> list[str]:
        """
        The uuids of the keys with our label.
        """
        label = f"zot-ci/{stack}/{self.username}"
        return [listed["uuid"] for listed in self.keys(key) if listed["label"] == label]

    def revoke(self, key: str, uuid: str) -> None:
        """
        Somebody revokes a key, as the account's owner can.
        """
        self._zot("DELETE", "/zot/auth/apikey", key, params={"id": uuid}).raise_for_status()

    def mint_by(self, key: str, label: str, expires: str = "2099-01-01T00:00:00Z") -> dict[str, Any]:
        """
        Somebody, or a run that died, makes one more key.
        """
        body = {"label": label, "scopes": [], "expirationDate": expires}
        answer = self._zot("POST", "/zot/auth/apikey", key, json=body)
        answer.raise_for_status()
        minted: dict[str, Any] = answer.json()
        self.estate.secrets.add(minted["apiKey"])
        return minted

    def key_made_by_hand(self, label: str = "by hand") -> str:
        """
        A person signs in to the registry as the account and generates a key in its web page.
        """
        session = zot_session(authentik_at(self.authentik_url), zot_at(self.zot_url), self.username, "oidc").auth
        body = {"label": label, "scopes": [], "expirationDate": "2099-01-01T00:00:00Z"}
        answer = self._zot("POST", "/zot/auth/apikey", session, json=body)
        answer.raise_for_status()
        key = str(answer.json()["apiKey"])
        self.estate.secrets.add(key)
        return key

    def _zot(self, method: str, path: str, auth: str | httpx.Auth, **options: Any) -> httpx.Response:
        """
        Ask the registry by a key or a session.
        """
        url = f"{self._direct['zot']}{path}"
        by = (self.username, auth) if isinstance(auth, str) else auth
        return httpx.request(method, url, auth=by, timeout=PATIENCE_SECONDS, **options)

    def _pk(self) -> int:
        account = self.account()
        assert account is not None
        return int(account["pk"])

    def _group(self, name: str) -> str:
        found = self._asked("GET", "/groups/", params={"name": name, "include_users": "false"}).json()["results"]
        return str(found[0]["pk"])

    def _asked(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = self.admin.request(method, path, **options)
        answer.raise_for_status()
        return answer


def credentials(world: World) -> dict[str, str]:
    """
    What the product reads from its environment.
    """
    names = ("AUTHENTIK_TOKEN", "FORGEJO_TOKEN", "OP_CONNECT_HOST", "OP_CONNECT_TOKEN")
    return {name: world.env[name] for name in names}
