"""
What the program makes of a resource that failed, and of a run that a person ends.

**A resource that depends on a failed one**, where the engine goes on (`--continue-on-error`). The engine leaves out a
registered dependent of a failed resource, and deletes what is not registered at all. With most SDKs the outputs of a
failed resource are None, and its dependents are registered. With the SDK 3.257 these outputs raise: no dependent is
registered, and the program ends with a traceback, which prevents the deletions and everything else that was still to do
(all of it measured).

**A run that a person ends** (Ctrl-C). The engine cancels the calls that are under way, and ends the program's process.
If the program hears of the first before the second, the SDK (3.272) shows a traceback, as if the program had failed.
"""

from __future__ import annotations

import grpc  # type: ignore[import-untyped]  # comes with pulumi, without types
import pulumi
from pulumi.runtime import settings, stack

# What the SDK makes of an error, before this module changes it.
_error_of = settings.grpc_error_to_exception


class _NoFailure(Exception):
    """
    Replaces the SDK's error: constructing it returns None, with which the SDK goes on as other versions do.
    """

    def __new__(cls, *_: object) -> None:  # type: ignore[misc]  # it gives None in place of an instance, as said above
        return None


def register_dependents() -> None:
    """
    Let this process register dependents of failed resources, with any SDK.
    """
    if hasattr(stack, "ResourceRegistrationFailed"):
        vars(stack)["ResourceRegistrationFailed"] = _NoFailure


def end_with_the_run() -> None:
    """
    Let this process end in one line where the engine has cancelled one of its calls, as it does where the engine is
    gone.
    """
    vars(settings)["grpc_error_to_exception"] = _told


def _told(error: grpc.RpcError) -> Exception:
    if error.code() == grpc.StatusCode.CANCELLED:
        return pulumi.RunError("somebody ended this run while it was under way")
    return _error_of(error)
