"""
The package as others have it: the wheel, and an environment into which it is installed with no source in reach.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What is handed on by the source archive.
SOURCES = (
    *("__main__.py", "components", "examples", "scripts", "tools", "LICENSE", "README.md", "CHANGELOG.md"),
    *("MANIFEST.in", "SECURITY.md", "pyproject.toml", "setup.py", "requirements.lock", "requirements-extras.lock"),
)


@dataclass(frozen=True)
class Installed:
    """
    An environment that has the wheel: its interpreter's folder, and the wheel itself.
    """

    bin: Path
    wheel: Path

    @property
    def env(self) -> dict[str, str]:
        """
        Variables by which the engine, and everything else, finds this environment first.
        """
        path = os.pathsep.join([str(self.bin), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        return {"PATH": path}


def built(folder: Path) -> Path:
    """
    Build the package in *folder*, as `make dist` does; return the folder of what was built, the sources being away.
    """
    sources = folder / "sources"
    sources.mkdir(parents=True)
    for part in SOURCES:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, sources / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, sources / part)
    command = [str(sources / "tools/dist.sh"), str(Path(sys.executable).parent)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    shutil.move(sources / "dist", folder / "dist")
    shutil.rmtree(sources)
    return folder / "dist"


def installed(folder: Path, dist: Path) -> Installed:
    """
    Install the wheel in *dist* into a new environment in *folder*. What it needs comes from the tests' own packages.
    """
    (wheel,) = dist.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (own / "packages_of_the_tests.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(folder / "bin/python")]
    command = [*pip, "install", "--quiet", "--no-index", "--no-deps", "--force-reinstall", str(wheel)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    return Installed(folder / "bin", wheel)
