"""
The access control of the embedded zot: who may do what in which repository.

Run on zot v2.1.20 for ``team/**`` and for users with rights of their own. Read in zot's source: of all patterns that
match, the longest one alone decides, so that a right for ``**`` is none in ``team/**``, unless it is an admin's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

ALL = frozenset({"read", "create", "update", "delete"})


@dataclass
class Rules:
    """What one pattern of repositories allows: to anonymous, to anybody known, to groups and to users by name."""

    anonymous: frozenset[str] = frozenset()
    default: frozenset[str] = frozenset()
    policies: dict[str, frozenset[str]] = field(default_factory=dict)
    users: dict[str, frozenset[str]] = field(default_factory=dict)

    def allow(self, user: str, groups: frozenset[str], action: str) -> bool:
        """Tell whether *user* (empty: anonymous) of these *groups* may do *action*."""
        if not user:
            return action in self.anonymous
        if action in self.default or action in self.users.get(user, ()):
            return True
        return any(action in self.policies.get(group, ()) for group in groups)


@dataclass
class Access(Rules):
    """
    The access control of the reference deployment: anonymous read, one group that creates, one that does all.

    Its own rules are those of ``**``. *patterns* holds rules of other patterns, such as ``team/**``; *admin_users* and
    *admin_groups* may do everything everywhere.
    """

    anonymous: frozenset[str] = frozenset({"read"})
    default: frozenset[str] = frozenset({"read"})
    policies: dict[str, frozenset[str]] = field(
        default_factory=lambda: {"artifact-workloads": frozenset({"read", "create"}), "admins": ALL}
    )
    patterns: dict[str, Rules] = field(default_factory=dict)
    admin_users: set[str] = field(default_factory=set)
    admin_groups: set[str] = field(default_factory=set)

    def rule(
        self,
        pattern: str,
        policies: Mapping[str, Iterable[str]] | None = None,
        users: Mapping[str, Iterable[str]] | None = None,
        default: Iterable[str] = (),
        anonymous: Iterable[str] = (),
    ) -> Rules:
        """Back door: write the rules of a pattern anew; *policies* go by group, *users* by name."""
        rules = Rules(frozenset(anonymous), frozenset(default), _frozen(policies), _frozen(users))
        self.patterns[pattern] = rules
        return rules

    def allows(self, user: str, groups: frozenset[str], action: str, repository: str) -> bool:
        """Tell whether *user* (empty: anonymous) of these *groups* may do *action* in the repository."""
        matching = [pattern for pattern in self.patterns if matches(pattern, repository)]
        rules = self.patterns[max(matching, key=len)] if matching else self
        return rules.allow(user, groups, action) or self._is_admin(user, groups)

    def allows_somewhere(self, user: str, groups: frozenset[str], action: str) -> bool:
        """Tell whether there is any pattern in which *user* may do *action*."""
        every = (self, *self.patterns.values())
        return any(rules.allow(user, groups, action) for rules in every) or self._is_admin(user, groups)

    def _is_admin(self, user: str, groups: frozenset[str]) -> bool:
        return user in self.admin_users or bool(groups & self.admin_groups)


def matches(pattern: str, repository: str) -> bool:
    """Tell whether a repository's name matches: ``**`` stands for any folders or none, ``*`` for part of one name."""
    return _match(pattern.split("/"), repository.split("/"))


def _match(pattern: list[str], names: list[str]) -> bool:
    if not pattern:
        return not names
    if pattern[0] == "**":
        return _match(pattern[1:], names) or (bool(names) and _match(pattern, names[1:]))
    return bool(names) and fnmatchcase(names[0], pattern[0]) and _match(pattern[1:], names[1:])


def _frozen(rights: Mapping[str, Iterable[str]] | None) -> dict[str, frozenset[str]]:
    return {name: frozenset(actions) for name, actions in (rights or {}).items()}
