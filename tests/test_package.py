"""
The wheel, in an environment of its own with no source in reach.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.wheel import ROOT, Installed, built
from zot_ci.version import VERSION

# The wheel is built once for all of them.
pytestmark = pytest.mark.xdist_group("package")


def _python(package: Installed, code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(package.bin / "python"), "-c", code]
    return subprocess.run(command, cwd=folder, env=package.env, capture_output=True, text=True, check=False)


def _zot_ci(
    package: Installed, folder: Path, *arguments: str, command: str = "zot-ci"
) -> subprocess.CompletedProcess[str]:
    line = [str(package.bin / command), *arguments]
    env = package.env | {"PULUMI_BACKEND_URL": "file:///nowhere", "HOME": str(folder)}
    return subprocess.run(line, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=60)


def test_one_process_runs_all_tests_of_a_group(request: pytest.FixtureRequest) -> None:
    """Else each process builds a wheel of its own, and starts a Gitea of its own."""
    if not request.config.getoption("loadgroup", False):
        pytest.skip("needs pytest-xdist's --dist loadgroup, as make has it")
    assert request.node.nodeid.endswith("@package")


def test_the_packages_are_all_listed() -> None:
    """One that is forgotten in pyproject.toml is missing in every installation."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(ROOT / "components") for path in (ROOT / "components").rglob("__init__.py")}

    assert set(listed) == {".".join(["zot_ci", *folder.parts]) for folder in folders} | {"zot_ci.watch"}


def test_the_wheel_has_every_module_and_says_that_it_has_types(package: Installed) -> None:
    """And nothing of the tests."""
    names = set(zipfile.ZipFile(package.wheel).namelist())
    modules = {
        f"{target}/{path.relative_to(ROOT / source)}"
        for source, target in (("components", "zot_ci"), ("scripts/watch", "zot_ci/watch"))
        for path in (ROOT / source).rglob("*.py")
    }

    assert modules | {"zot_ci/program.py"} == {name for name in names if name.endswith(".py")}
    assert "zot_ci/py.typed" in names
    assert package.wheel.name == f"zot_ci-{VERSION}-py3-none-any.whl"


def test_the_same_tree_gives_the_same_wheel(package: Installed, tmp_path: Path) -> None:
    """Its hash is in people's requirements: whoever builds the tag can see that the release is that."""
    (again,) = built(tmp_path / "again").glob("*.whl")

    assert again.read_bytes() == package.wheel.read_bytes()


def test_every_module_imports_by_its_one_name(package: Installed, tmp_path: Path) -> None:
    """And by that alone, with the sources out of reach."""
    code = """
import importlib, importlib.util, pkgutil, sys
import zot_ci
assert importlib.util.find_spec("components") is None
leave = {"zot_ci.program", "zot_ci.registry_sso"}  # a program runs; the other one's packages are an extra
names = [one.name for one in pkgutil.walk_packages(zot_ci.__path__, "zot_ci.") if one.name not in leave]
for name in names:
    importlib.import_module(name)
print(len(names), zot_ci.__file__)
assert not [name for name in sys.modules if name.partition(".")[0] in ("components", "scripts")]
"""
    run = _python(package, code, tmp_path)

    assert run.returncode == 0, run.stderr
    count, where = run.stdout.split()
    assert int(count) > 100
    assert Path(where).is_relative_to(package.bin.parent)


def test_the_command_says_its_version(package: Installed, tmp_path: Path) -> None:
    """What a report should begin with; from the one place that has it."""
    run = _zot_ci(package, tmp_path, "--version")

    assert (run.returncode, run.stdout) == (0, f"zot-ci {VERSION}\n")


def test_outside_a_project_one_line_says_where_to_go(package: Installed, tmp_path: Path) -> None:
    """Not the engine's, and not a path in the environment of the package."""
    run = _zot_ci(package, tmp_path, "check")

    said = f"stack: no Pulumi.yaml in {tmp_path} or above it: go to your stack's folder, or make one: zot-ci new DIR\n"
    assert (run.returncode, run.stdout, run.stderr) == (1, "", said)


def test_the_project_is_the_nearest_one_above_as_for_the_engine(package: Installed, tmp_path: Path) -> None:
    """The stack file in it is the one that is read."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "deep" / "down").mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: zot-ci\nruntime: python\nstackConfigDir: stacks\n")
    (tmp_path / "stacks/Pulumi.homelab.yaml").write_text("config: {zot-ci:accounts: 3}\n")

    run = _zot_ci(package, tmp_path / "deep/down", "check")

    assert run.returncode == 1
    assert "zot-ci:accounts" in run.stderr
    assert "Traceback" not in run.stderr


def test_an_older_python_is_one_line() -> None:
    """Whoever calls the script by the system's own; the file itself can be read by it."""
    script = ROOT / "scripts/stack.py"
    ast.parse(script.read_text(encoding="utf-8"), feature_version=(3, 8))
    code = f"import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path({str(script)!r}, run_name='__main__')"

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)

    assert run.returncode == 1
    assert run.stderr.startswith("stack: Python 3.11 or newer is needed, and this is ")
    assert run.stderr.count("\n") == 1
