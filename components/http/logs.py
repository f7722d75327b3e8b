"""
What a process that asks the systems writes to its log: our own lines, and nothing of the libraries'.
"""

from __future__ import annotations

import io
import logging
import os
import sys

import stamina

# This package, under whatever name it was installed.
_OURS = __name__.rpartition(".http.")[0]


def set_up() -> None:
    """
    Set up this process's log, once: our lines on standard error, one each, from INFO on, and no others.
    """
    quieten_libraries()
    log = logging.getLogger(_OURS)
    if log.handlers:
        return
    if isinstance(sys.stderr, io.TextIOWrapper):
        # The engine takes a line for UTF-8, whatever the locale.
        sys.stderr.reconfigure(encoding="utf-8")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


def quieten_libraries() -> None:
    """
    Keep the libraries from logging what can hold secrets, whatever the level of this process's log.

    httpx logs the full URL of each request at INFO, and OIDC puts codes there. stamina logs each repeat with its
    exception. gRPC logs the traceback of every exception that it passes on; the engine prints its one line anyway.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stamina.instrumentation.set_on_retry_hooks([])
    if not os.environ.get("ZOT_CI_DEBUG"):
        logging.getLogger("grpc._server").setLevel(logging.CRITICAL + 1)
