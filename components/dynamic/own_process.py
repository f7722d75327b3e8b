"""
What this program changes in a process of its own.

As a library in another program it changes none of this: that program's resources and dynamic providers share both
processes.
"""

from __future__ import annotations

import os

from ..http import logs
from . import one_line, program_run
from .failures import end_with_the_run, register_dependents
from .garbage import collect_rarely
from .positions import keep_the_first_call
from .waiting import send_no_debug_lines, wait_for_many


def of_the_program() -> None:
    """
    Set up the process of this program, which is alone in it.
    """
    # It has none, and pydantic would look for them in every package of the environment (12 ms).
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    keep_the_first_call()
    collect_rarely()
    logs.quieten_libraries()
    register_dependents()
    end_with_the_run()
    wait_for_many()
    send_no_debug_lines()
    program_run.fail_on_faults()


def of_providers() -> None:
    """
    Set up a process of this program's providers: errors in one line, a rare collection of garbage, no lines of
    libraries.
    """
    one_line.set_up()
    collect_rarely()
    logs.quieten_libraries()
