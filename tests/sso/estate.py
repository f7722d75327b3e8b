"""
A stack with single sign-on: the embedded systems for its account, and the stand-in plugins on PATH.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.stack import ROOT, Stack
from tests.settings.given import SSO
from tests.sso.plugin import CREDENTIALS, Objects
from tests.world import World, credentials


@dataclass(frozen=True)
class Estate:
    """
    A stack with `zot-ci:sso`, and what the two vendors' servers hold.
    """

    world: World
    stack: Stack
    authentik: Objects
    onepassword: Objects

    def configure(self, sso: dict[str, Any] | None) -> None:
        """
        Write the stack file with this `sso`, or without any.
        """
        self.stack.configure(self.world.config() | ({} if sso is None else {"zot-ci:sso": sso}))

    def held(self) -> dict[str, dict[str, dict[str, Any]]]:
        """
        All that the two vendors' servers hold: properties by type and id.
        """
        return self.authentik.all() | self.onepassword.all()

    def only(self, kind: str) -> dict[str, Any]:
        """
        The one object of that type.
        """
        (properties,) = self.held()[kind].values()
        return properties


def start(world: World, folder: Path) -> Estate:
    """
    A stack before its first `up`. The engine finds the stand-ins where it would find the vendors' plugins: on PATH.
    """
    programs, held = folder / "plugins", folder / "held"
    programs.mkdir()
    held.mkdir()
    for name in CREDENTIALS:
        program = programs / f"pulumi-resource-{name}"
        line = f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -m tests.sso.plugin {program.name}'
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
    env = credentials(world) | {"AUTHENTIK_URL": world.authentik_url, "STAND_IN_FOLDER": str(held)}
    stack = Stack(folder / "stack", env, world.config() | {"zot-ci:sso": SSO})
    stack.env["PATH"] = os.pathsep.join([str(programs), stack.env["PATH"]])
    return Estate(world, stack, Objects(held / "terraform-provider.json"), Objects(held / "onepassword.json"))
