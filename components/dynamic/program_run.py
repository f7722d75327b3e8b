"""
How a run of the program begins and ends. It ends with exit code 1 if a provider noted a fault that failed no resource.

A provider can fail a run only by failing a resource, and then the engine leaves undone everything that depends on the
resource. A token that authentik refuses must not stop a key's rotation. So the providers note such faults, and the
program logs them at its end.

An error that the program raises would come before the deletions and stop them (engine 3.250, measured). After the
deletions the engine waits for the program's process and takes its exit code (`SignalAndWaitForShutdown`), so the faults
are logged when that process ends. The language host adds nothing to this exit code; the engine adds "BAIL: run bailed".
"""

from __future__ import annotations

import atexit
import os
import sys

import pulumi
from pulumi.runtime import settings
from pulumi.runtime.proto import engine_pb2_grpc

from ..http import logs
from ..http.errors import EnvironmentUnfitError
from .run import RUN

# "A message was shown": the language host adds none of its own.
_EXIT_CODE = 32

_begun = False
_fails_on_faults = False


def fail_on_faults() -> None:
    """
    Let this process end with an exit code that fails the run if a provider noted a fault. Without this call, as in a
    program that uses this one as a library, such faults are only logged as errors.
    """
    global _fails_on_faults  # it is the process that ends
    _fails_on_faults = True


def begin() -> None:
    """
    Create the file that this run of the program shares with its providers, once for the process.

    Raises:
        pulumi.RunError: no temporary file can be made, or the program runs in another program's process.
    """
    if not RUN.file.has_engine and isinstance(settings.SETTINGS.engine, engine_pb2_grpc.EngineStub):
        # Nothing would hold between the two: which places the program has, its faults, whether this is a preview.
        hint = "give the stack a folder with a Pulumi.yaml and a __main__.py, and run that"
        msg = f"a RegistryCredential cannot be in an inline program of the Automation API; {hint}"
        raise pulumi.RunError(msg)
    global _begun  # the process is one run of the program
    if not _begun:
        _begun = True
        logs.keep_urls_out()
        preview, has_engine = pulumi.runtime.is_dry_run(), False
        try:
            has_engine = RUN.begin(preview=preview)
        except EnvironmentUnfitError as exc:
            # A preview needs no file: its providers then log their faults themselves, without the exit code.
            if not preview:
                raise pulumi.RunError(str(exc)) from None
        if has_engine:
            atexit.register(_end)


def fault_lines() -> list[str]:
    """
    Return one line for each fault of this run that was not logged yet.
    """
    return [f"{', '.join(sorted(whats))}: {sentence}" for sentence, whats in RUN.faults().items()]


def _end() -> None:
    lines = fault_lines()
    for line in lines:
        pulumi.log.error(line)
    RUN.file.leave(for_all=True)
    if not lines or not _fails_on_faults:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_EXIT_CODE)
