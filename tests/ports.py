"""
Ports of the loopback that are asked for by their number later.

To whoever asks for any port the system gives one of its own range, from 32768 on (Linux) or 49152 (macOS). So a port of
that range which was free a moment ago, or that a system of a test had before, can be another test's by now.
"""

from __future__ import annotations

import random
import socket

_OURS = range(20_000, 30_000)


def free_port() -> int:
    """
    Return a port that nobody listens on, and that the system gives nobody.
    """
    while True:
        port = random.choice(_OURS)  # noqa: S311  # no secret
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
