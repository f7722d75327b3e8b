"""
What Forgejo's and Gitea's own answers look like. Pure functions.

Measured on Gitea 1.26.0, read for Forgejo: a refusal is JSON with `message` and `url`, and a write or a deletion is
answered without a body. A missing *route* is answered with `404 page not found` in plain text or a 405 without a body,
as by any Go server or a reverse proxy without a backend. Neither says that a secret was deleted.
"""

from __future__ import annotations

import httpx

from ..http.own_answers import REFUSALS, OwnAnswers, has_text, is_empty, is_page

_WRITES = ("PUT", "DELETE")


def is_own(response: httpx.Response) -> bool:
    """
    Whether the forge itself sent the answer.
    """
    if response.status_code in REFUSALS:
        return has_text(response, "message", "url")
    if response.is_success and response.request.method in _WRITES:
        return is_empty(response)
    # The caller checks where a redirect leads.
    return response.is_redirect or not is_page(response)


OWN_ANSWERS = OwnAnswers(is_own, "/api/v1/", "a server too old for Actions secrets has none")
