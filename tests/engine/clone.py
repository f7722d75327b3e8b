"""
This repository as somebody has it who has just cloned it, with the programs that `make tools` would fetch or build.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.engine.stack import ROOT

PARTS = (
    "__main__.py",
    "Makefile",
    "Pulumi.yaml",
    "requirements.lock",
    "components",
    "scripts",
    "tools",
    "examples",
)
# `make` of a machine that keeps what `make tools` installed, which would take minutes; the rest of it runs.
_MAKE = """#!/bin/sh
touch .venv/installed
exec {make} "$@"
"""


def clone(project: Path) -> None:
    """
    Copy the program into *project*, with the Python packages in a .venv of its own and no stack file.
    """
    project.mkdir(parents=True)
    (project / "stacks").mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, project / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, project / part)
    real = Path(sys.executable).parents[1]
    ours = project / ".venv"
    (ours / "bin").mkdir(parents=True)
    for program in (real / "bin").iterdir():
        (ours / "bin" / program.name).symlink_to(program)
    (ours / "lib").symlink_to(real / "lib")
    shutil.copy(real / "pyvenv.cfg", ours)
    # Its own folder, where the script would put that of the environment it was made for.
    script = (real / "bin/activate").read_text(encoding="utf-8").replace(str(real), str(ours))
    (ours / "bin/activate").unlink()
    (ours / "bin/activate").write_text(script, encoding="utf-8")


def make_without_fetching(folder: Path) -> None:
    """
    Put a `make` into *folder*, for the front of PATH, that takes the packages of the clone's .venv for installed.
    """
    folder.mkdir(parents=True)
    make = folder / "make"
    make.write_text(_MAKE.format(make=shutil.which("make")), encoding="utf-8")
    make.chmod(0o755)
