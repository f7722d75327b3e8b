"""
Whether CI's secrets work now: runs every place's canary and prints the results. Needs the program's packages, and no
engine.

Only the two files are written: no key is minted, no secret published, and the state is not read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from .check import settings_of
from .engine import StackError
from .files import write_whole
from .metrics import as_text, proof_samples
from .proofs import Proof, Round, Verified, read

if TYPE_CHECKING:
    from zot_ci.settings.account import AccountSettings
    from zot_ci.settings.model import Settings
    from zot_ci.verification import Asked

# The exit codes, as those of `drift`: 7 needs somebody's action, 1 says that something could not be asked.
WORKS, DOES_NOT, FAULT = 0, 7, 1


def verify(stack: str | None, names: Sequence[str], json_file: Path | None, metrics_file: Path | None) -> int:
    """
    Run the canaries of the accounts *names*, or of all, and print the results, with progress on the error stream.
    Return 0 if all work, 7 if one does not, 1 if one could not be asked.

    Changed outside: the two files, if they are named, whole or not at all; each forge has one more run of a workflow
    for each canary.

    Raises:
        StackError: the stack file cannot be used, it has no such account, or a file cannot be written.
    """
    # Made absolute, since reading the settings changes the working directory.
    json_file, metrics_file = (file.absolute() if file else None for file in (json_file, metrics_file))
    name, settings = settings_of(stack)
    accounts = _chosen(settings, names)
    earlier = _earlier(json_file, name)
    from zot_ci.verification import Verification

    began_at = datetime.now(UTC)
    asked = Verification(settings, _progress()).run(accounts)
    found = Round(name, began_at, datetime.now(UTC), [_verified(one) for one in asked])
    for one in asked:
        print(_line(one))
    print(_count(asked))
    sys.stdout.flush()
    whole = found.after(
        earlier, [(one.username, *where) for one in settings.accounts for where in _places(settings, one)]
    )
    if json_file:
        write_whole(json_file, whole.as_json() + "\n")
    if metrics_file:
        write_whole(metrics_file, as_text(name, proof_samples(whole)))
    words = {one.word for one in asked}
    return FAULT if "fault" in words else DOES_NOT if words - {"works", "no canary"} else WORKS


def _chosen(settings: Settings, names: Sequence[str]) -> list[AccountSettings]:
    known = {account.username: account for account in settings.accounts}
    unknown = [name for name in names if name not in known]
    if unknown:
        msg = f"the stack file has no account {', '.join(unknown)}; it has: {', '.join(sorted(known))}"
        raise StackError(msg)
    return [account for name, account in known.items() if not names or name in names]


def _earlier(file: Path | None, stack: str) -> Round | None:
    try:
        if file is None or not file.exists():
            return None
        return read(file, stack)
    except OSError:
        # Where it cannot be looked for it cannot be written either, which is told then.
        return None
    except StackError as exc:
        # The file is about to be overwritten; only earlier proofs are lost.
        print(f"stack: {exc}", file=sys.stderr)
        return None


def _places(settings: Settings, account: AccountSettings) -> list[tuple[str, str]]:
    return [(settings.server_of(secret).url, secret.place.name) for secret in account.forgejo]


def _verified(one: Asked) -> Verified:
    proven = Proof(one.asked_at, one.key_uuid) if one.word == "works" and one.asked_at else None
    where = (one.account, one.url, one.place.name)
    return Verified(*where, one.word, one.why, is_ours=one.is_ours, asked_at=one.asked_at, proven=proven)


def _line(one: Asked) -> str:
    key = f", with key {one.key_uuid}" if one.word == "works" and one.key_uuid else ""
    return f"{one.place.thing} of {one.account}: {one.word}{key}" + (f": {one.why}" if one.why else "")


def _count(asked: Sequence[Asked]) -> str:
    having = [one for one in asked if one.word != "no canary"]
    works = sum(one.word == "works" for one in having)
    without = f"; {len(asked) - len(having)} without a canary" if len(having) < len(asked) else ""
    return f"verified: {works} of {len(having)} work{without}"


def _progress() -> Callable[[str], None]:
    lock = Lock()

    def say(line: str) -> None:
        with lock:
            print(f"stack: {line}", file=sys.stderr, flush=True)

    return say
