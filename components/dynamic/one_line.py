"""
How an error of a provider is shown: one line, whatever the SDK adds.

Up to 3.259 the SDK's dynamic host shows only an error's text. Later versions show Python's whole traceback, with every
file that the call went through and every error that led to it (3.257 and 3.272, measured). This module reduces it to
one line: `SignInRefusedError: zot GET …`. With `ZOT_CI_DEBUG` the whole traceback is shown.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import ParamSpec, TypeVar

from ..http.errors import ReconcileError

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def is_wanted(arguments: Sequence[str]) -> bool:
    """
    Whether a process with these *arguments* is the SDK's host of dynamic providers and `ZOT_CI_DEBUG` is not set.
    """
    return "pulumi.dynamic" in arguments and not os.environ.get("ZOT_CI_DEBUG")


def set_up() -> None:
    """
    Remove the files from every traceback of this process, and the module from our errors' names.
    """
    if not is_wanted(sys.orig_argv):
        return
    sys.tracebacklimit = 0
    for kind in _family(ReconcileError):
        # Python leaves out the module of its own exceptions only.
        kind.__module__ = "builtins"


def without_what_led_to_it(call: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """
    Return *call* with errors that have no context: a traceback would have a line for each error before.
    """

    @functools.wraps(call)
    def called(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        try:
            return call(*args, **kwargs)
        except Exception as exc:  # whatever the call raises, and only what led to it is dropped
            raise exc from None

    return called


def _family(base: type[ReconcileError]) -> Iterator[type[ReconcileError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _family(kind)
