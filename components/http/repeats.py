"""
Trying again, by the retry library.

That library is loaded when something is tried again, which most runs never do: its import would be a twentieth of what
a process of the provider loads (26.1, measured).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import stamina

_is_quiet = False


def quieten() -> None:
    """
    Let the library log nothing in this process: its lines have the exception that led to a repeat.
    """
    global _is_quiet  # it is the process that is quiet
    _is_quiet = True


def attempts(on: type[Exception] | Callable[[Exception], bool | float], **how: Any) -> Iterator[stamina.Attempt]:
    """
    Return the attempts at something, each to be made inside `with`; an exception that *on* names or accepts leads to
    the next one. *how* is `stamina.retry_context`'s.
    """
    import stamina

    if _is_quiet:
        stamina.instrumentation.set_on_retry_hooks([])
    return iter(stamina.retry_context(on, **how))
