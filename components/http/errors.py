"""
What can go wrong between this program and the systems that it keeps in sync.

One class for each thing that a person can correct. A message is one line: system and call, what came back, whose
account, what to change. It never holds a body, a header, a query or a value: whatever a system echoes may be a secret.
"""

from __future__ import annotations

import copy
from typing import Self


class ReconcileError(Exception):
    """
    The base of the family, never raised itself.

    Args:
        brief: the same without the one call and the one account, so that it reads the same for all that a system is
            asked about; the message itself where there is no shorter way to say it.
    """

    def __init__(self, message: str, *, brief: str = "") -> None:
        super().__init__(message)
        self.brief = brief or message

    def adding(self, hint: str) -> Self:
        """
        Return an error of the same class that says *hint* as well.
        """
        more = copy.copy(self)
        more.args, more.brief = (f"{self}; {hint}",), f"{self.brief}; {hint}"
        return more


class EnvironmentUnfitError(ReconcileError):
    """
    A variable of the environment holds what cannot be used, or what it asks for is not installed. Nothing was sent.
    """


class CredentialMissingError(EnvironmentUnfitError):
    """
    A credential that this run needs is not in the environment, nor in the 1Password field that a setting names, or
    cannot be one. It was not sent.
    """


class UnreachableError(ReconcileError):
    """
    No answer at all: name look-up, connection, TLS or time-out. Whether a request that changes something arrived is
    unknown; the next run finds out by reading.
    """


class OutOfOrderError(UnreachableError):
    """
    The system, or a proxy in front of it, answers with its own fault (5xx). For whoever asks that is as good as no
    answer.
    """


class SignInRefusedError(ReconcileError):
    """
    The system does not accept the credential (expired, revoked, mistyped).
    """


class PermissionMissingError(ReconcileError):
    """
    The credential is good, but may not do this. The message names the permission.
    """


class RateLimitedError(ReconcileError):
    """
    The system answers no more requests of this credential for a while.
    """


class NotFoundError(ReconcileError):
    """
    Something that belongs to others is not there: a vault, an item, a repository, a group. This program never makes
    one.
    """


class MovedError(ReconcileError):
    """
    The repository, organization or user has another name now, which is *new_name*: the server redirects there. A
    redirect is never followed.
    """

    def __init__(self, message: str, *, brief: str = "", new_name: str = "") -> None:
        super().__init__(message, brief=brief)
        self.new_name = new_name


class SystemMovedError(MovedError):
    """
    The system answers under another URL now, which is *new_name*: the one in the settings redirects there, by the same
    path. By whose word that is cannot be known, so it is only told.
    """


class AmbiguousError(ReconcileError):
    """
    A name fits more than one thing, and choosing would be a guess.
    """


class UnexpectedAnswerError(ReconcileError):
    """
    An answer that is not in the vendor's contract: another status, HTML instead of JSON, a missing field.
    """


class InterceptedError(UnexpectedAnswerError, UnreachableError):
    """
    The answer is not in the system's own words: something in front of it has answered in its place (a proxy without a
    backend, a login page, a challenge, a redirect from which nobody can tell what has moved where), or the server has
    no such route. For whoever asks that is as good as no answer: it says nothing of the credential that was sent, nor
    whether anything is there.
    """
