"""
What becomes of a resource that depends on one that failed, where the engine goes on (`--continue-on-error`).

It has to be registered all the same: the engine leaves it out, because it depends on what failed, and deletes what is
not registered at all. With most SDKs that is so: the outputs of a failed resource are None. With the SDK 3.257 they
raise instead, so that a dependent is never registered; what saves it is only that the program ends with a traceback,
and then what else there is to do is left undone too (all of it measured).
"""

from __future__ import annotations

from pulumi.runtime import stack


class _NoFailure(Exception):
    """
    In the place of the SDK's error: to make one gives None, with which the SDK goes on as others do.
    """

    def __new__(cls, *_: object) -> None:  # type: ignore[misc]  # that is the point
        return None


def register_dependents() -> None:
    """
    Let this process register what depends on a failed resource, whatever SDK it has.
    """
    if hasattr(stack, "ResourceRegistrationFailed"):
        vars(stack)["ResourceRegistrationFailed"] = _NoFailure
