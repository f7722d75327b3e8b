"""
What this program does to a process that it has for itself.

As a library in somebody else's program it is a guest, and does none of it: the host's own resources and dynamic
providers share both processes.
"""

from __future__ import annotations

from ..http import logs
from . import ending, one_line
from .failures import register_dependents
from .garbage import collect_rarely
from .positions import keep_the_first_call


def of_the_program() -> None:
    """
    Set up the process of this program: short source positions in the state, a rare collection of garbage, no lines of
    libraries, dependents of failed resources registered, and exit code 1 for a fault that failed no resource.
    """
    keep_the_first_call()
    collect_rarely()
    logs.quieten_libraries()
    register_dependents()
    ending.fail_on_faults()


def of_providers() -> None:
    """
    Set up a process of this program's providers: errors in one line, a rare collection of garbage, no lines of
    libraries.
    """
    one_line.set_up()
    collect_rarely()
    logs.quieten_libraries()
