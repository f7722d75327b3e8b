"""
Attaches the files of a folder to a draft of a release, at the forge whose workflow this is.

`python3 tools/attach.py dist`. Forgejo's and Gitea's interface; Python's standard library only. The token comes from
TOKEN, all else from the variables that a runner sets. The tag must be the version that was built.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 60.0


class AttachError(Exception):
    """
    The release is not whole. The message is for who reads the job's log.
    """


def main(arguments: list[str]) -> int:
    """
    Make the draft, or take the one that an earlier try has left, and attach every file that it does not have.
    """
    try:
        attach(Path(arguments[0]), os.environ["GITHUB_REF_NAME"])
    except AttachError as exc:
        print(f"attach: {exc}", file=sys.stderr)
        return 1
    return 0


def attach(folder: Path, tag: str) -> None:
    """
    Attach the files of *folder* to the draft of *tag*.

    Raises:
        AttachError: the folder is not that version's, or the forge refuses; what is attached by then stays.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    if not any(path.name == f"zot_ci-{tag.removeprefix('v')}-py3-none-any.whl" for path in files):
        msg = f"{folder} has no wheel of {tag}: tag the commit whose components/version.py has that version"
        raise AttachError(msg)
    releases = f"repos/{os.environ['GITHUB_REPOSITORY']}/releases"
    found = [one for one in _asked("GET", f"{releases}?limit=50") if one["tag_name"] == tag]
    if found and not found[0]["draft"]:
        msg = f"{tag} is released already: make another version, nobody's hash is to change"
        raise AttachError(msg)
    draft = {"tag_name": tag, "name": tag, "draft": True, "body": "CHANGELOG.md says what is new."}
    release = found[0] if found else _asked("POST", releases, json.dumps(draft).encode(), "application/json")
    there = {asset["name"] for asset in release.get("assets") or ()}
    for path in files:
        if path.name not in there:
            name = urllib.parse.quote(path.name)
            where = f"{releases}/{release['id']}/assets?name={name}"
            _asked("POST", where, path.read_bytes(), "application/octet-stream")
            print(f"attached {path.name} to the draft of {tag}")


def _asked(method: str, path: str, body: bytes | None = None, kind: str | None = None) -> Any:
    url = f"{os.environ['GITHUB_API_URL']}/{path}"
    headers = {"Authorization": f"token {os.environ['TOKEN']}", "Accept": "application/json"}
    request = urllib.request.Request(url, body, headers | ({"Content-Type": kind} if kind else {}), method=method)  # noqa: S310 - the runner's own forge
    what = f"{method} {path.partition('?')[0]}"
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - the same
            return json.load(answer)
    except urllib.error.HTTPError as exc:
        exc.close()
        msg = f"the forge answers {exc.code} to {what}: may the job's token write releases?"
        raise AttachError(msg) from None
    except (OSError, ValueError) as exc:
        msg = f"the forge gave no answer to {what}: {exc}"
        raise AttachError(msg) from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
