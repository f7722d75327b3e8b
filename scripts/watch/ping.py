"""
Pings for a dead man's switch: a service that raises an alarm when they stop. There are two forms of ping.

- healthchecks.io's: the URL itself for success, `/start` and `/fail` below it, and one `rid` for the pings of one run.
- Uptime Kuma's push address (`…/api/push/<token>?status=up&msg=OK&ping=`): one ping at the end, with `status` up or
  down, a word in `msg`, and in `ping` how long the run took, in milliseconds.

A ping never fails a run and takes some seconds at most. Its URL is a secret and appears in no message.
"""

from __future__ import annotations

import os
import ssl
import sys
import threading
import time
import uuid
from typing import Any
from urllib.parse import parse_qs

VARIABLE = "ZOT_CI_PING_URL"
# The limit for one ping, even if the network hangs.
PATIENCE_SECONDS = 5.0
_ATTEMPTS = 2
_PUSH = "/api/push/"
# A day; Uptime Kuma refuses a ping of more (read in its source).
_MOST_MILLISECONDS = 86_400_000


class Ping:
    """
    The pings of one run.

    Args:
        url: the service's URL; empty for no pings.
        patience_seconds: how long one ping is waited for.
    """

    def __init__(self, url: str, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._url = url.strip()
        self._patience = patience_seconds
        self._run = str(uuid.uuid4())
        self._started: threading.Thread | None = None
        self._begun = time.monotonic()
        self._given_up: list[threading.Thread] = []
        self._warned: set[str] = set()

    @classmethod
    def from_environment(cls) -> Ping:
        """
        Return the pings that the environment asks for.
        """
        return cls(os.environ.get(VARIABLE, ""))

    def __bool__(self) -> bool:
        return bool(self._url)

    def start(self) -> None:
        """
        Report that the run begins, without waiting for the answer. Uptime Kuma has no such ping.
        """
        self._begun = time.monotonic()
        if not self._is_pushed:
            self._started = self._begin("/start", {"rid": self._run})

    def end(self, *, succeeded: bool) -> None:
        """
        Report how the run ended.
        """
        # Wait for the first ping: a start that arrives last would look like another run.
        self._wait_for(self._started)
        if self._is_pushed:
            took = min(round((time.monotonic() - self._begun) * 1000), _MOST_MILLISECONDS)
            said = ("up", "OK") if succeeded else ("down", "the run failed: see its log")
            self._wait_for(self._begin("", {"status": said[0], "msg": said[1], "ping": str(took)}))
        else:
            self._wait_for(self._begin("" if succeeded else "/fail", {"rid": self._run}))

    @property
    def _is_pushed(self) -> bool:
        """
        Whether the URL is a push address of Uptime Kuma, by its path or, behind a proxy that rewrites paths, by its
        query.
        """
        path, _, query = self._url.partition("?")
        return _PUSH in path or {"status", "msg"} <= parse_qs(query, keep_blank_values=True).keys()

    def _wait_for(self, thread: threading.Thread | None) -> None:
        if thread:
            thread.join(self._patience)
            if thread.is_alive():
                self._warn("was not answered in time")
                self._given_up.append(thread)

    def _begin(self, path: str, query: dict[str, str]) -> threading.Thread | None:
        if not self:
            return None
        # A daemon thread, since a name server or a slow answer can hold a request past any time-out.
        thread = threading.Thread(target=self._send, args=(path, query), daemon=True)
        thread.start()
        return thread

    def _send(self, path: str, query: dict[str, str]) -> None:
        try:
            # Imported here, since the engine's own commands need only the standard library.
            import httpx
            import truststore

            from zot_ci.http.proxies import proxy_for
        except ImportError:
            self._warn("needs the package httpx: `make venv` gets it")
            return
        try:
            url = httpx.URL(self._url)
            fits = url.scheme in ("http", "https") and bool(url.host)
        except (httpx.InvalidURL, ValueError):
            fits = False
        if not fits:
            self._warn(f"was not sent: {VARIABLE} holds no http or https URL; correct or remove it")
            return
        where = url.copy_with(path=url.path.rstrip("/") + path).copy_merge_params(query)
        deadline = time.monotonic() + self._patience
        trust = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for attempt in range(_ATTEMPTS):
            if threading.current_thread() in self._given_up:
                # The next ping may be in flight now.
                return
            left = (deadline - time.monotonic()) / (_ATTEMPTS - attempt)
            try:
                # The program's own rule for proxies.
                way = proxy_for(self._url)
                options: dict[str, Any] = {"proxy": way.proxy if way else None, "trust_env": False}
                with httpx.Client(verify=trust, timeout=max(0.1, left), **options) as client:
                    answer = client.get(where)
            except Exception as exc:
                # Any error, since a ping never fails a run. Only its class is shown: its text may contain the URL.
                problem = f"got no answer ({type(exc).__name__})"
                continue
            if answer.is_success:
                return
            problem = f"was answered {answer.status_code}; check {VARIABLE}"
            break
        self._warn(problem)

    def _warn(self, what: str) -> None:
        # After a ping was given up nothing more is printed, and the same problem is printed once.
        if not self._given_up and what not in self._warned:
            self._warned.add(what)
            print(f"stack: the ping {what}", file=sys.stderr)
