"""
What the four embedded systems share: a clock, a log of calls, a book of secrets, and the ASGI shell around each.

Nothing here imitates a vendor. A real server has none of it.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.estate.front import BACK_DOORS, Front

ACTOR = "estate.actor"
ZERO_TIME = "0001-01-01T00:00:00Z"


class EstateError(AssertionError):
    """A handler of an embedded system raised: the estate is wrong, not the program under test."""


class Clock:
    """The time of every system of one estate: real time and what was added. With two, a login would fail."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        """Return the estate's time, with its zone."""
        return datetime.now(UTC) + self.offset

    def advance(self, days: float = 0, **units: float) -> None:
        """Let time pass: *days*, or any unit that *timedelta* knows."""
        self.offset += timedelta(days=days, **units)


@dataclass(frozen=True)
class Call:
    """One request that a system answered. Of the query only the keys: its values hold codes."""

    system: str
    method: str
    path: str
    status: int
    actor: str
    query_keys: tuple[str, ...]
    # The client's end of the connection that it came on.
    peer: str = ""


class CallLog:
    """Every call of every system, in the order in which answers began. Safe to read from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Append one call."""
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        """Forget what was asked so far."""
        with self._lock:
            self._calls.clear()

    def put_back(self, calls: list[Call]) -> None:
        """Hold these calls and no others."""
        with self._lock:
            self._calls = list(calls)

    def of(self, system: str) -> list[Call]:
        """Return the calls of one system."""
        return [call for call in self if call.system == system]

    def __iter__(self) -> Iterator[Call]:
        with self._lock:
            return iter(tuple(self._calls))

    def __len__(self) -> int:
        with self._lock:
            return len(self._calls)

    def __getitem__(self, index: int) -> Call:
        with self._lock:
            return self._calls[index]


class SecretBook:
    """Every secret a system issued or was given, so that a test can look for them where none may be."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, None] = {}

    def add(self, value: str | None) -> str:
        """Remember *value* and return it. Short ones are left out: they would be found in any text."""
        if value and len(value) >= 8:
            with self._lock:
                self._values[value] = None
        return value or ""

    def new(self, length: int = 40, prefix: str = "") -> str:
        """Make, remember and return a random secret of letters and digits."""
        alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        return self.add(prefix + "".join(secrets.choice(alphabet) for _ in range(length)))

    def put_back(self, values: list[str]) -> None:
        """Hold these secrets and no others."""
        with self._lock:
            self._values = dict.fromkeys(values)

    def found_in(self, text: str) -> list[str]:
        """Return the secrets that *text* holds in plain text."""
        return [value for value in self if value in text]

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(tuple(self._values))

    def __contains__(self, value: object) -> bool:
        return value in self._values

    def __len__(self) -> int:
        return len(self._values)


class World:
    """What all systems of one estate have in common."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.log = CallLog()
        self.secrets = SecretBook()
        self.errors: list[str] = []


class System(Front):
    """
    One embedded system: its address, its ASGI application, and its part of the estate's world.

    Attributes:
        ahead: how far its own clock is ahead of the estate's.
    """

    name = ""
    # What a snapshot leaves alone: application, address, what all systems share, and the count of traffic.
    _FIXED = frozenset({"world", "url", "path", "clock", "secrets", "app", "traffic"})

    def __init__(self, world: World, url: str) -> None:
        super().__init__()
        self.ahead = timedelta(0)
        self.world = world
        self.url = url
        # Below which path of its host it is served: of the URL by which it knows itself, empty for the root.
        self.path = urlsplit(url).path.rstrip("/")
        self.clock = world.clock
        self.secrets = world.secrets
        self.app: ASGIApp = Shell(self, self.routes())

    def now(self) -> datetime:
        """Return the time by its own clock."""
        return self.clock.now() + self.ahead

    def routes(self) -> ASGIApp:
        """Return the application that answers, without the shell."""
        raise NotImplementedError

    def content(self) -> dict[str, Any]:
        """Return everything that the system knows, by attribute; not a copy."""
        return {name: value for name, value in vars(self).items() if name not in self._FIXED}

    def put_back(self, content: dict[str, Any]) -> None:
        """Know this and nothing else."""
        vars(self).update(content)


class Shell:
    """Wrap an application: a ``Date`` by the system's clock, a line in the log, a loud note when a handler raises."""

    def __init__(self, system: System, inner: ASGIApp) -> None:
        self.system, self.inner = system, inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        world = self.system.world
        request = Request(scope)
        scope[ACTOR] = ""
        path = self.system.path
        if path:
            scope["root_path"] = path
        inner = self.inner if request.url.path.startswith(f"{path}/") else Response(status_code=404)
        self._note_credentials(request)
        started = False

        async def stamped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                date = format_datetime(self.system.now(), usegmt=True).encode()
                message["headers"] = [*message.get("headers", ()), (b"date", date)]
                # Logged before the answer leaves: who has the answer finds the call in the log.
                if not request.url.path.startswith(BACK_DOORS):
                    keys = tuple(request.query_params.keys())
                    peer = ":".join(map(str, scope.get("client") or ()))
                    call = (self.system.name, request.method, request.url.path, message["status"], scope[ACTOR], keys)
                    world.log.add(Call(*call, peer))
            await send(message)

        try:
            await self.system.pass_on(inner, scope, receive, stamped)
        except Exception:  # the one place that must know of anything a handler did not foresee
            world.errors.append(f"{self.system.name} {request.method} {request.url.path}\n{traceback.format_exc()}")
            if not started:
                await Response("estate error", 500)(scope, receive, stamped)

    def _note_credentials(self, request: Request) -> None:
        """Remember what the client sent to prove itself, also when it is wrong: it must not leak either."""
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        self.system.secrets.add(credentials)
        if scheme.lower() == "basic":
            self.system.secrets.add(basic_auth(request)[1])


def act_as(request: Request, who: str) -> None:
    """Name the caller in the log."""
    request.scope[ACTOR] = who


def basic_auth(request: Request) -> tuple[str, str]:
    """Return user and password of a basic ``Authorization``, empty where it cannot be read."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password


async def json_body(request: Request) -> Any:
    """Return the parsed body, an empty dict for an empty one, and ``None`` for what is not JSON."""
    body = await request.body()
    if not body:
        return {}
    try:
        return json.loads(body)
    except ValueError:
        return None


def stamp(moment: datetime) -> str:
    """Write a time as Go and Django both do: RFC 3339 in UTC with ``Z``, to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
