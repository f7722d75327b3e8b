"""
Where in the program a resource is made, as one position in place of a whole call stack.

For each resource the SDK (3.257 to 3.272) hands the engine the stack of calls that led to it, down to the interpreter's
own files. The engine shows only the first call and keeps all of them in the state: a third of an account's state, with
this machine's paths in it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2

# The constructors of the SDK's own classes, by which its function finds the program's first call: `Resource`,
# `CustomResource` or `ComponentResource`, and the one that was derived from it.
_CONSTRUCTORS = 3


def keep_the_first_call() -> None:
    """
    Let this process hand over only the first call, with any SDK. This holds for all resources of the process, so only a
    program that is alone in its process may call it.
    """
    if hasattr(resource, "_get_stack_trace"):
        vars(resource)["_get_stack_trace"] = _first_call


def _first_call() -> source_pb2.StackTrace:
    frame: FrameType | None = sys._getframe(1)
    seen = 0
    while frame is not None:
        seen += frame.f_code.co_name == "__init__"
        frame = frame.f_back
        if seen == _CONSTRUCTORS:
            break
    if frame is None:
        return source_pb2.StackTrace()
    uri = Path(frame.f_code.co_filename).as_uri()
    position = source_pb2.SourcePosition(uri=uri, line=frame.f_lineno)
    return source_pb2.StackTrace(frames=[source_pb2.StackFrame(pc=position)])
