"""
How a resource is registered that depends on a failed one, where the engine goes on (`--continue-on-error`).

The engine leaves out a registered dependent of a failed resource, and deletes what is not registered at all. With most
SDKs the outputs of a failed resource are None, and its dependents are registered. With the SDK 3.257 these outputs
raise: no dependent is registered, and the program ends with a traceback, which prevents the deletions and everything
else that was still to do (all of it measured).
"""

from __future__ import annotations

from pulumi.runtime import stack


class _NoFailure(Exception):
    """
    Replaces the SDK's error: constructing it returns None, with which the SDK goes on as other versions do.
    """

    def __new__(cls, *_: object) -> None:  # type: ignore[misc]  # that is the point
        return None


def register_dependents() -> None:
    """
    Let this process register dependents of failed resources, with any SDK.
    """
    if hasattr(stack, "ResourceRegistrationFailed"):
        vars(stack)["ResourceRegistrationFailed"] = _NoFailure
