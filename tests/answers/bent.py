"""
Answers that a system does not give by itself, and a listener to what it is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from tests.estate.core import Shell, System
from tests.world import World

# Stands in every bent body: no message may hold it.
BODY_TEXT = "text-of-the-body"

Rule = Callable[[Request], Response | None]


def system_of(world: World, name: str) -> System:
    """Return one of the four systems."""
    found = {
        "authentik": world.estate.authentik,
        "zot": world.estate.zot,
        "onepassword": world.estate.onepassword,
        "forgejo": world.estate.forgejo,
    }[name]
    assert isinstance(found, System)
    return found


def bend(system: System, rule: Rule) -> None:
    """
    Let *system* answer by *rule* from now on; where that gives nothing it answers for itself.
    """
    shell = system.app
    assert isinstance(shell, Shell)
    itself = shell.inner

    async def bent(scope: Scope, receive: Receive, send: Send) -> None:
        await (rule(Request(scope)) or itself)(scope, receive, send)

    shell.inner = bent


def is_ours(request: Request) -> bool:
    """
    Whether this program asks: people do by hand in the same systems, and zot asks authentik by itself.
    """
    return request.headers.get("user-agent", "").startswith("zot-ci/")


def answers(method: str, path: str, response: Response) -> Rule:
    """
    Answer this program's *method* on every path that holds *path* with *response*.
    """

    def rule(request: Request) -> Response | None:
        meant = is_ours(request) and request.method == method and path in request.url.path
        return response if meant else None

    return rule


@dataclass(frozen=True)
class Asked:
    """
    One request as it came in.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def cookies(self) -> set[str]:
        """The names of the cookies."""
        return {pair.partition("=")[0].strip() for pair in self.headers.get("cookie", "").split(";") if pair.strip()}

    @property
    def everything(self) -> bytes:
        """All that could hold a secret."""
        return "\n".join([self.path, *self.headers.values()]).encode() + self.body


def listen(system: System) -> list[Asked]:
    """
    Return the list of this program's requests to *system*, which grows from now on.
    """
    asked: list[Asked] = []
    shell = system.app
    assert isinstance(shell, Shell)
    itself = shell.inner

    async def listening(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        if is_ours(request):
            asked.append(Asked(request.method, str(request.url), dict(request.headers), body))

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await itself(scope, again, send)

    shell.inner = listening
    return asked
