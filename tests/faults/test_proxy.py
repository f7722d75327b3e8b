"""
The proxies' own end.
"""

from __future__ import annotations

import contextlib
import gc
import socket

import pytest

from tests.faults.proxy import Proxies


@pytest.mark.filterwarnings("error")
def test_every_connection_ends_with_the_proxies_also_one_accepted_a_moment_before() -> None:
    """Else its socket is found open in whichever test runs when it is collected, and that one fails."""
    with Proxies(("zot",)) as proxies:
        port = int(proxies.urls["zot"].rpartition(":")[2])
        clients = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(50)]

    for client in clients:
        # A reset is as good an end.
        with client, contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
    gc.collect()
