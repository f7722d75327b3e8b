"""
The reference deployment in sync, made by hand, for whoever breaks it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.estate import Estate
from tests.oracle.evidence import Ours, Seen, look, reference
from tests.oracle.instant import NOTHING, Told, Watch
from tests.oracle.rest import History, in_sync
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT

USERNAME, STACK = "zot-ci", "test"
LABEL = f"zot-ci/{STACK}/{USERNAME}"
OURS = reference(USERNAME, STACK)
WAITS = reference(USERNAME, STACK, waits_while_used=True)
GRACE = reference(USERNAME, STACK, grace_days=7)
STORE, PUBLISHED = OURS.accounts[0].places


@dataclass
class Broken:
    """
    The reference deployment in sync, made by hand, and a folder for files.
    """

    estate: Estate
    folder: Path
    key: str = field(init=False)

    def __post_init__(self) -> None:
        self.estate.authentik.add_user(USERNAME, groups=[GROUP], type="service_account")
        self.key = self.mint()
        self.write(self.key)

    def mint(self, label: str = LABEL, age_days: float = 0.0) -> str:
        """
        Make a key, so old.
        """
        return self.estate.zot.mint(USERNAME, label, age=timedelta(days=age_days))

    def revoke(self, text: str) -> None:
        """
        End a key.
        """
        key = self.estate.zot.key(text)
        assert key is not None
        self.estate.zot.revoke(key.uuid)

    def write(self, value: str) -> None:
        """
        Write both places.
        """
        self.estate.onepassword.set_field(VAULT, ITEM, FIELD, value)
        self.publish(value)

    def publish(self, value: str) -> None:
        """
        Write the secret.
        """
        self.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, value)

    def look(self, ours: Ours = OURS) -> Seen:
        """
        See all systems.
        """
        return look(self.estate, ours)

    def watched(self, break_it: Callable[[Broken], object], told: Told = NOTHING) -> list[str]:
        """
        Return what a watch finds when something is broken meanwhile.
        """
        watch = Watch(self.estate, OURS, told)
        break_it(self)
        watch.look("a request")
        return watch.findings

    def at_rest(
        self, break_it: Callable[[Broken], object], ours: Ours = OURS, history: History | None = None
    ) -> list[str]:
        """
        Return what is not in sync when something was broken.
        """
        break_it(self)
        return in_sync(ours, self.look(ours), history)
