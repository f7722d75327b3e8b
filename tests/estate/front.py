"""
What stands between a client and an embedded system, whichever it is: a server that is down or slow, a worker that is
recycled in the midst of a request, a rate limit, a proxy that wants a login of its own, or that answers anything else
in the system's place. And how much was under way.

All of it is off until a test switches it on. The back doors below ``/_estate/`` are never in its way.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BACK_DOORS = "/_estate/"

LOGIN_PAGE = "https://login.example.test/?rd=https://system.example.test/"
_CHALLENGE = "<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"
_CDN = {"server": "cloudflare", "cf-ray": "8c9f0e1d2b3a4c5d-AMS"}
# What stands in front of a system says in its place, by a name.
ANSWERS: dict[str, Callable[[], Response]] = {
    # Word for word what Go's servers say of a route that they do not have, Gitea and zot among them.
    "404": lambda: PlainTextResponse("404 page not found\n", 404),
    "404 page": lambda: HTMLResponse("<html><body><h1>404 Not Found</h1></body></html>", 404, {"server": "nginx/1.27"}),
    "404 empty": lambda: Response(status_code=404),
    # An API gateway's, in JSON.
    "404 gateway": lambda: JSONResponse({"message": "no Route matched with those values"}, 404),
    "405": lambda: Response(status_code=405),
    "410": lambda: PlainTextResponse("410 gone\n", 410),
    # A challenge of a CDN.
    "403": lambda: HTMLResponse(_CHALLENGE, 403, _CDN | {"cf-mitigated": "challenge"}),
    "401": lambda: HTMLResponse("<html>401</html>", 401, {"www-authenticate": 'Basic realm="proxy"'}),
    "503": lambda: HTMLResponse(_CHALLENGE, 503, _CDN),
    "200": lambda: HTMLResponse("<html><body>Please sign in</body></html>"),
    "201": lambda: HTMLResponse("<html><body>Please sign in</body></html>", 201),
    # A web page without a body, as far as its headers say.
    "204": lambda: Response(status_code=204, headers={"content-type": "text/html"}),
    "302": lambda: Response(status_code=302, headers={"location": LOGIN_PAGE}),
    "307": lambda: Response(status_code=307, headers={"location": LOGIN_PAGE}),
    "308": lambda: Response(status_code=308, headers={"location": LOGIN_PAGE}),
    # A login page under the system's own name.
    "302 here": lambda: Response(status_code=302, headers={"location": "/outpost.goauthentik.io/start?rd=x"}),
    "cut": lambda: Response(b'{"results": [{"username": "zot-', media_type="application/json"),
}


@dataclass
class Stumble:
    """One request that a dying worker answers: the *nth* from now of that method (empty: any) below that path."""

    prefix: str
    nth: int
    method: str
    handled: bool


@dataclass(frozen=True)
class Instead:
    """One of *ANSWERS*, given in the system's place to every request below that path, of these methods (none: any)."""

    answer: str
    below: str
    methods: frozenset[str]

    def is_for(self, request: Request) -> bool:
        """Tell whether that request gets it."""
        return request.url.path.startswith(self.below) and (not self.methods or request.method in self.methods)


class Traffic:
    """How many requests a system had under way at once, and on how many connections they came."""

    def __init__(self) -> None:
        self.in_flight = self.most = 0
        self.peers: set[str] = set()
        self.arrivals: deque[float] = deque()

    def enter(self, peer: str) -> None:
        """Count a request that has arrived."""
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        self.peers.add(peer)

    def leave(self) -> None:
        """Count a request that is answered."""
        self.in_flight -= 1

    def forget(self) -> None:
        """Count anew from what is under way now."""
        self.most, self.peers = self.in_flight, set()


class Front:
    """
    The front of one system.

    Attributes:
        down: every request is answered 503, as a proxy does whose server is gone.
        latency: seconds that each request takes longer; with some, parallel requests really meet.
        requests_per_second: more requests than that within a second are answered 429 (0: no limit).
        retry_after: the ``Retry-After`` of such an answer; ``None`` leaves it out.
        forward_auth: a proxy in front wants a login of its own: 401 in its words, whatever is asked.
        strips: headers that a proxy takes out of every answer, in small letters.
        instead: what is answered in the system's place; *answer_instead* adds to it.
    """

    def __init__(self) -> None:
        self.down = False
        self.latency = 0.0
        self.requests_per_second = 0
        self.retry_after: str | None = "1"
        self.forward_auth = False
        self.strips: set[str] = set()
        self.instead: list[Instead] = []
        self.stumbles: list[Stumble] = []
        self.traffic = Traffic()

    def answer_instead(self, answer: str, *methods: str, below: str = "/") -> None:
        """
        Back door: from now on one of *ANSWERS* goes to every request below that path, and the system gets none of them.

        Only to requests of these *methods*, if any are named. The system answers again when *instead* is empty.
        """
        ANSWERS[answer]()
        self.instead.append(Instead(answer, below, frozenset(method.upper() for method in methods)))

    def stumble(self, prefix: str = "/", nth: int = 1, method: str = "", handled: bool = False) -> None:
        """
        Back door: the *nth* request from now below *prefix* is an empty 500, once, as from a worker that is recycled.

        With *handled* the system has done what was asked before its answer is lost.
        """
        self.stumbles.append(Stumble(prefix, nth, method.upper(), handled))

    async def pass_on(self, inner: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let *inner* answer, unless something in front of it does."""
        request = Request(scope)
        if request.url.path.startswith(BACK_DOORS):
            await inner(scope, receive, send)
            return
        self.traffic.enter(":".join(map(str, scope.get("client") or ())))
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            send = self._stripped(send) if self.strips else send
            answer = self._in_front(request)
            stumble = self._struck(request) if answer is None else None
            if stumble is not None:
                if stumble.handled:
                    await inner(scope, receive, _nowhere)
                answer = Response(status_code=500)
            await (answer or inner)(scope, receive, send)
        finally:
            self.traffic.leave()

    def _stripped(self, send: Send) -> Send:
        """Return *send* without the headers that are taken out."""

        async def stripped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                message["headers"] = [pair for pair in headers if pair[0].decode().lower() not in self.strips]
            await send(message)

        return stripped

    def _in_front(self, request: Request) -> Response | None:
        """Return the answer of whoever does not let the request through."""
        if self.down:
            return HTMLResponse("<html><body><h1>503 Service Unavailable</h1></body></html>", 503)
        if self.forward_auth:
            headers = {"www-authenticate": 'Basic realm="proxy"'}
            return HTMLResponse("<html><body><h1>401 Unauthorized</h1></body></html>", 401, headers)
        for one in self.instead:
            if one.is_for(request):
                return ANSWERS[one.answer]()
        if self.requests_per_second and not self._within_limit():
            headers = {"retry-after": self.retry_after} if self.retry_after is not None else {}
            return PlainTextResponse("Too Many Requests", 429, headers)
        return None

    def _within_limit(self) -> bool:
        """Count the request if there is room for it. By real time, whatever the estate's clock says: clients hurry."""
        now, arrivals = time.monotonic(), self.traffic.arrivals
        while arrivals and arrivals[0] <= now - 1:
            arrivals.popleft()
        if len(arrivals) >= self.requests_per_second:
            return False
        arrivals.append(now)
        return True

    def _struck(self, request: Request) -> Stumble | None:
        """Return the stumble whose turn has come, and count the others on."""
        for stumble in self.stumbles:
            if request.url.path.startswith(stumble.prefix) and stumble.method in ("", request.method):
                stumble.nth -= 1
        due = [stumble for stumble in self.stumbles if stumble.nth <= 0]
        self.stumbles = [stumble for stumble in self.stumbles if stumble.nth > 0]
        return due[0] if due else None


async def _nowhere(message: Message) -> None:
    """Lose a part of an answer."""
