"""
The login's tests run at servers that the environment names: here an authentik as its vendor ships it, and a zot beside
it, in a process of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.estate import Estate

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("AUTHENTIK_URL", "AUTHENTIK_TOKEN", "AUTHENTIK_ADMIN_TOKEN", "ZOT_URL")

pytestmark = pytest.mark.embedded


def test_the_login_is_tested_at_servers_by_url_and_no_test_is_skipped() -> None:
    """A suite that skips them there finds nothing that a real server does otherwise."""
    with Estate.start(only=("authentik", "zot")) as estate:
        estate.authentik.mfa, estate.authentik.remember_me = "skip", True
        named = {f"ZOT_CI_TEST_{name}": estate.env[name] for name in NAMES}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs", "tests/zot/test_login.py"]
        run = subprocess.run(command, cwd=ROOT, env=os.environ | named, capture_output=True, text=True, timeout=240)

    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
    assert "skipped" not in run.stdout
