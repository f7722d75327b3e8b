"""
Whether an answer is a system's own, or comes from something in front of it: a proxy without a backend, a login page, a
CDN's challenge. Each system's folder says what its own answers look like; this module knows no vendor.

An intercepted answer says nothing about the thing that was asked for, so it counts as no answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from .errors import InterceptedError, ReconcileError, ServerError
from .wording import origin_in_words

# Statuses by which an API says that a thing, a right or a route does not exist. Any proxy sends them, too.
REFUSALS = frozenset({401, 403, 404, 405, 410})
_NO_ROUTE = frozenset({404, 405, 410})

# Servers by their name in the header `Server`. Messages show only these names, never a header's text.
_SERVERS = {
    "akamaighost": "Akamai",
    "apache": "Apache",
    "awselb": "AWS's load balancer",
    "caddy": "Caddy",
    "cloudflare": "Cloudflare",
    "cloudfront": "CloudFront",
    "envoy": "Envoy",
    "istio-envoy": "Envoy",
    "kong": "Kong",
    "nginx": "nginx",
    "openresty": "OpenResty",
    "traefik": "Traefik",
    "varnish": "Varnish",
}


class OwnAnswers(msgspec.Struct, frozen=True):
    """
    What a system's own answers look like.

    Args:
        is_own: whether an answer is the system's own. It is not asked about 429 or a 5xx without a web page, which mean
            the same whoever sends them.
        paths: the paths that a proxy in front of the system has to pass on, for the message.
        no_route: a clause for the message that says which servers of this kind lack such a route.
    """

    is_own: Callable[[httpx.Response], bool]
    paths: str
    no_route: str = ""

    def include(self, response: httpx.Response) -> bool:
        """
        Whether *response* counts as the system's own.
        """
        status = response.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS or (status >= 500 and not is_page(response)):
            return True
        return self.is_own(response)

    def let_through(self, system: str) -> str:
        """
        Return what a person should change.
        """
        passing = f"let whatever stands in front of {system} pass {self.paths} without a login of its own"
        return f"{passing}, and check that the URL names this system"

    def intercepted(
        self, response: httpx.Response, system: str, base_url: str, path: str, whose: str
    ) -> ReconcileError:
        """
        Return the error for an answer that is not the system's own. It shows neither body nor headers.
        """
        status = response.status_code
        who = "something in front of it answered"
        if status in _NO_ROUTE:
            who = f"no such route there, or {who}"
        named = in_front(response)
        who += f" ({named})" if named else ""
        if status in _NO_ROUTE and self.no_route:
            who += f"; {self.no_route}"
        answered = f"{status}{redirect_in_words(response)}"
        hint = self.let_through(system)
        call = f"{system} {response.request.method} {path} answered {answered} for {whose}"
        brief = f"{system} at {base_url} gave no answer of its own, but {answered}: {who}; {hint}"
        kind = ServerError if status >= 500 else InterceptedError
        return kind(f"{call}; {who}; {hint}", brief=brief)


def in_front(response: httpx.Response) -> str:
    """
    Return the name of the server that answered, if it is a known one; else an empty text.
    """
    server: str = response.headers.get("server", "")
    name = _SERVERS.get(server.partition("/")[0].strip().lower(), "")
    return name or ("Cloudflare" if "cf-ray" in response.headers else "")


def redirect_in_words(response: httpx.Response) -> str:
    """
    Return where a redirect leads, in brackets; an empty text for another answer.
    """
    if not response.is_redirect:
        return ""
    return f" (a redirect to {origin_in_words(response.headers.get('location', ''))}, not followed)"


def is_page(response: httpx.Response) -> bool:
    """
    Whether the answer is a web page, by its header.
    """
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower() == "text/html"


def body_of(response: httpx.Response) -> Any:
    """
    Return the parsed body; None if it is no JSON.
    """
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def has_text(response: httpx.Response, *names: str) -> bool:
    """
    Whether the body is a JSON object in which each of these *names* has a text.
    """
    body = body_of(response)
    return isinstance(body, dict) and all(isinstance(body.get(name), str) for name in names)


def is_json(response: httpx.Response) -> bool:
    """
    Whether the body is JSON, an object or a list.
    """
    return isinstance(body_of(response), dict | list)


def is_empty(response: httpx.Response) -> bool:
    """
    Whether the answer has no body and does not claim to be a web page.
    """
    return not response.content and not is_page(response)
