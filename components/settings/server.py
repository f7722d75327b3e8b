"""
One Forgejo or Gitea server, as resources get it from the settings.
"""

from __future__ import annotations

import msgspec

from .reference import StoredToken


class ForgejoServer(msgspec.Struct, frozen=True):
    """
    One Forgejo or Gitea server, as resources get it from the settings.

    Args:
        url: where it is.
        name: its name in `forgejoServers`; empty for the one of `forgejo`.
        token: where its token is kept in 1Password; None if the environment has it.
    """

    url: str
    name: str = ""
    token: StoredToken | None = None

    @property
    def variable(self) -> str:
        """
        The environment variable for a token that is not in 1Password.
        """
        own = f"_{self.name.upper().replace('-', '_')}" if self.name else ""
        return f"FORGEJO_TOKEN{own}"
