"""
What pyproject.toml cannot say of the package `zot_ci`: files from outside its folders, and the name it goes by inside.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
# What `zot-ci new` makes a repository of; here each has a place of its own.
WORKFLOWS = ("drift", "preview", "up", "verify")
KEPT = (
    "requirements.lock",
    "requirements-extras.lock",
    *(f"examples/workflows/{name}.yaml" for name in WORKFLOWS),
)
# A checkout calls the package by its folder's name. Two names in one process were two copies of what a run remembers.
NAME = re.compile(r"""(^\s*from |^\s*import |find_spec\(")components\b""", re.MULTILINE)


class Build(build_py):
    """
    Copies the packages, the program and the files that `new` needs.
    """

    def run(self) -> None:
        """Build, then give the package its one name."""
        super().run()
        package = Path(self.build_lib) / "zot_ci"
        shutil.copy(HERE / "__main__.py", package / "program.py")
        kept = package / "watch" / "kept"
        kept.mkdir(exist_ok=True)
        for file in KEPT:
            shutil.copy(HERE / file, kept)
        for module in [package / "program.py", *(package / "watch").glob("*.py")]:
            module.write_text(NAME.sub(r"\1zot_ci", module.read_text(encoding="utf-8")), encoding="utf-8")


setup(cmdclass={"build_py": Build})
