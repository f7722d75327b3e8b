"""
The notice about a run, and how it is sent. Off unless `ZOT_CI_NOTIFY_URLS` is set.

A notice has the names of accounts and places, and the preview's sentences. It never mentions other people's keys.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from . import send
from .document import AccountStatus, Key, Status
from .engine import CALLED, ROOT, how_to_get

VARIABLE = "ZOT_CI_NOTIFY_URLS"
# For all services together; for each part, if a service needs the notice in parts.
PATIENCE_SECONDS = 10.0
_LOADING_SECONDS = 60.0
# This long before the expiry every run sends a notice.
EXPIRES_SOON = timedelta(days=7)

DRIFT = 7
# How many accounts a title names.
_NAMED = 3
# The only variables for the sending process, which gets no token of any system.
_NEEDED = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TMPDIR", VARIABLE)
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
_UNKNOWN = "was not delivered"
_FAULTS = {
    send.NO_PACKAGE: f"needs the package apprise: {how_to_get('apprise>=1.9,<3')} gets it",
    send.UNUSABLE: f"was not sent to all: {VARIABLE} holds a URL that apprise does not know; correct it",
    send.NOT_DELIVERED: f"was not delivered to all; check {VARIABLE} and the services",
}


@dataclass(frozen=True)
class Notice:
    """
    One message. *kind* is apprise's: `info`, `success`, `warning` or `failure`. *head* is the first line if a service
    needs
    the body in parts: how much the notice is about, and what to run.
    """

    title: str
    body: str
    kind: str
    head: str = field(default="", compare=False)


def are_wanted() -> bool:
    """
    Whether the environment names a service to send notices to.
    """
    return bool(os.environ.get(VARIABLE, "").strip())


def keys_of(status: Status) -> dict[str, str]:
    """
    Return the uuid of each account's key.
    """
    return {account.username: account.key.uuid for account in status.accounts if account.key}


def notice_of(
    command: str, code: int, before: dict[str, str], status: Status | None, credentials: Sequence[str] = ()
) -> Notice | None:
    """
    Return the notice about a run; None if there is nothing to report.

    Args:
        command: as it was called: `up`, `drift`, `rotate`.
        code: its exit code; negative for a signal.
        before: the keys before the run.
        status: the status after the run; None if it is not known.
        credentials: a sentence for each of the program's own credentials that expires soon.
    """
    after = keys_of(status) if status else {}
    rotated = sorted(name for name, uuid in after.items() if before.get(name, uuid) != uuid)
    soon = [account for account in status.accounts if _ends_soon(account, status)] if status else []
    heads, lines, kind = [], [], "info"
    if rotated:
        heads.append(f"rotated the key of {_some(rotated)}")
        lines += [_dates(account) for account in (status.accounts if status else []) if account.username in rotated]
        kind = "success"
    if code == DRIFT and command == "drift":
        heads.append("drift found")
        lines += _out_of_sync(status)
        kind = "warning"
    elif code:
        heads.append(f"{command} failed")
        lines += [_how_it_ended(command, code), *(_why_failed(status) if status else [])]
        kind = "failure"
    if soon and status:
        heads.append(f"the key of {_some([account.username for account in soon])} expires soon")
        lines += [_ending(account, status) for account in soon]
        kind = "failure"
    if credentials:
        heads.append("a credential of this program expires soon")
        lines += credentials
        kind = "failure" if kind == "failure" else "warning"
    if not heads:
        return None
    name = status.stack if status else ""
    title = ": ".join(part for part in (f"zot-ci {name}".strip(), "; ".join(heads)))
    return Notice(title, "\n".join(lines), kind, _head(len(lines), status))


def _some(names: list[str]) -> str:
    """
    Return the first of the names, since a title is short, and how many more there are.
    """
    more = len(names) - _NAMED
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:_NAMED])} and {more} more"


def _head(count: int, status: Status | None) -> str:
    out = sum(account.in_sync is False for account in status.accounts) if status else 0
    stack = f" --stack {status.stack}" if status else ""
    about = f"{out} of {len(status.accounts)} accounts out of sync, " if status and out else ""
    return f"{about}{count} lines; `{CALLED}{stack} preview` says all, `up` reconciles it"


def _ends_soon(account: AccountStatus, status: Status) -> bool:
    expires = account.key.expires_at if account.key else None
    return expires is not None and expires - status.looked_at < EXPIRES_SOON


def _dates(account: AccountStatus) -> str:
    key: Key | None = account.key
    if key is None:
        return account.username
    rotates = f"rotates on {key.rotates_at:%Y-%m-%d}" if key.rotates_at else "rotation is paused"
    expires = f"expires on {key.expires_at:%Y-%m-%d}" if key.expires_at else "never expires"
    places = sum(place.holds_current_key for place in account.places)
    return f"{account.username}: in {places} of {len(account.places)} places, {rotates}, {expires}"


def _out_of_sync(status: Status | None) -> list[str]:
    if status is None:
        return []
    if status.sentences:
        return status.sentences
    return [f"{account.username}: {'; '.join(account.why)}" for account in status.accounts if account.why]


def _how_it_ended(command: str, code: int) -> str:
    return f"{command} was ended by signal {-code}" if code < 0 else f"{command} ended with exit code {code}"


def _why_failed(status: Status) -> list[str]:
    last = status.last_successful_up
    since = f"the last up that succeeded was on {last.started_at:%Y-%m-%d}" if last else "no up has succeeded yet"
    return [since, *status.errors, *(_out_of_sync(status) if status.succeeded else status.sentences)]


def _ending(account: AccountStatus, status: Status) -> str:
    expires = account.key.expires_at if account.key else None
    if expires is None:
        return account.username
    days = max(0, (expires - status.looked_at) // timedelta(days=1))
    last = status.last_successful_up
    since = f"no up has succeeded since {last.started_at:%Y-%m-%d}" if last else "no up has succeeded yet"
    return f"the key of {account.username} expires on {expires:%Y-%m-%d}, in {days} days, and {since}; run up"


def deliver(notice: Notice, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """
    Send a notice by apprise to the services in the environment, in a process that is killed if it takes too long. After
    a failure one line on the error stream says why; it contains no URL.
    """
    environment = {name: os.environ[name] for name in (*_NEEDED, *_CERTIFICATES) if name in os.environ}
    environment |= {name: value for name, value in os.environ.items() if name.upper() in _PROXIES}
    text = json.dumps(asdict(notice))
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.send"],
        cwd=ROOT,
        env=environment,
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    ) as process:
        try:
            code = _sent(process, text, patience_seconds)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            process.kill()
            code = None
    fault = "was not delivered in time" if code is None else _FAULTS.get(code, "" if code == send.SENT else _UNKNOWN)
    if fault:
        print(f"stack: the notice {fault}", file=sys.stderr)


def _sent(process: subprocess.Popen[str], text: str, patience_seconds: float) -> int:
    """
    Pass the notice to the sending process; return its exit code.

    Raises:
        subprocess.TimeoutExpired: it was not loaded, or has not ended, in time.
    """
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
    process.stdin.write(text)
    process.stdin.close()
    # Loading takes a second, or longer on a busy machine, and has its own limit; the patience is for the network.
    if not select.select([process.stdout], [], [], _LOADING_SECONDS)[0]:
        raise subprocess.TimeoutExpired(process.args, _LOADING_SECONDS)
    # Empty if the process ended before it began to send.
    parts = process.stdout.readline().strip()
    return process.wait(patience_seconds * int(parts or 1))
