"""
tools/build.sh, with a Go of ours: it says that it goes on, what it builds, and where that is afterwards.
"""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 60
# Builds until what the test waits for is in the file WAIT_IN, then writes the program that was asked for, or fails.
# Ctrl-C ends it at once, as it ends Go: without the trap, bash goes on if the command it waits for ends at that instant
# by itself.
GO = r"""#!/usr/bin/env bash
trap 'exit 1' INT
case "$*" in
*" list -m"*) exit 0 ;;
env*) echo go1.26 && exit 0 ;;
esac
echo example.test/a/package >&2
for _ in $(seq 1 600); do
    grep -qF "$WAIT_FOR" "$WAIT_IN" && break
    sleep 0.1
done
[ -z "${FAIL-}" ] || { echo "$FAIL" >&2 && exit 1; }
while [ $# -gt 1 ]; do
    if [ "$1" = -o ]; then printf '#!/bin/sh\n' >"$2" && chmod +x "$2"; fi
    shift
done
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of tools/, an empty environment beside it, and our Go."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / "path").mkdir()
    go = tmp_path / "path/go"
    go.write_text(GO, encoding="utf-8")
    go.chmod(0o755)
    return tmp_path


def _env(checkout: Path, wait_for: str, wait_in: Path, **more: str) -> dict[str, str]:
    wait_in.touch()
    # Without the folders where a real engine or linter may be.
    path = os.pathsep.join([str(checkout / "path"), "/usr/local/bin", "/usr/bin", "/bin"])
    return {"PATH": path, "TICK": "1", "WAIT_FOR": wait_for, "WAIT_IN": str(wait_in), **more}


def _run(checkout: Path, program: str, wait_for: str, **more: str) -> tuple[int, str]:
    """Build *program*; our Go goes on until *wait_for* was said."""
    out = checkout / "said"
    env = _env(checkout, wait_for, out, **more)
    with out.open("w") as stream:
        command = [str(checkout / "tools/build.sh"), program]
        code = subprocess.run(
            command, env=env, stdout=stream, stderr=subprocess.STDOUT, check=False, timeout=PATIENCE_SECONDS
        )
    return code.returncode, out.read_text(encoding="utf-8")


def test_a_build_says_that_it_goes_on_and_what_was_built_where(checkout: Path) -> None:
    """In plain lines where it is no terminal: elapsed time, and the package that is being compiled."""
    code, said = _run(checkout, "act", "still building act: ")

    assert code == 0, said
    first, *still, last = said.splitlines()
    assert "building act " in first
    assert still
    assert all(line.startswith("still building act: ") for line in still)
    assert all(line.endswith(" s, example.test/a/package") for line in still)
    assert " is in .tools/bin (built in " in last
    assert (checkout / ".tools/bin/act").exists()
    assert not any(character < " " and character != "\n" for character in said)


def test_what_was_built_before_is_named_and_not_built_again(checkout: Path) -> None:
    """Somebody who runs it again sees that there is nothing to wait for."""
    code, said = _run(checkout, "actionlint", "building")
    assert code == 0, said

    code, said = _run(checkout, "actionlint", "building", FAIL="built twice")

    assert code == 0, said
    assert said.endswith(" is in .tools/bin (built before)\n")


def test_a_build_that_fails_ends_with_one_line_and_leaves_no_program(checkout: Path) -> None:
    """The last line of Go's, and where the rest is."""
    code, said = _run(checkout, "act", "building", FAIL="no space left on device")

    assert code == 1
    assert said.splitlines()[-1] == "building act failed: no space left on device (all of it in .tools/act.log)"
    assert [path.name for path in (checkout / ".tools/bin").iterdir()] == []


def test_a_terminal_gets_one_line_that_is_written_over(checkout: Path, tmp_path: Path) -> None:
    """And is left clean: the line after it begins at its beginning."""
    master, slave = pty.openpty()
    copy = tmp_path / "copy"
    env = _env(checkout, "still building", copy, TERM="xterm")
    process = subprocess.Popen([str(checkout / "tools/build.sh"), "act"], env=env, stdout=slave, stderr=slave)
    os.close(slave)
    # Linux ends a terminal that nobody holds any more with an error, and not with nothing.
    with copy.open("ab", buffering=0) as stream, suppress(OSError):
        while part := os.read(master, 4096):
            stream.write(part)
    os.close(master)

    assert process.wait(PATIENCE_SECONDS) == 0
    said = copy.read_bytes().decode()
    assert "\r\x1b[Kstill building act: " in said
    assert said.rstrip().rpartition("\x1b[K")[2].startswith("act ")


def test_a_build_that_is_interrupted_stops_all_of_it(checkout: Path) -> None:
    """Ctrl-C reaches Go and the clock, and no half program stays."""
    out = checkout / "said"
    env = _env(checkout, "never said", out)
    with out.open("w") as stream:
        process = subprocess.Popen(
            [str(checkout / "tools/build.sh"), "act"],
            env=env,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # A script that runs the tests in the background has it ignored, and what is started would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "still building" not in out.read_text(encoding="utf-8"):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)

        assert process.wait(PATIENCE_SECONDS) != 0
        while _lives(process.pid):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        # What a failure leaves running would be a warning in another test.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert [path.name for path in (checkout / ".tools/bin").iterdir()] == []


def _lives(group: int) -> bool:
    """Whether a process of that group is there."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
