"""
A run of the engine with pings around it and a notice after it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Thread
from types import FrameType
from typing import Any

from . import notices
from .document import Status
from .engine import ROOT, StackError, command
from .looking import look_at, recorded
from .ping import VARIABLE, Ping

# For the look after drift or a failure, which the notice is made from.
_PATIENCE_SECONDS = 60.0
# For the one request that asks when a token expires.
_CREDENTIALS_SECONDS = 15.0
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def is_wanted() -> bool:
    """
    Whether the environment asks for pings or notices.
    """
    return bool(Ping.from_environment()) or notices.are_wanted()


def run(stack: str | None, name: str, *arguments: str, env: dict[str, str] | None = None) -> int:
    """
    Run the engine's command *name* with *env* added to the environment. Return its exit code, or end this process by
    the signal that ended the engine. Pings and notices do not change that.
    """
    ping, notifies = Ping.from_environment(), notices.are_wanted()
    before = notices.keys_of(status) if notifies and (status := _status(stack, asks=False)) else {}
    line, whole = command(stack, *arguments)
    # The engine and the program do not need these URLs.
    own = {key: value for key, value in whole.items() if key not in (VARIABLE, notices.VARIABLE)}
    ping.start()
    code = _engine(line, own | (env or {}))
    ping.end(succeeded=code == 0)
    if notifies:
        # Systems are only asked after a failure: whoever stopped the run by a signal waits for it.
        status = _status(stack, asks=code > 0)
        # The same holds for the credentials.
        ending = _credentials(status.stack if status else stack) if code >= 0 else []
        notice = notices.notice_of(name, code, before, status, ending)
        if notice:
            notices.deliver(notice)
    if code < 0:
        _end_by(-code)
    return code


def _status(stack: str | None, *, asks: bool) -> Status | None:
    try:
        return look_at(stack, _PATIENCE_SECONDS) if asks else recorded(stack)
    except (StackError, ValueError):
        # The engine's own run reports what is wrong.
        return None


def _credentials(stack: str | None) -> list[str]:
    """
    Return a sentence for each of the program's own credentials that expires soon, without the engine. An error here
    never fails a run, and the wait is limited.
    """
    found: list[str] = []

    def ask() -> None:
        # Imported here, since they need the program's packages.
        with suppress(StackError, ImportError, ValueError):
            from zot_ci.expiry import warnings

            from .check import settings_of

            found.extend(warnings(settings_of(stack)[1]))

    thread = Thread(target=ask, name="credentials", daemon=True)
    thread.start()
    thread.join(_CREDENTIALS_SECONDS)
    return list(found)


def _engine(line: list[str], env: dict[str, str]) -> int:
    """
    Run the engine and pass on the signals that this process gets; return its exit code, negative for a signal.
    """
    process: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        if process is None:
            early.append(number)
        else:
            process.send_signal(number)

    # A signal that is ignored, as in a shell's background job, stays ignored here and in the engine.
    handled = [number for number in _PASSED_ON if signal.getsignal(number) is not signal.SIG_IGN]
    before: dict[int, Any] = {number: signal.signal(number, pass_on) for number in handled}
    try:
        # In its own process group, so that a terminal's Ctrl-C does not reach it twice: the second one would kill it.
        process = subprocess.Popen(line, cwd=ROOT, env=env, process_group=0)
        for number in early:
            process.send_signal(number)
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_by(number: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
