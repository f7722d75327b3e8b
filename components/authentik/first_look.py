"""
A look at an account before this program manages it: read-only, and HTTP only.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from ..dynamic.errors import NotOursError
from ..dynamic.findings import Findings
from ..http.errors import ReconcileError
from .api import SERVICE_ACCOUNT, Account, Authentik


def look(found: Findings, authentik: Authentik, username: str, groups: Collection[str]) -> bool:
    """
    Add to *found* what an `up` will do that wants the account in exactly these *groups*; return whether the account
    exists and needs no change.

    Raises:
        ReconcileError: the account cannot be looked at, or may be a person's.
    """
    account = authentik.find(username)
    if account is None:
        found.plans.append(f"will be made, in {_listed(groups)}: {authentik.token_name} sees none of that name")
        missing = set(groups)
        found.open_questions.append(f"only an `up` shows whether {authentik.token_name} may make accounts")
    else:
        refuse_a_person(account)
        missing = set(groups) - set(account.group_names)
        changes = _changes(account, groups)
        found.plans += ["will be adopted: it was made elsewhere, and stays on destroy", *changes]
        if changes:
            question = f"only an `up` shows whether {authentik.token_name} may change accounts and groups"
            found.open_questions.append(question)
    for name in sorted(groups):
        # A group that the account is in already is only looked at for its parents, so a missing right is no fault.
        with found.gathering() if name in missing else suppress(ReconcileError):
            parents = authentik.group(name).parents
            if parents:
                found.plans.append(_inherits(name, parents))
    return account is not None and not changes


def refuse_a_person(account: Account) -> None:
    """
    Refuse to adopt an account that may be a person's.

    Raises:
        NotOursError: it has another type.
    """
    if account.type != SERVICE_ACCOUNT:
        hint = "it may be a person's; make it a service account by hand, or name another account"
        msg = f"authentik account {account.username} is of type {account.type}; {hint}"
        raise NotOursError(msg)


def _changes(account: Account, groups: Collection[str]) -> list[str]:
    leaving, joining = set(account.group_names) - set(groups), set(groups) - set(account.group_names)
    return [
        *([f"will be taken out of {_listed(leaving)}"] if leaving else []),
        *([f"will be put into {_listed(joining)}"] if joining else []),
        *([] if account.is_active else ["will be made active"]),
    ]


def _inherits(name: str, parents: list[str]) -> str:
    # The vendor's documents: members of a child are effective members of its parents.
    theirs = f"what {'that gives' if len(parents) == 1 else 'those give'}"
    return f"group {name} inherits from {_listed(parents)}: its members have {theirs}, too, and no preview watches it"


def _listed(groups: Collection[str]) -> str:
    return f"{'group' if len(groups) == 1 else 'groups'} {', '.join(sorted(groups))}"
