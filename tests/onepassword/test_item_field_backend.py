"""
By which backend a field is reached: the one that its settings name.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dynamic.wanted import field
from tests.messages import assert_names
from tests.onepassword.fields import PROVIDER
from tests.world import World
from zot_ci.http.errors import EnvironmentUnfitError


@pytest.mark.embedded
def test_the_backend_that_the_settings_name_is_the_one_that_is_used(
    signed_in: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the one that the environment would choose, here a Connect server."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(EnvironmentUnfitError) as caught:
        PROVIDER.create(field(onepassword_access="cli"))

    assert_names(caught.value, "`op` is not on PATH")
    assert signed_in.field() is None
