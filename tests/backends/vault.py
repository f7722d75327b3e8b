"""
A stand-in for Vault, as what encrypts a state's secrets in place of a passphrase: the two calls that the engine makes.

It follows Vault's API documentation. It encrypts nothing: what it gives out has the text in another form, so that any
stand-in can give it back. That text is no secret of a state, but the key that the engine encrypts those with.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PREFIX = "vault:v1:"


class Vault:
    """
    The transit engine's `encrypt` and `decrypt`, for one token. *env* says where it is, and gives the token.
    """

    def __init__(self, url: str, token: str) -> None:
        self.env = {"VAULT_ADDR": url, "VAULT_TOKEN": token}

    @classmethod
    @contextmanager
    def start(cls) -> Iterator[Vault]:
        """
        Serve until the block ends.
        """
        with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
            one = cls(f"http://127.0.0.1:{server.server_port}", secrets.token_urlsafe(24))
            server.answer = one.answer  # type: ignore[attr-defined]
            thread = threading.Thread(target=server.serve_forever, name="vault", daemon=True)
            thread.start()
            yield one
            server.shutdown()
            thread.join()

    def key(self) -> str:
        """
        Return the URL of a key that encrypts, as a secrets provider.
        """
        return f"hashivault://key-{secrets.token_hex(4)}"

    def token_without_rights(self) -> str:
        """
        Return a token that may do nothing.
        """
        return secrets.token_urlsafe(24)

    def answer(self, path: str, token: str | None, body: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """
        Return status and content of what a request is answered.
        """
        _, _, engine, call, key = (*path.split("/"), "", "", "", "")[:5]
        if token != self.env["VAULT_TOKEN"]:
            return 403, {"errors": ["permission denied"]}
        if (engine, call) == ("transit", "encrypt"):
            return 200, {"data": {"ciphertext": _sealed(key, body["plaintext"])}}
        if (engine, call) == ("transit", "decrypt"):
            plaintext = base64.b64decode(body["ciphertext"].removeprefix(_PREFIX)).decode().removeprefix(f"{key} ")
            if _sealed(key, plaintext) == body["ciphertext"]:
                return 200, {"data": {"plaintext": plaintext}}
        return 400, {"errors": ["invalid ciphertext: no such key, or another one's"]}


def _sealed(key: str, plaintext: str) -> str:
    return _PREFIX + base64.b64encode(f"{key} {plaintext}".encode()).decode()


class _Handler(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, content = self.server.answer(self.path, self.headers["X-Vault-Token"], body)  # type: ignore[attr-defined]
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """
        Nothing is logged.
        """
