"""
What a message must name, without its sentence.

Sentences are improved more often than facts change. So a test asks for the facts in a message: the system, the call,
the status, whose account, and the setting, permission or variable to change. Whole lines are compared where they are
documented, in `tests/docs/test_conditions.py`.
"""

from __future__ import annotations


def assert_names(message: object, *facts: str) -> None:
    """
    Hold a message, or an error, to one line that names each of *facts*.
    """
    text = str(message)
    missing = [fact for fact in facts if fact not in text]
    assert not missing, f"{missing} not in: {text}"
    assert "\n" not in text, f"more than one line: {text}"
