"""
What the SDK's host of dynamic providers shows of an error: each test is a process as the engine starts it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zot_ci.dynamic.one_line import without_what_led_to_it

ROOT = Path(__file__).resolve().parents[2]
# A provider whose call fails while it deals with another failure, and what the newest SDK makes of that.
SHOW = """
import sys, traceback
sys.orig_argv[:] = sys.argv[1:]
from zot_ci.dynamic.provider import Provider
from zot_ci.http.errors import NotFoundError

class Broken(Provider):
    def read(self, id_, props):
        try:
            raise ValueError("what led to it")
        except ValueError:
            self.fail()

    def fail(self):
        raise NotFoundError("zot answered 404; create it")

class Config:
    def get(self, key):
        return "{}" if key == "zot-ci:zot" else None

class Request:
    config = Config()

provider = Broken()
provider.configure(Request())
try:
    provider.read("id", {})
except Exception:
    sys.stdout.write(traceback.format_exc())
"""
HOST = ("python3", "-u", "-m", "pulumi.dynamic", "127.0.0.1:1")


def shown(*arguments: str, **variables: str) -> str:
    """What is shown in a process of these arguments."""
    env = {name: value for name, value in os.environ.items() if name != "ZOT_CI_DEBUG"} | variables
    command = [sys.executable, "-c", SHOW, *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout


def test_the_host_shows_one_line_of_an_error() -> None:
    """No file, no module, nothing of what led to it."""
    assert shown(*HOST) == "NotFoundError: zot answered 404; create it\n"


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [(HOST, {"ZOT_CI_DEBUG": "1"}), (("python3", "another_program.py"), {})],
    ids=["debug", "another process"],
)
def test_all_of_it_is_shown_to_who_asks_and_in_other_processes(
    arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    """Whoever imports this package keeps their own tracebacks."""
    text = shown(*arguments, **variables)

    assert "in read\n" in text
    assert "ValueError: what led to it" in text
    assert "zot_ci.http.errors.NotFoundError: zot answered 404; create it" in text


def test_a_call_gets_all_that_it_is_given() -> None:
    """By place and by name."""

    def given(*args: object, **kwargs: object) -> tuple[object, ...]:
        return args, kwargs

    assert without_what_led_to_it(given)(1, two=2) == ((1,), {"two": 2})
