"""
A listener between this program and an embedded system: it keeps the requests, and answers some of them itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from tests.estate.core import Shell, System

Rule = Callable[[str, str], Response | None]


@dataclass(frozen=True)
class Heard:
    """One request of this program, with what the tests look at."""

    system: str
    call: str
    cookies: frozenset[str]
    authorization: str
    body: bytes


class Between:
    """
    The listener. *rules* are asked first, each with method and path, and may give an answer; *lost* names calls that
    reach the system and whose answer is then replaced by a 500, as if it had been lost on the way.
    """

    def __init__(self, system: System) -> None:
        self.heard: list[Heard] = []
        self.rules: list[Rule] = []
        self.lost: list[str] = []
        shell = system.app
        assert isinstance(shell, Shell)
        self._name, self._itself, shell.inner = system.name, shell.inner, self._serve

    def answer(self, call: str, response: Response, times: int = 1000) -> None:
        """Answer a call, "METHOD part of the path", with *response* so many times."""
        method, _, part = call.partition(" ")
        left = [times]

        def rule(asked: str, path: str) -> Response | None:
            if asked != method or part not in path or not left[0]:
                return None
            left[0] -= 1
            return response

        self.rules.append(rule)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        path = request.url.path
        # The embedded zot talks to authentik too, by itself.
        ours = request.headers.get("user-agent", "").startswith("zot-ci/")
        if ours:
            self.heard.append(self._heard(request, body))

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def thrown_away(message: Message) -> None:
            """Send nothing."""

        for rule in self.rules if ours else ():
            response = rule(request.method, path)
            if response is not None:
                await response(scope, again, send)
                return
        if ours and any(call.split()[0] == request.method and call.split()[1] in path for call in self.lost):
            await self._itself(scope, again, thrown_away)
            await Response(status_code=500)(scope, again, send)
            return
        await self._itself(scope, again, send)

    def _heard(self, request: Request, body: bytes) -> Heard:
        call = f"{request.method} {request.url.path}"
        return Heard(self._name, call, frozenset(request.cookies), request.headers.get("authorization", ""), body)
