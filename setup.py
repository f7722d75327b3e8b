"""
What pyproject.toml cannot say of the package `zot_ci`: files from outside its folders.
"""

from __future__ import annotations

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


class Build(build_py):
    """
    Copies the packages, the program and the files that `new` needs.
    """

    def run(self) -> None:
        """Build, then add the files."""
        super().run()
        package = Path(self.build_lib) / "zot_ci"
        shutil.copy(HERE / "__main__.py", package / "program.py")
        kept = package / "watch" / "kept"
        kept.mkdir(exist_ok=True)
        for file in KEPT:
            shutil.copy(HERE / file, kept)


setup(cmdclass={"build_py": Build})
