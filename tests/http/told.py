"""
A server made of prepared answers, in place of the network: for the answers that no embedded system would give.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any

import httpx

Answer = Callable[[httpx.Request], httpx.Response]

URL = "https://system.example.test"
# A secret that the tests put into bodies, headers, queries and tokens: no message may show it.
SECRET = "zak_5ec7e75ec7e75ec7e75ec7e75ec7e75e"
DATE = "Tue, 24 Nov 2026 04:09:53 GMT"


def said(status: int, *, date: str | None = DATE, headers: dict[str, str] | None = None, **body: Any) -> Answer:
    """An answer of that *status*; *body* is what `httpx.Response` takes."""
    with_date = {"Date": date} if date else {}
    return lambda request: httpx.Response(status, headers=with_date | (headers or {}), **body)


def broken(error: type[httpx.RequestError], text: str = "no text of the library's") -> Answer:
    """No answer: the library raises that *error*."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise error(text, request=request)

    return answer


class Told:
    """
    A transport for httpx that gives its answers in turn, the last one for ever, and keeps the requests.

    Requests that come side by side are answered in any order: what they are told is one answer that looks at the
    request, as often as there are such requests.
    """

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self._lock = Lock()
        self.asked: list[httpx.Request] = []
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        with self._lock:
            self.asked.append(request)
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer(request)

    @property
    def calls(self) -> list[str]:
        """What was asked, as "METHOD path"."""
        return [f"{request.method} {request.url.path}" for request in self.asked]


def by_method(**answers: Answer) -> httpx.MockTransport:
    """A transport that answers by the request's method: for requests whose order is nobody's business."""
    return httpx.MockTransport(lambda request: answers[request.method](request))


def zot_refuses(status: int) -> Answer:
    """zot's own refusal: 401 of a credential, 403 of what it may not do."""
    return said(status, json={"errors": [{"code": {401: "UNAUTHORIZED", 403: "DENIED"}[status]}]})


html = partial(said, headers={"Content-Type": "text/html"}, content=f"<html>{SECRET}</html>".encode())
