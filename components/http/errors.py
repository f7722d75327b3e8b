"""
What can go wrong between this program and the systems that it keeps in sync.

There is one class for each thing that a person can correct. A message is one line: system and call, the answer, the
account, and what to change. It never contains a body, a header, a query or a value, which may be secrets.
"""

from __future__ import annotations

import copy
from typing import Self


class ReconcileError(Exception):
    """
    The base of the family, never raised itself.

    Args:
        brief: the message without call and account, the same for all questions to a system; by default the message.
    """

    def __init__(self, message: str, *, brief: str = "") -> None:
        super().__init__(message)
        self.brief = brief or message

    def adding(self, hint: str) -> Self:
        """
        Return an error of the same class with *hint* at the end of its message.
        """
        more = copy.copy(self)
        more.args, more.brief = (f"{self}; {hint}",), f"{self.brief}; {hint}"
        return more


class EnvironmentUnfitError(ReconcileError):
    """
    A variable of the environment has an unusable value, or needs something that is not installed. Nothing was sent.
    """


class CredentialMissingError(EnvironmentUnfitError):
    """
    A credential that this run needs is missing in the environment and in the 1Password field that a setting names, or
    has a value that cannot be one. It was not sent.
    """


class UnreachableError(ReconcileError):
    """
    No answer: name look-up, connection, TLS or time-out. Whether a request that changes something arrived is unknown;
    the next run reads what is there.
    """


class ServerError(UnreachableError):
    """
    The system, or a proxy in front of it, answers with a server error (5xx). It counts as no answer.
    """


class SignInRefusedError(ReconcileError):
    """
    The system does not accept the credential (expired, revoked, mistyped).
    """


class PermissionMissingError(ReconcileError):
    """
    The credential is valid, but lacks a permission. The message names it.
    """


class RateLimitedError(ReconcileError):
    """
    The system refuses requests with this credential for a while.
    """


class NotFoundError(ReconcileError):
    """
    Something that belongs to others does not exist: a vault, a repository, a group. This program never creates one.
    """


class MovedError(ReconcileError):
    """
    The server redirects from a repository, organization or user to its *new_name*. A redirect is never followed.
    """

    def __init__(self, message: str, *, brief: str = "", new_name: str = "") -> None:
        super().__init__(message, brief=brief)
        self.new_name = new_name


class SystemMovedError(MovedError):
    """
    The URL in the settings redirects to the same path at another URL, *new_name*. Nobody can know who sent the
    redirect, so it is only reported.
    """


class AmbiguousError(ReconcileError):
    """
    A name fits more than one thing, and choosing would be a guess.
    """


class UnexpectedAnswerError(ReconcileError):
    """
    An answer that the vendor's contract does not have: another status, HTML instead of JSON, a missing field.
    """


class InterceptedError(UnexpectedAnswerError, UnreachableError):
    """
    The answer is not the system's own: something in front of it answered (a proxy without a backend, a login page, a
    challenge, a redirect that does not show what moved), or the server has no such route. It counts as no answer, since
    it says nothing about the credential or the thing that was asked for.
    """
