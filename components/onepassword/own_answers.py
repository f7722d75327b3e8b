"""
What a Connect server's own answers look like. Pure functions.

Read in the vendor's OpenAPI file 1.7.1, not measured: what it refuses is JSON with `status` and `message`, and all else
is JSON as well.
"""

from __future__ import annotations

import httpx

from ..http.own_answers import REFUSALS, OwnAnswers, body_of, has_text, is_json, is_page


def is_own(response: httpx.Response) -> bool:
    """
    Whether the Connect server itself has given that answer.
    """
    if response.status_code in REFUSALS:
        return has_text(response, "message") and "status" in body_of(response)
    if response.is_success and response.request.method != "GET":
        return is_json(response)
    # What is read is looked at more closely when it is parsed.
    return not is_page(response)


OWN_ANSWERS = OwnAnswers(is_own, "/v1/")
