"""
What authentik's own answers look like. Pure functions.

Measured on authentik 2026.5.0-rc1: each has the header `X-authentik-Id`, and what it refuses is JSON with `detail`. A
missing *route* is a page with that header: no word about the thing that was asked for. A proxy can strip headers, so
the body decides where the header is not there; where neither is, the answer counts as somebody else's.
"""

from __future__ import annotations

import httpx

from ..http.own_answers import Voice, body_of, has_text, is_empty, is_json, is_page

_ID = "x-authentik-id"
_NOT_THERE = frozenset({404, 410})


def is_own(response: httpx.Response) -> bool:
    """
    Whether authentik itself has given that answer.
    """
    status = response.status_code
    if status in _NOT_THERE:
        return has_text(response, "detail")
    if _ID in response.headers:
        return True
    if response.is_redirect:
        # Only a login expects one, and looks where it leads.
        return True
    if response.is_success:
        # What is read is looked at more closely when it is parsed.
        is_read = response.request.method == "GET" and not is_page(response)
        return is_read or is_json(response) or is_empty(response)
    # A field that is refused (400) has its own name in the place of `detail`.
    return isinstance(body_of(response), dict) if status == httpx.codes.BAD_REQUEST else has_text(response, "detail")


def names_itself(response: httpx.Response) -> bool:
    """
    Whether the answer has authentik's header, the only sign that an empty answer can have.
    """
    return _ID in response.headers


VOICE = Voice(is_own, "/api/v3/, /application/o/ and the header X-authentik-Id")
