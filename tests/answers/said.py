"""
How an error must read: one line, which names the call and the cure, and neither a secret nor what a server sent.
"""

from __future__ import annotations

import traceback

import pytest

from tests.answers.bent import BODY_TEXT
from tests.world import World


def traceback_of(error: BaseException) -> str:
    """
    Return what `ZOT_CI_DEBUG=1` shows of an error, causes included.
    """
    return "".join(traceback.format_exception(error))


def in_one_line(world: World, error: BaseException) -> str:
    """
    Return what an error says, if it says it as it should, and its traceback says no more of what was sent.
    """
    text = str(error)
    assert text
    assert text.splitlines() == [text]
    assert world.estate.secrets.found_in(text) == []
    assert BODY_TEXT not in text
    assert "<" not in text
    assert world.estate.secrets.found_in(traceback_of(error)) == []
    assert BODY_TEXT not in traceback_of(error)
    return text


def assert_clean_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """
    Assert that what was logged on the way is in single lines without a secret as well.
    """
    for record in caplog.records:
        message = record.getMessage()
        assert message.splitlines() == [message]
        assert world.estate.secrets.found_in(message) == []
        assert BODY_TEXT not in message
