"""
The error for a system's own answer with an unexpected status, and what a person should change.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import msgspec

from .errors import (
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    ReconcileError,
    ServerError,
    SignInRefusedError,
    UnexpectedAnswerError,
)
from .own_answers import redirect_in_words


class Advice(msgspec.Struct, frozen=True):
    """
    What a person should change after an answer, by status; and the class of error where the status alone misleads.

    *hints* completes the sentence "…; <hint>". *kinds* overrides the class: for a bad token authentik answers 403, for
    example, and others 401.
    """

    hints: Mapping[int, str] = msgspec.field(default_factory=dict)
    kinds: Mapping[int, type[ReconcileError]] = msgspec.field(default_factory=dict)


_KINDS: Mapping[int, type[ReconcileError]] = {
    401: SignInRefusedError,
    403: PermissionMissingError,
    404: NotFoundError,
    410: NotFoundError,
    429: RateLimitedError,
}


def refused(
    response: httpx.Response, system: str, base_url: str, path: str, whose: str, advice: Advice
) -> ReconcileError:
    """
    Return the error for an answer with an unexpected status; the body is not read.
    """
    status = response.status_code
    otherwise = ServerError if status >= 500 else UnexpectedAnswerError
    kind = advice.kinds.get(status) or _KINDS.get(status, otherwise)
    answered = f"answered {status}{redirect_in_words(response)}"
    hint = advice.hints.get(status, "check that the URL names this system and its log for the reason")
    msg = f"{system} {response.request.method} {path} {answered} for {whose}; {hint}"
    return kind(msg, brief=f"{system} at {base_url} {answered}; {hint}")
