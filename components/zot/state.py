"""
What the program asks of a key, and of the sweep of the keys before it; and what is recorded of both.
"""

from __future__ import annotations

import msgspec

from ..dynamic.claims import Identity
from ..dynamic.properties import Moment, Naming, OrEmpty, Properties, Replacing, Secret, Volatile
from ..rotation import CI_RIGHTS, KeyFacts, Policy
from ..settings.place import Place
from ..settings.reference import StoredToken


class KeyWanted(Properties, kw_only=True):
    """
    What the program asks of a key.

    Args:
        username: whose key.
        zot_url: the registry.
        label: what the key is recognised by: `zot-ci/<stack>/<username>`.
        rotation: any text; another one is another key.
        rotate_after_days, expire_after_days: from its birth, as in `Policy`.
        rights: of create, update and delete those that it should have, sorted.
        probe_repository: where its access is probed; nothing is left there.
        probe_tag: a tag that exists there, by which it is asked whether the key may update; without one it is not.
        oidc_provider: zot's name for authentik.
        authentik_url: where the account can log in, for a key that no live key can mint; None if nowhere.
        authentik_token: where its token is kept in 1Password, if that is not in the environment.
        onepassword_access: the backend that reaches 1Password, if the environment does not choose it.
        vault, item, field: the store of record, where the key before it may be found.
    """

    username: Naming[Replacing[str]]
    zot_url: Naming[Replacing[str]]
    label: Replacing[str]
    rotation: Replacing[str | None] = None
    rotate_after_days: float
    expire_after_days: float
    rights: list[str] = msgspec.field(default_factory=lambda: sorted(CI_RIGHTS))
    probe_repository: str
    probe_tag: str | None = None
    oidc_provider: str
    authentik_url: str | None = None
    authentik_token: StoredToken | None = None
    onepassword_access: str | None = None
    vault: str
    item: str
    field: str

    @property
    def lineage(self) -> Identity:
        """
        What a key and its successors have in common: the registry and the user name, whatever the label.
        """
        return ("key", self.zot_url, self.username)

    @property
    def account(self) -> Identity:
        """
        Its account, which needs no resource of its own.
        """
        return ("account", self.username)

    @property
    def names(self) -> list[Identity]:
        """
        What the key is known by, and its account.
        """
        return [self.lineage, self.account]

    @property
    def thing(self) -> str:
        """
        What messages call it.
        """
        return f"zot API key of {self.username}"

    @property
    def store(self) -> Place:
        """
        The store of record.
        """
        return Place.field(self.vault, self.item, self.field)

    @property
    def policy(self) -> Policy:
        """
        When the key is replaced, and what it should be allowed.
        """
        return Policy(self.rotate_after_days, self.expire_after_days, frozenset(self.rights))


class KeyState(KeyWanted, kw_only=True):
    """
    What is recorded of a key.

    Args:
        uuid: zot's, and the resource's id.
        api_key: the key itself.
        created_at, expires_at: by the registry's clock, in UTC; it may never expire.
        last_used: the day; empty for never.
        age_days: by the registry's clock.
        refused: why the registry does not accept it; empty if it does.
        access: its rights, in words.
        may: whether it has a right, for each right that was asked about.
        other_keys: the account's keys of other labels, in words.
        newer: the keys of its label that were made after it, in words; empty if there is none.
        mark: the instance's own (`dynamic/claims.py`).
    """

    uuid: str
    api_key: Secret[str]
    created_at: Moment
    expires_at: OrEmpty[Moment]
    # Our own look is a use.
    last_used: Volatile[str]
    age_days: Volatile[float]
    refused: str
    access: str
    may: dict[str, bool] = msgspec.field(default_factory=dict)
    other_keys: list[str]
    newer: str
    mark: str

    @property
    def facts(self) -> KeyFacts:
        """
        The facts that are judged.
        """
        return KeyFacts(self.created_at, self.expires_at, self.age_days, self.refused, self.may, self.newer)


class OldKey(msgspec.Struct):
    """
    What is recorded of a key that is or may be stale.

    Args:
        key: in words, beginning with its uuid if it is of our label.
        label: its label.
        keep_days: how long an order of an earlier run keeps it, whatever the settings say.
        succeeded_days_ago: for how many days it has had a successor; None if it has none.
        used_at, used_days_ago: its last use; None where nobody uses it.
        expires_at: of a key in use; None for never.
        used_by_hand_at: of a key of another label, the last use, if that was after the current key was published.
    """

    key: str
    label: str
    keep_days: float | None = None
    succeeded_days_ago: float | None = None
    used_at: Moment | None = None
    used_days_ago: float | None = None
    expires_at: Moment | None = None
    used_by_hand_at: Moment | None = None

    @property
    def without_volatile(self) -> OldKey:
        """
        The same without what moves by itself.
        """
        return OldKey(self.key, self.label, self.keep_days)


class SweepWanted(Properties, kw_only=True):
    """
    What the program asks of the sweep.

    Args:
        zot_url: the registry.
        username: whose keys.
        label: which of them are ours.
        key_uuid: the current key, which stays.
        api_key: the same key, to ask the registry with; empty where a run left its own resource out before it was made.
        held: for each place that holds the key, the uuid of the key that it is known to work with.
        retire_after_days: how long a key stays alive after its successor was made.
        retire_when_unused: after that it stays until nothing has used it for a day.
        retire_at_most_days: but no longer than this after its successor was made.
        exclusive: keys of other labels are stale as well.
    """

    zot_url: Naming[str]
    username: Naming[str]
    label: str
    key_uuid: str = ""
    api_key: Secret[str] = ""
    held: dict[str, str | None]
    retire_after_days: float = 0.0
    retire_when_unused: bool = False
    retire_at_most_days: float | None = None
    exclusive: bool = False

    @property
    def identity(self) -> Identity:
        """
        The registry and the user whose keys are swept.
        """
        return ("sweep", self.zot_url, self.username)

    @property
    def names(self) -> list[Identity]:
        """
        The same.
        """
        return [self.identity]

    @property
    def thing(self) -> str:
        """
        What messages call it.
        """
        return f"zot keys of {self.username}"

    @property
    def lagging(self) -> list[str]:
        """
        The places that are not known to work with the current key.
        """
        return sorted(place for place, uuid in self.held.items() if uuid != self.key_uuid)


class SweepState(SweepWanted, kw_only=True):
    """
    What is recorded of the sweep, and what it leaves for the next one.

    Args:
        mark: the instance's own (`dynamic/claims.py`).
        earlier_labels: of keys that are ours as well.
        stale, others: what is known of old keys of our labels, and of all keys of other labels.
        still_used: old keys that something uses, in words.
        swept_uuid: the current key of the last sweep that went through; empty where none is known.
        kept: what an order of an earlier run said of older keys, in days by uuid.
        let_go: when sweeps have seen that the last place let go of a key, by uuid.
    """

    mark: str
    earlier_labels: list[str]
    stale: Volatile[list[OldKey]] = msgspec.field(default_factory=list)
    others: Volatile[list[OldKey]] = msgspec.field(default_factory=list)
    still_used: Volatile[list[str]] = msgspec.field(default_factory=list)
    swept_uuid: str = ""
    kept: dict[str, float] = msgspec.field(default_factory=dict)
    let_go: dict[str, Moment] = msgspec.field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """
        All labels of keys that are ours.
        """
        return (*self.earlier_labels, self.label)

    def without_volatile(self) -> SweepState:
        """
        Leave out for how long each key has had a successor, and its uses: of those that something still holds their
        uuids are kept, unless it decides how long they live.
        """
        held = [] if self.retire_when_unused else self.still_used
        return msgspec.structs.replace(
            self,
            stale=[one.without_volatile for one in self.stale],
            others=[one.without_volatile for one in self.others],
            still_used=[line.partition(" ")[0] for line in held],
        )
