"""
The sentence of a condition: which part of it is the same for all that one system has.
"""

from __future__ import annotations

import pytest

from zot_ci.dynamic.conditions import whose_fault


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ("not checked: zot at https://a.test gave no answer: connection refused", "not checked: zot at https://a.test"),
        ("refused: a proxy gave no answer: 403", "refused: a proxy gave no answer: 403"),
        ("current", "current"),
    ],
    ids=["silent", "refused", "current"],
)
def test_only_of_a_silence_the_reason_is_left_out(condition: str, fault: str) -> None:
    """It differs from request to request; a refusal's is the same."""
    assert whose_fault(condition) == fault
