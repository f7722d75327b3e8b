"""
The engine's own log files: since 3.249 it writes one for each command below `$PULUMI_HOME/logs`, asked or not.

What runs a stack is encrypted by the stack's secrets provider (magic `PLOG`); the log of a command that only looks is
gzip that anybody can open. No secret may be found in either. Whoever has the passphrase and the state can decrypt the
former, and then sees what the state has: the key. Tokens, passwords and the passphrase are not in there either.
"""

from __future__ import annotations

import base64
import gzip
import json
import stat
import urllib.parse
import zlib
from pathlib import Path

import pytest

from tests.engine.stack import PASSPHRASE, Stack
from tests.world import World

KEY = "zak_0123456789abcdef0123456789abcdef"
ODD = 'a pass"phrase/with+all & <sorts>'


def _spellings(secret: str) -> set[bytes]:
    """A secret as it is, and as base64 has it wherever it begins, a URL, JSON, JSON in JSON, Go's JSON, and hex."""
    quoted = json.dumps(secret)[1:-1]
    texts = {secret, quoted, json.dumps(quoted)[1:-1], urllib.parse.quote(secret, safe=""), secret.encode().hex()}
    texts |= {urllib.parse.quote(secret), urllib.parse.quote_plus(secret)}
    texts.add(quoted.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # Without the characters that its neighbours have a share in.
            whole = encode(b"\0" * before + secret.encode()).decode()
            texts.add(whole[(0, 2, 3)[before] :].rstrip("=")[:-1])
    return {text.encode() for text in texts}


def _opened(content: bytes) -> list[bytes]:
    """What a file holds, and what is in it if it is gzip, also if its end is missing as that of a killed run's."""
    if content[:2] != b"\x1f\x8b":
        return [content]
    return [content, zlib.decompressobj(wbits=31).decompress(content)]


def _found(secrets: set[str], texts: list[bytes]) -> list[str]:
    long = sorted(secret for secret in secrets if len(secret) >= 8)
    return [secret[:4] for secret in long if any(form in text for form in _spellings(secret) for text in texts)]


@pytest.mark.parametrize("secret", [KEY, ODD], ids=["a key", "a passphrase"])
@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
def test_a_planted_secret_is_found_however_it_is_written(secret: str, before: str) -> None:
    """The search can fail, for each spelling, zipped and not."""
    record = json.dumps({"msg": before + secret})
    texts = [
        record,
        json.dumps(record),
        urllib.parse.quote(before + secret),
        urllib.parse.quote_plus(before + secret),
        base64.b64encode(f"{before}{secret}-and-more".encode()).decode(),
        base64.urlsafe_b64encode(f"{before}{secret}-and-more".encode()).decode(),
        (before + secret).encode().hex(),
    ]

    assert [text for text in texts if not _found({secret}, _opened(text.encode()))] == []
    assert [text for text in texts if not _found({secret}, _opened(gzip.compress(text.encode())))] == []
    assert _found({secret}, _opened(gzip.compress(b"nothing of that kind"))) == []


@pytest.mark.embedded
def test_no_secret_is_in_the_log_files_of_the_engine(world: World, stack: Stack) -> None:
    """First key by a login, a rotation, a refused token, and the commands that only look."""
    assert stack.by_passphrase().up().code == 0
    world.estate.zot.clock.advance(days=91)
    assert stack.up().code == 0
    stack.env["FORGEJO_TOKEN"] = "wrong-but-secret-token"
    assert stack.preview().code == 1
    stack.pulumi("stack", "export")
    stack.pulumi("stack", "output", "--json")
    stack.pulumi("stack", "history")
    stack.pulumi("stack", "init", "another")

    folder = Path(stack.env["PULUMI_HOME"]) / "logs"
    files = {path: path.read_bytes() for path in sorted(folder.iterdir())}
    secrets = {*world.estate.secrets, *_tokens(stack), PASSPHRASE}
    assert len(secrets) > 10
    assert world.field() in secrets
    encrypted = [path for path, content in files.items() if content.startswith(b"PLOG")]
    plain = [path for path, content in files.items() if content.startswith(b"\x1f\x8b")]
    assert len(encrypted) >= 3
    assert len(plain) >= 4
    assert sorted([*encrypted, *plain]) == list(files)
    leaks = {path.name: _found(secrets, _opened(content)) for path, content in files.items()}
    assert {name: found for name, found in leaks.items() if found} == {}
    # The files' own mode is 0644; it is the folder that keeps others out.
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) & 0o022 for path in files} == {0}


@pytest.mark.embedded
def test_whoever_decrypts_a_log_with_the_passphrase_sees_keys_and_no_other_secret(world: World, stack: Stack) -> None:
    """As in the state itself: docs/promises.md says so. Without the passphrase the engine opens none."""
    assert stack.by_passphrase().up().code == 0
    logs = (Path(stack.env["PULUMI_HOME"]) / "logs").glob("*+test-*.log")
    log = max(logs, key=lambda path: path.stat().st_mtime_ns)

    read = stack.pulumi("logs", "decrypt", str(log))
    stack.env["PULUMI_CONFIG_PASSPHRASE"] = "another"
    refused = stack.pulumi("logs", "decrypt", str(log))

    assert read.code == 0, read.text
    shown = {
        secret
        for secret in {*world.estate.secrets, *_tokens(stack), PASSPHRASE}
        if _found({secret}, [read.text.encode()])
    }
    assert shown == {world.field()}
    assert refused.code != 0
    assert '"msg"' not in refused.text


def _tokens(stack: Stack) -> set[str]:
    return {value for name, value in stack.env.items() if name.endswith("_TOKEN")}
