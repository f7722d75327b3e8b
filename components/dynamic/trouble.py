"""
What a read says of a part that it could not look at: the sentence that becomes the resource's `condition`.

A part can be *gone*, *moved*, *silent* (no answer, a time-out, a 5xx, something else's answer) or *refused*; whatever
else an error says is a fault as well. Each stops only what needs that part: no read raises for it. Gone, moved and
silent are something to do, as any drift is. The others are faults, which also end the run with exit code 1.
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

GONE, MOVED, SILENT = "gone: ", "moved to ", "not checked: "
# Of a system: where it moved to is a URL, and the same for all that it is asked about.
MOVED_AS_A_WHOLE = (f"{MOVED}http://", f"{MOVED}https://")
# Faults.
_REFUSED, _OTHER = "refused: ", "cannot be checked: "

# What was looked for is not there under its name: nothing of it can be left to delete.
NOT_THERE = (NotFoundError, MovedError)
NO_ANSWER = (UnreachableError, RateLimitedError)
REFUSED = (SignInRefusedError, PermissionMissingError)


def condition_of(error: ReconcileError) -> str:
    """
    Return what is recorded of a part that could not be looked at. For all parts of one system it is the same sentence.
    """
    match error:
        case SystemMovedError():
            return f"{MOVED}{error.new_name}: if you know that address, set it as this system's URL"
        case MovedError():
            return f"{MOVED}{error.new_name}: put that into the stack file"
        case NotFoundError():
            return f"{GONE}{error.brief}"
        case UnreachableError() | RateLimitedError():
            return f"{SILENT}{error.brief}"
        case SignInRefusedError() | PermissionMissingError():
            return f"{_REFUSED}{error.brief}"
        case _:
            return f"{_OTHER}{error.brief}"


def as_fault(error: ReconcileError) -> str:
    """
    Return what is recorded where something that others have to see to stands in the way, whatever kind of error it is.
    """
    return f"{_OTHER}{error}"


def is_fault(condition: str) -> bool:
    """
    Whether that is more than drift: the run is to end with exit code 1, whatever else it does.
    """
    return condition.startswith((_REFUSED, _OTHER))


def whose_fault(condition: str) -> str:
    """
    Return the part of such a sentence that is the same for everything that one system does not answer: it can be cut
    off in several ways at once.
    """
    return condition.partition(" gave no answer")[0] if condition.startswith(SILENT) else condition


def is_trouble(condition: str) -> bool:
    """
    Whether that says that a part was not looked at, so that the other facts are those of an earlier run.
    """
    return condition.startswith((MOVED, SILENT)) or is_fault(condition)
