"""
A run of the engine that somebody hears of: pings around it, and a notice after it.
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

# For the look that a notice of drift or a failure is made of.
_PATIENCE_SECONDS = 60.0
# For the one request by which it is asked when a token ends.
_CREDENTIALS_SECONDS = 15.0
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def is_wanted() -> bool:
    """
    Whether the environment asks for pings or notices.
    """
    return bool(Ping.from_environment()) or notices.are_wanted()


def run(stack: str | None, name: str, *arguments: str, env: dict[str, str] | None = None) -> int:
    """
    Run the engine's command *name* with *env* added to the environment; return its exit code, or end by the signal that
    ended it. Pings and notices change neither.
    """
    ping, notifies = Ping.from_environment(), notices.are_wanted()
    before = notices.keys_of(status) if notifies and (status := _status(stack, asks=False)) else {}
    line, whole = command(stack, *arguments)
    # Nobody below needs to know whom this one notifies.
    own = {key: value for key, value in whole.items() if key not in (VARIABLE, notices.VARIABLE)}
    ping.start()
    code = _engine(line, own | (env or {}))
    ping.end(succeeded=code == 0)
    if notifies:
        # Whoever stopped the run waits for it; what it left is asked for only after it ended by itself.
        status = _status(stack, asks=code > 0)
        # A signal was sent by somebody who waits.
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
        # The engine's own run says what is wrong.
        return None


def _credentials(stack: str | None) -> list[str]:
    """
    Return a sentence for each of the program's own credentials that ends soon; the engine has no part in it. Nothing
    that is in the way of it fails a run, or is waited for long.
    """
    found: list[str] = []

    def ask() -> None:
        # Not above: they need the program's packages.
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

    # One that is ignored stays so, here and in the engine: a shell's background job.
    handled = [number for number in _PASSED_ON if signal.getsignal(number) is not signal.SIG_IGN]
    before: dict[int, Any] = {number: signal.signal(number, pass_on) for number in handled}
    try:
        # In a group of its own, so that a terminal's Ctrl-C does not reach it twice: the second one ends it at once.
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
