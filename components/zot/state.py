"""
What the program asks for a key and for the sweep of older keys, and what is recorded about both.
"""

from __future__ import annotations

import msgspec

from ..dynamic.claims import Identity
from ..dynamic.properties import Moment, Naming, OrEmpty, Properties, Replacing, Secret, Volatile
from ..rotation import CI_RIGHTS, KeyFacts, Policy
from ..settings.place import Place
from ..settings.reference import StoredToken


def lineage_of(zot_url: str, username: str) -> Identity:
    """
    Return what a key and its successors have in common: the registry and the user name, whatever the label.
    """
    return ("key", zot_url, username)


def sweep_of(zot_url: str, username: str) -> Identity:
    """
    Return the identity of the sweep of an account's old keys at a registry.
    """
    return ("sweep", zot_url, username)


class KeyWanted(Properties, kw_only=True):
    """
    What the program asks for a key.

    Args:
        username: whose key.
        zot_url: the registry.
        label: by which the key is recognised: `zot-ci/<stack>/<username>`.
        rotation: any text; another text replaces the key.
        rotate_after_days, expire_after_days: from its birth, as in `Policy`.
        rights: of create, update and delete those that it should have, sorted.
        probe_repository: where its access is probed; nothing is left there.
        probe_tag: a tag that exists there, for the probe of the right to update; without one there is no such probe.
        oidc_provider: zot's name for authentik.
        authentik_url: where the account can log in if no live key can mint the key; None if nowhere.
        authentik_token: where its token is kept in 1Password, if that is not in the environment.
        onepassword_access: the backend that reaches 1Password, if the environment does not choose it.
        vault, item, field: the store of record, which may hold the key before it.
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
        The lineage of the key.
        """
        return lineage_of(self.zot_url, self.username)

    @property
    def account(self) -> Identity:
        """
        The key's account, which may have no resource of its own.
        """
        return ("account", self.username)

    @property
    def names(self) -> list[Identity]:
        """
        The identities of the key's lineage and of its account.
        """
        return [self.lineage, self.account]

    @property
    def thing(self) -> str:
        """
        The key's name in messages.
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
    What is recorded about a key.

    Args:
        uuid: zot's, and the resource's id.
        api_key: the key itself.
        created_at, expires_at: by the registry's clock, in UTC; *expires_at* is None for never.
        last_used: the day of the last use; empty for never.
        age_days: by the registry's clock.
        refused: why the registry does not accept it; empty if it does.
        access: its rights, in words.
        may: for each probed right, whether the key has it.
        other_keys: the account's keys of other labels, in words.
        newer: the keys with its label that were made after it, in words; empty if there is none.
        mark: the instance's own (`dynamic/claims.py`).
    """

    uuid: str
    api_key: Secret[str]
    created_at: Moment
    expires_at: OrEmpty[Moment]
    # Listing the keys counts as a use.
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
        The facts for the rotation's rules.
        """
        return KeyFacts(self.created_at, self.expires_at, self.age_days, self.refused, self.may, self.newer)


class OldKey(msgspec.Struct):
    """
    What is recorded about a key that is or may be stale.

    Args:
        key: in words, beginning with its uuid if it is of our label.
        label: its label.
        keep_days: how long an order of an earlier run keeps it alive; None without an order.
        succeeded_days_ago: how many days ago it got a successor; None if it has none.
        used_at, used_days_ago: its last use; None if nothing uses it.
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
        The same key without volatile facts.
        """
        return OldKey(self.key, self.label, self.keep_days)


class SweepWanted(Properties, kw_only=True):
    """
    What the program asks for the sweep.

    Args:
        zot_url: the registry.
        username: whose keys.
        label: of the keys that are ours.
        key_uuid: the current key, which stays.
        api_key: the current key, to ask the registry with; empty if a run left out its resource before it existed.
        held: for each place that holds the key, the uuid of the key that it is known to work with.
        retire_after_days: how long a key stays alive after its successor was made.
        retire_when_unused: then it stays until nothing has used it for a day.
        retire_at_most_days: but no longer than this after its successor was made.
        exclusive: keys with other labels are stale, too.
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
        return sweep_of(self.zot_url, self.username)

    @property
    def lineage(self) -> Identity:
        """
        The lineage of the keys that are swept.
        """
        return lineage_of(self.zot_url, self.username)

    @property
    def names(self) -> list[Identity]:
        """
        The sweep's identity.
        """
        return [self.identity]

    @property
    def thing(self) -> str:
        """
        The sweep's name in messages.
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
    What is recorded about the sweep, for the next one.

    Args:
        mark: the instance's own (`dynamic/claims.py`).
        earlier_labels: other labels of keys that are ours.
        stale, others: the old keys with our labels, and all keys with other labels.
        still_used: old keys that something uses, in words.
        swept_uuid: the current key of the last complete sweep; empty if none is known.
        kept: orders of earlier runs for older keys, in days by uuid.
        let_go: when a sweep saw that the last place had released a key, by uuid.
        handed_over: places that are this account's no more, with the key that they had then, while that key lives.
    """

    mark: str
    earlier_labels: list[str]
    stale: Volatile[list[OldKey]] = msgspec.field(default_factory=list)
    others: Volatile[list[OldKey]] = msgspec.field(default_factory=list)
    still_used: Volatile[list[str]] = msgspec.field(default_factory=list)
    swept_uuid: str = ""
    kept: dict[str, float] = msgspec.field(default_factory=dict)
    let_go: dict[str, Moment] = msgspec.field(default_factory=dict)
    handed_over: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """
        All labels of keys that are ours.
        """
        return (*self.earlier_labels, self.label)

    def without_volatile(self) -> SweepState:
        """
        Leave out when each key got a successor, and its uses. The uuids of old keys in use stay, unless their use
        decides how long they live.
        """
        held = [] if self.retire_when_unused else self.still_used
        return msgspec.structs.replace(
            self,
            stale=[one.without_volatile for one in self.stale],
            others=[one.without_volatile for one in self.others],
            still_used=[line.partition(" ")[0] for line in held],
        )
