"""
Whether an answer is zot's own, or that of a proxy in front of it which wants a login of its own.

To such a proxy every credential of zot's is a wrong one. Whoever took its 401 for zot's would call a live key revoked,
so only what looks as zot refuses counts: JSON with zot's error code (measured on v2.1.20). Pure functions.
"""

from __future__ import annotations

import httpx

from ..http.api import Advice, Api
from ..http.browser import location
from ..http.errors import InterceptedError, ReconcileError

LET_THROUGH = (
    "that is not zot's own answer: let whatever stands in front of zot pass /zot/auth/ and /v2/ without a login of its "
    "own, and check that the URL is zot's"
)

_CODES = frozenset({"UNAUTHORIZED", "DENIED"})
_MOVED_FOR_NOW = frozenset({302, 303, 307})


class ZotApi(Api):
    """
    The client of a registry, whose errors say what is not the registry's own answer.
    """

    def refusal(self, response: httpx.Response, path: str, whose: str, advice: Advice) -> ReconcileError:
        """
        Return the error for an answer that was not wanted.
        """
        if is_intercepted(response) and not self.moved(response, path, whose):
            status = response.status_code
            advice = Advice({status: LET_THROUGH}, {status: InterceptedError})
        return super().refusal(response, path, whose, advice)


def is_intercepted(response: httpx.Response) -> bool:
    """
    Whether something in front of the registry has answered an API call in its place: refused it in words that are not
    zot's, sent it to another host, or shown a page.
    """
    match response.status_code:
        case 401 | 403:
            # An answer to HEAD has no words.
            return response.request.method != "HEAD" and not _is_own_refusal(response)
        case 200 | 400 | 415:
            return is_a_page(response)
        case status if status in _MOVED_FOR_NOW:
            return location(response).host != response.request.url.host
    return False


def is_a_page(response: httpx.Response) -> bool:
    """
    Whether the answer is a web page, which no API of zot's ever gives.
    """
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower() == "text/html"


def _is_own_refusal(response: httpx.Response) -> bool:
    # One bare object where the login fails, a list of errors where access control refuses.
    try:
        body = response.json()
    except ValueError:
        return False
    errors = body.get("errors", [body]) if isinstance(body, dict) else []
    return isinstance(errors, list) and any(isinstance(one, dict) and one.get("code") in _CODES for one in errors)
