"""
The sentence that a read records as a resource's `condition` when it could not look at a part.

A part is *not found*, *moved*, *silent* (no answer, a time-out, a 5xx, an intercepted answer) or *refused*; any other
error is a fault, too. Each stops only what needs that part: no read raises for it. Not found, moved and silent parts
are drift. Refusals and other errors are faults, which also end the run with exit code 1.
"""

from __future__ import annotations

from ..http.errors import (
    MovedError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    ReconcileError,
    SignInRefusedError,
    SystemMovedError,
    UnreachableError,
)

NOT_FOUND, MOVED, SILENT = "not found: ", "moved to ", "not checked: "
# A whole system moved to a URL, which is the same for all its parts.
MOVED_AS_A_WHOLE = (f"{MOVED}http://", f"{MOVED}https://")
# Faults.
_REFUSED, _OTHER = "refused: ", "cannot be checked: "

NO_ANSWER = (UnreachableError, RateLimitedError)
REFUSED = (SignInRefusedError, PermissionMissingError)


def condition_of(error: ReconcileError) -> str:
    """
    Return the condition of a part that could not be looked at, the same sentence for all parts of a system.
    """
    match error:
        case SystemMovedError():
            return f"{MOVED}{error.new_name}: if you know that address, set it as this system's URL"
        case MovedError():
            return f"{MOVED}{error.new_name}: set that name in the settings"
        case NotFoundError():
            return f"{NOT_FOUND}{error.brief}"
        case UnreachableError() | RateLimitedError():
            return f"{SILENT}{error.brief}"
        case SignInRefusedError() | PermissionMissingError():
            return f"{_REFUSED}{error.brief}"
        case _:
            return f"{_OTHER}{error.brief}"


def as_fault(error: ReconcileError) -> str:
    """
    Return the condition of a part that only other people can put right, for any kind of error.
    """
    return f"{_OTHER}{error}"


def is_fault(condition: str) -> bool:
    """
    Whether a *condition* is a fault, which ends the run with exit code 1.
    """
    return condition.startswith((_REFUSED, _OTHER))


def whose_fault(condition: str) -> str:
    """
    Return the part of a *condition* that is the same for everything in one silent system. The reason after it can
    differ from request to request.
    """
    return condition.partition(" gave no answer")[0] if condition.startswith(SILENT) else condition


def is_unchecked(condition: str) -> bool:
    """
    Whether a *condition* says that the part was not looked at, so its other facts are from an earlier run.
    """
    return condition.startswith((MOVED, SILENT)) or is_fault(condition)
