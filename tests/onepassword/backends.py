"""
The three 1Password backends, over the same embedded vaults: what each one needs in the environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.estate import Estate
from tests.estate.onepassword.standins import sdk_core

# The fields of the item that all of them are tried on.
FIELDS = (
    ("zot-ci-api", "before", "CONCEALED"),
    ("other", "a secret: “ü” \\ \" 'x'\n second line ", "CONCEALED"),
    ("empty", "", "STRING"),
    ("site", "https://example.test", "URL", "links"),
    ("token", "the one in the section", "CONCEALED", "api"),
    ("token", "the other one", "CONCEALED", "old"),
)

STANDINS = Path(__file__).parents[1] / "estate/onepassword/standins"


@dataclass(frozen=True)
class Backend:
    """
    One of the three.

    Args:
        access: the setting's word for it.
        via: what an output says when it is in use.
    """

    access: str
    via: str

    def environment(self, estate: Estate, folder: Path, env: Mapping[str, str]) -> dict[str, str]:
        """
        Return *env* with what this backend needs, and nothing of another backend.

        Args:
            folder: for the `op` that is put on PATH.
        """
        token = estate.onepassword.add_token(["blumeops"])
        plain = {name: value for name, value in env.items() if not name.startswith("OP_")}
        plain["PATH"] = _without_op(env.get("PATH", os.defpath))
        url = estate.onepassword.url
        if self.access == "connect":
            return plain | {"OP_CONNECT_HOST": url, "OP_CONNECT_TOKEN": token}
        if self.access == "serviceAccount":
            return plain | {"OP_SERVICE_ACCOUNT_TOKEN": token, "OP_STANDIN_URL": url, "PYTHONPATH": str(STANDINS)}
        put_op_into(folder / "bin")
        path = os.pathsep.join([str(folder / "bin"), plain["PATH"]])
        argv = str(folder / "op-argv")
        return plain | {"PATH": path, "OP_STANDIN_TOKEN": token, "OP_STANDIN_URL": url, "OP_STANDIN_ARGV": argv}


CONNECT = Backend("connect", "1Password Connect")
SERVICE_ACCOUNT = Backend("serviceAccount", "1Password service account")
CLI = Backend("cli", "1Password CLI")
BACKENDS = (CONNECT, SERVICE_ACCOUNT, CLI)


def put_op_into(folder: Path) -> None:
    """
    Put the stand-in `op` into a folder for PATH.
    """
    folder.mkdir(exist_ok=True)
    op = folder / "op"
    source = (STANDINS / "op.py").read_text(encoding="utf-8")
    op.write_text(f"#!{sys.executable} -IS\n{source}", encoding="utf-8")
    op.chmod(0o755)


def _without_op(path: str) -> str:
    """
    Whoever runs the tests may have a real `op`: no test starts it.
    """
    return os.pathsep.join(part for part in path.split(os.pathsep) if not (Path(part) / "op").exists())


def enter(monkeypatch: pytest.MonkeyPatch, backend: Backend, estate: Estate, folder: Path) -> None:
    """
    Give this process what *backend* needs. *folder* is for the `op` that is put on PATH.
    """
    for name, value in backend.environment(estate, folder, {"PATH": os.environ["PATH"]}).items():
        monkeypatch.setenv(name, value)
    sdk_core.install()
