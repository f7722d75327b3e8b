"""
The stack's settings. All faults are found at once, before any system is asked.

Settings say where things are and how they should be. Credentials are no settings: they come from the environment, or
from a 1Password field that a setting names. A message has the key's path and the rule, never the value, which could be
a secret in the wrong place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated

import pydantic
from pydantic import Field

from .account import AccountSettings, SecretSettings
from .accounts_file import AccountsFileError, accounts_in
from .messages import fault_line
from .named import NAMESPACE as NAMESPACE
from .named import parsed
from .reference import StoredToken
from .server import ForgejoServer
from .sso import SsoSettings
from .systems import (
    AuthentikSettings,
    ForgejoSettings,
    OnePasswordSettings,
    ServerName,
    ZotSettings,
)
from .timing import doubts, unfit, without_grace
from .url import normal_form, plain_http_host
from .values import Days, SettingsModel


class SettingsError(Exception):
    """
    The stack's settings cannot be used. The message has one line for each fault.
    """


class Settings(SettingsModel):
    """
    Everything under the namespace `zot-ci:` of a stack file. *up_every_days* says how often a scheduled `up` runs; only
    the other days are checked against it.
    """

    authentik: AuthentikSettings | None = None
    zot: ZotSettings
    forgejo: ForgejoSettings | None = None
    forgejo_servers: Annotated[dict[ServerName, ForgejoSettings], Field(min_length=1, default_factory=dict)]
    onepassword: OnePasswordSettings = OnePasswordSettings()
    accounts: Annotated[list[AccountSettings], Field(min_length=1)]
    up_every_days: Days | None = None
    sso: SsoSettings | None = None

    @pydantic.model_validator(mode="after")
    def _nothing_twice(self) -> Settings:
        if self.authentik is None and any(account.groups for account in self.accounts):
            msg = "authentik is missing, and an account has groups: give its URL, or take the groups out"
            raise ValueError(msg)
        faults = [*self._unfit_servers, *self._unfit_for_sso, *unfit(self.accounts, self.up_every_days)]
        places = [place for account in self.accounts for place in account.places]
        spelled = {place.identity: place.thing for place in reversed(places)}
        named = [f"username {account.username}" for account in self.accounts]
        named += [spelled[place.identity] for place in places]
        twice = [f"{one} is there {count} times" for one, count in Counter(named).items() if count > 1]
        if twice or faults:
            raise ValueError("; ".join([*twice, *faults]))
        return self

    @property
    def authentik_token(self) -> StoredToken | None:
        """
        Where authentik's token is kept in 1Password; None if the environment has it.
        """
        return self._stored(self.authentik.token) if self.authentik else None

    def probe_of(self, account: AccountSettings) -> tuple[str, str | None]:
        """
        Return the repository in which the rights of an *account*'s key are probed, and the tag there or None.
        """
        # The registry's probe tag belongs to the registry's probe repository.
        tag = account.probe_tag or (None if account.probe_repository else self.zot.probe_tag)
        return account.probe_repository or self.zot.probe_repository, tag

    def server_of(self, secret: SecretSettings) -> ForgejoServer:
        """
        Return the server to which *secret* is published.
        """
        name = secret.server or ""
        settings = self._servers[name]
        return ForgejoServer(settings.url, name, self._stored(settings.token))

    @property
    def _servers(self) -> dict[str, ForgejoSettings]:
        """
        Every Forgejo server by its name; the name of the one of `forgejo` is empty.
        """
        return ({"": self.forgejo} if self.forgejo else {}) | self.forgejo_servers

    def _stored(self, reference: str | None) -> StoredToken | None:
        return StoredToken(reference, self.onepassword.access) if reference else None

    @property
    def _unfit_servers(self) -> list[str]:
        known = self._servers
        faults = []
        for account in self.accounts:
            for server in dict.fromkeys(secret.server or "" for secret in account.forgejo):
                if server and server not in known:
                    named = ", ".join(self.forgejo_servers) or "none"
                    faults.append(f"{account.username} names the Forgejo server {server}; forgejoServers has {named}")
                elif server not in known:
                    hint = "give its URL, or name one of forgejoServers as the place's server"
                    faults.append(f"forgejo is missing, and {account.username} has a place there: {hint}")
        # With two names for one server, two places could be the same place.
        urls = Counter(normal_form(server.url) for server in known.values())
        twice = [name or "forgejo" for name, server in known.items() if urls[normal_form(server.url)] > 1]
        return [*faults, *([f"these Forgejo servers have one URL: {', '.join(twice)}"] if twice else [])]

    @property
    def _unfit_for_sso(self) -> list[str]:
        faults = []
        if self.sso and self.authentik is None:
            faults.append("authentik is missing, and sso makes the registry's application there")
        if self.sso and self.zot.oidc_provider != "oidc":
            faults.append("zot.oidcProvider must be oidc with sso: zot takes a custom provider by no other name")
        return faults

    @property
    def doubts(self) -> list[str]:
        """
        A warning for each combination of valid settings that will not work as intended.
        """
        return doubts(self.accounts, self.up_every_days)

    @property
    def without_grace(self) -> list[str]:
        """
        A line for each account that may be polled and has no grace in its settings.
        """
        return without_grace(self.accounts)

    def plain_http(self, *more: str) -> list[str]:
        """
        Return the hosts in the settings and in *more* URLs that are asked without TLS; not this machine itself.
        """
        systems = (self.authentik, self.zot, *self._servers.values())
        urls = [*(system.url for system in systems if system is not None), *more]
        return sorted({host for url in urls if (host := plain_http_host(url))})


def load(config: Mapping[str, str]) -> Settings:
    """
    Return the settings in a stack's configuration as the engine passes it: full keys, structured values as JSON.

    Raises:
        SettingsError: with one line for each fault.
    """
    raw = {key.removeprefix(f"{NAMESPACE}:"): parsed(value) for key, value in config.items() if _is_ours(key)}
    try:
        if "accounts" in raw:
            raw["accounts"] = accounts_in(raw["accounts"])
        return Settings.model_validate(raw)
    except pydantic.ValidationError as exc:
        found = exc.errors(include_url=False, include_input=False)
        faults = [fault_line(fault, Settings, NAMESPACE) for fault in found]
    except AccountsFileError as exc:
        faults = [f"{NAMESPACE}:accounts: {exc}"]
    raise SettingsError("\n".join(["the stack's settings cannot be used:", *faults])) from None


def _is_ours(key: str) -> bool:
    return key.startswith(f"{NAMESPACE}:")
