"""
What a process writes to its log: this program's lines, and none of the libraries'.
"""

from __future__ import annotations

import io
import logging
import os
import sys

from . import repeats

# This package, under whatever name it was installed.
_OURS = __name__.rpartition(".http.")[0]


def show_our_lines() -> None:
    """
    Show our lines on standard error, one each, from INFO on. Once for a process; nothing else of its log is touched.
    """
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


def keep_urls_out() -> None:
    """
    Keep httpx from logging the full URL of each request, which it does at INFO: OIDC puts codes there.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)


def quieten_libraries() -> None:
    """
    Suppress the libraries' lines in a process of our own. stamina logs each repeat with its exception, and gRPC the
    traceback of every exception that it passes on, for which the engine prints one line anyway.
    """
    repeats.quieten()
    if not os.environ.get("ZOT_CI_DEBUG"):
        logging.getLogger("grpc._server").setLevel(logging.CRITICAL + 1)
