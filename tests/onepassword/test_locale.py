"""
The names that `op` is given, in a locale that is not UTF-8.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.locales import latin_1 as latin_1

ROOT = Path(__file__).resolve().parents[2]
NAME = "Büro → 🔑"
_PROGRAM = f"""\
from zot_ci.onepassword.cli import Cli
Cli()._run("vault get", "a vault", {NAME!a})
"""


def test_op_gets_names_as_utf_8(tmp_path: Path, latin_1: dict[str, str]) -> None:
    """A locale without these letters would give it others, or none."""
    op = tmp_path / "op"
    op.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {tmp_path}/argv\nprintf '{{}}'\n")
    op.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    env = latin_1 | {"PATH": path, "HOME": str(tmp_path)}

    subprocess.run([sys.executable, "-c", _PROGRAM], env=env, cwd=ROOT, check=True, timeout=60)

    assert NAME in (tmp_path / "argv").read_text(encoding="utf-8").splitlines()
