"""
A locale that is not UTF-8, made as a distribution does.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_SOURCE = Path("/usr/share/i18n/locales/de_DE")


@pytest.fixture(scope="session")
def latin_1(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """
    The environment of somebody whose locale is de_DE.ISO-8859-1; skips the test where no locale can be made.
    """
    if not shutil.which("localedef") or not _SOURCE.exists():
        pytest.skip("no localedef with the sources of locales: the package `locales` has them")
    folder = tmp_path_factory.mktemp("locales")
    subprocess.run(
        ["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(folder / "de_DE.ISO-8859-1")],
        check=True,
        capture_output=True,
    )
    env = {"LOCPATH": str(folder), "LC_ALL": "de_DE.ISO-8859-1"}
    asked = "import sys; print(sys.getfilesystemencoding())"
    run = subprocess.run([sys.executable, "-c", asked], env=env, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "iso8859-1"
    return env
