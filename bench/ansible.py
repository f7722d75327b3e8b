"""
The playbook that an `up` is compared with: ansible-core in an environment of its own, by `tools/build.sh ansible`.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.engine.stack import ROOT

_BIN = ROOT / ".tools" / "ansible" / "bin"


def playbook(folder: Path, url: str, repository: str, secrets: Mapping[str, str]) -> Path:
    """
    Write the playbook, JSON being YAML: one task that loops over the *secrets*. The token comes from the environment.
    """
    task = {
        "name": "write the secret",
        "ansible.builtin.uri": {
            "url": f"{url}/api/v1/repos/{repository}/actions/secrets/{{{{ item.name }}}}",
            "method": "PUT",
            "headers": {"Authorization": "token {{ lookup('env', 'FORGEJO_TOKEN') }}"},
            "body_format": "json",
            "body": {"data": "{{ item.value }}"},
            "status_code": [201, 204],
        },
        "loop": [{"name": name, "value": value} for name, value in secrets.items()],
        "no_log": True,
    }
    # Its own Python, and not the newest that this machine has a name for.
    variables = {"ansible_python_interpreter": str(_BIN / "python")}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": [task]}
    file = folder / "secrets.yaml"
    file.write_text(json.dumps([play]))
    return file


def seconds(file: Path, token: str) -> float:
    """
    Run the playbook; return its seconds.

    Raises:
        RuntimeError: it failed.
    """
    home = file.parent / "ansible"
    home.mkdir(exist_ok=True)
    env = {**os.environ, "FORGEJO_TOKEN": token, "ANSIBLE_HOME": str(home), "LC_ALL": "C.UTF-8"}
    env["PATH"] = f"{_BIN}{os.pathsep}{env['PATH']}"
    started = time.perf_counter()
    command = ["ansible-playbook", "-i", "localhost,", str(file)]
    run = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(run.stdout[-2000:] + run.stderr[-2000:])
    return time.perf_counter() - started


def version() -> str:
    """
    Return ansible-core's version.
    """
    statement = "from importlib.metadata import version; print(version('ansible-core'))"
    return subprocess.run(
        [str(_BIN / "python"), "-c", statement], capture_output=True, text=True, check=True
    ).stdout.strip()
