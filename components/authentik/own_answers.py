"""
What authentik's own answers look like. Pure functions.

Measured on authentik 2026.5.0-rc1: each answer has the header `X-authentik-Id`, and a refusal is JSON with `detail`. A
missing *route* is answered with a page and that header, which says nothing about the thing that was asked for. A proxy
can strip headers, so the body decides where the header is missing. Without either, the answer counts as intercepted.
"""

from __future__ import annotations

import httpx

from ..http.own_answers import OwnAnswers, body_of, has_text, is_empty, is_json, is_page

_ID = "x-authentik-id"
_NOT_THERE = frozenset({404, 410})


def is_own(response: httpx.Response) -> bool:
    """
    Whether authentik itself sent the answer.
    """
    status = response.status_code
    if status in _NOT_THERE:
        return has_text(response, "detail")
    if _ID in response.headers:
        return True
    if response.is_redirect:
        # Only a login expects a redirect, and it checks where the redirect leads.
        return True
    if response.is_success:
        # The answer to a GET is checked more closely when it is parsed.
        is_read = response.request.method == "GET" and not is_page(response)
        return is_read or is_json(response) or is_empty(response)
    # The answer about a refused field (400) has the field's name in place of `detail`.
    return isinstance(body_of(response), dict) if status == httpx.codes.BAD_REQUEST else has_text(response, "detail")


def names_itself(response: httpx.Response) -> bool:
    """
    Whether the answer has authentik's header, the only sign in an answer without a body.
    """
    return _ID in response.headers


OWN_ANSWERS = OwnAnswers(is_own, "/api/v3/, /application/o/ and the header X-authentik-Id")
