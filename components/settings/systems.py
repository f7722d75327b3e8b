"""
The settings of the systems: where each one is, and where its token is kept. No credential is among them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator

from .reference import StoredToken
from .values import ImageRepository, ImageTag, SettingsModel, Text, TokenReference, Url

_SERVER = re.compile(r"[a-z][a-z0-9-]{0,38}")


def _server_name(value: str) -> str:
    # It becomes part of a variable's name, FORGEJO_TOKEN_…; with `_` beside `-` two names would give one variable.
    if not _SERVER.fullmatch(value):
        msg = "must be a short name of small letters, digits and -, a letter first: an account's place names it"
        raise ValueError(msg)
    return value


ServerName = Annotated[str, AfterValidator(_server_name)]


class AuthentikSettings(SettingsModel):
    """
    authentik. Its token: `AUTHENTIK_TOKEN`, or the 1Password field that *token* refers to.
    """

    url: Url
    token: TokenReference | None = None


class ZotSettings(SettingsModel):
    """
    The registry, zot's name for authentik, and where a key's access is probed.
    """

    url: Url
    oidc_provider: Text = "oidc"
    probe_repository: ImageRepository = "zot-ci-access-probe"
    probe_tag: ImageTag | None = None


class ForgejoSettings(SettingsModel):
    """
    Forgejo or Gitea. Its token: `FORGEJO_TOKEN`, or the 1Password field that *token* refers to. One of
    `forgejoServers` has a variable of its own, `FORGEJO_TOKEN_<NAME>`.
    """

    url: Url
    token: TokenReference | None = None


Backend = Literal["connect", "serviceAccount", "cli"]
BACKENDS: tuple[str, ...] = get_args(Backend)


class OnePasswordSettings(SettingsModel):
    """
    The backend that reaches 1Password, where the environment should not choose it.
    """

    access: Backend | None = None


@dataclass(frozen=True)
class ForgejoServer:
    """
    One Forgejo or Gitea server, as a resource is told of it.

    Args:
        url: where it is.
        name: its name in `forgejoServers`; empty for the one of `forgejo`.
        token: where its token is kept in 1Password; None where the environment has it.
    """

    url: str
    name: str = ""
    token: StoredToken | None = None

    @property
    def variable(self) -> str:
        """
        The environment variable that has the token where 1Password has not.
        """
        own = f"_{self.name.upper().replace('-', '_')}" if self.name else ""
        return f"FORGEJO_TOKEN{own}"
