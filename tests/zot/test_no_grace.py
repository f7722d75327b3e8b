"""
What a preview of a rotation says of a key that may be polled, with the provider called directly;
`tests/engine/test_first_preview.py` asks the engine.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.dynamic.wanted import key, next_run
from tests.world import GROUP, World
from zot_ci.dynamic import own_process
from zot_ci.dynamic.run import Run
from zot_ci.http import logs
from zot_ci.settings.named import NO_GRACE
from zot_ci.zot.api_key import ApiKeyProvider

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize(
    ("days", "account", "is_told"),
    [
        (91, {"forgejo": []}, True),
        (91, {"forgejo": [], "retireAfterDays": 0}, False),
        (91, {}, False),
        (1, {"forgejo": []}, False),
    ],
    ids=["due, polled", "due, written out", "due, with a forge", "young"],
)
def test_the_preview_of_a_rotation_thinks_of_what_polls_1password(
    days: int,
    account: dict[str, Any],
    is_told: bool,
    signed_in: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once, and of no key that stays."""
    signed_in.make_account(GROUP)
    wanted = key(signed_in)
    made = ApiKeyProvider().create(wanted)
    signed_in.estate.zot.clock.advance(days=days)
    next_run(signed_in)
    monkeypatch.setattr(Run, "is_preview", True)
    # A provider's process sets itself up, which a test's process keeps.
    monkeypatch.setattr(logs, "show_our_lines", lambda: None)
    monkeypatch.setattr(own_process, "of_providers", lambda: None)
    config = {name: json.dumps(value) for name, value in signed_in.config(**account).items()}
    provider = ApiKeyProvider()
    provider.configure(SimpleNamespace(config=config))  # type: ignore[arg-type]  # all that is read of a request

    assert made.id is not None
    assert made.outs is not None
    read = provider.read(made.id, made.outs)
    assert read.outs is not None
    provider.check(wanted, wanted)
    with caplog.at_level("WARNING", logger="zot_ci"):
        diff = provider.diff(made.id, read.outs, wanted)

    assert bool(diff.replaces) is (days > 90)
    assert [line for line in caplog.messages if NO_GRACE in line] == (
        [f"zot API key of zot-ci: {NO_GRACE}"] if is_told else []
    )
