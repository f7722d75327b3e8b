"""
The settings of the systems: the address of each, and where its token is kept, but never the token itself.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator

from .values import ImageRepository, ImageTag, SettingsModel, Text, TokenReference, Url

_SERVER = re.compile(r"[a-z][a-z0-9-]{0,38}")


def _server_name(value: str) -> str:
    # It becomes part of a variable's name, FORGEJO_TOKEN_…; if `_` were allowed, too, two names could give one
    # variable.
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
    The backend that reaches 1Password, if the environment is not to choose it.
    """

    access: Backend | None = None
