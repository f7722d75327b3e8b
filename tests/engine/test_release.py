"""
The workflow of a release, run by `act` as a runner does, against a real Gitea: from a tag to a draft with files.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.act import act_or_skip
from tests.gitea import Gitea, gitea_or_skip
from tests.wheel import ROOT

pytestmark = pytest.mark.xdist_group("gitea")

# What builds is tried in tests/test_package.py; here it leaves what the other step takes.
MAKE = """#!/bin/sh
[ -z "$TOKEN$GITHUB_TOKEN" ] || { echo "a token is in reach of what is built"; exit 1; }
mkdir dist && cd dist && touch zot_ci-3.4.5-py3-none-any.whl && echo sums >SHA256SUMS && echo '{}' >zot-ci.cdx.json
"""


def _checkout(folder: Path) -> None:
    (folder / ".forgejo/workflows").mkdir(parents=True)
    shutil.copy(ROOT / ".forgejo/workflows/release.yaml", folder / ".forgejo/workflows")
    (folder / "tools").mkdir()
    shutil.copy(ROOT / "tools/attach.py", folder / "tools")
    who = ["-c", "user.name=tests", "-c", "user.email=tests@example.test", "-c", "commit.gpgsign=false"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "x"], ["tag", "v3.4.5"]):
        subprocess.run(["git", *who, *command], cwd=folder, check=True)


def test_a_tag_becomes_a_draft_with_the_files(tmp_path: Path) -> None:
    """Nobody sees it before a maintainer publishes it; the job's token reaches the one step that needs it."""
    act = act_or_skip()
    _checkout(tmp_path / "checkout")
    for name in ("path", "act"):
        (tmp_path / name).mkdir()
    # Without a file of its own it asks a person which images to use.
    (tmp_path / "act/actrc").touch()
    (tmp_path / "path/make").write_text(MAKE, encoding="utf-8")
    (tmp_path / "path/make").chmod(0o755)
    event = {"ref": "refs/tags/v3.4.5", "repository": {"full_name": "owner/zot-ci", "default_branch": "main"}}
    (tmp_path / "event.json").write_text(json.dumps(event), encoding="utf-8")
    with Gitea.start(gitea_or_skip(), tmp_path / "gitea") as gitea:
        gitea.create_user("owner")
        gitea.create_repo("owner", "zot-ci")
        gitea.write_file("owner", "zot-ci", "README.md", "text")
        token = gitea.token("owner", ("write:repository",))
        (tmp_path / "secrets").write_text(f"GITHUB_TOKEN={token}\n", encoding="utf-8")
        command = [act, "push", "--workflows", ".forgejo/workflows/release.yaml", "--directory", "."]
        command += ["--eventpath", str(tmp_path / "event.json"), "--secret-file", str(tmp_path / "secrets")]
        command += ["--platform", "docker=-self-hosted", "--no-cache-server"]
        # As Gitea's own runner sets them; act knows GitHub's only.
        command += ["--env", f"GITHUB_API_URL={gitea.url}/api/v1", "--env", "GITHUB_REPOSITORY=owner/zot-ci"]
        env = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        env |= {"PATH": os.pathsep.join([str(tmp_path / "path"), os.environ["PATH"]]), "NO_PROXY": "127.0.0.1"}
        run = subprocess.run(
            command, cwd=tmp_path / "checkout", env=env, capture_output=True, text=True, check=False, timeout=120
        )
        headers = {"Authorization": f"token {token}"}
        url = f"{gitea.url}/api/v1/repos/owner/zot-ci/releases"
        found = httpx.get(url, params={"draft": "true"}, headers=headers, trust_env=False).json()
        seen = httpx.get(url, trust_env=False)

    assert run.returncode == 0, run.stdout + run.stderr
    (release,) = found
    assert (release["tag_name"], release["draft"]) == ("v3.4.5", True)
    names = sorted(asset["name"] for asset in release["assets"])
    assert names == ["SHA256SUMS", "zot-ci.cdx.json", "zot_ci-3.4.5-py3-none-any.whl"]
    assert seen.status_code == 404 or seen.json() == []
    assert token not in run.stdout + run.stderr
