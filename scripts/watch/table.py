"""
The summary: a Markdown table of the accounts, made of a status document.
"""

from __future__ import annotations

from .document import AccountStatus, Status

COLUMNS = ("account", "age", "rotates on", "expires on", "last used", "drift")


def table(status: Status) -> str:
    """
    Return the table and, below it, the preview's sentences.
    """
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(_row(account, status) for account in status.accounts)]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    said = [f"- {line}" for line in (*status.sentences, *status.errors)]
    return "\n".join([*lines, *([""] if said else []), *said])


def _row(account: AccountStatus, status: Status) -> tuple[str, ...]:
    key = account.key
    if key is None:
        # There is no key yet, or an `up` for chosen targets left it out.
        return (account.username, "no key", "", "", "never", drift(account, status))
    rotates = key.rotates_at.date().isoformat() if key.rotates_at else "never: rotation is paused"
    expires = key.expires_at.date().isoformat() if key.expires_at else "never"
    last_used = key.last_used.isoformat() if key.last_used else "never"
    return (account.username, f"{int(key.age_days)} d", rotates, expires, last_used, drift(account, status))


def drift(account: AccountStatus, status: Status) -> str:
    """
    Return how an account differs from its settings.
    """
    if not status.succeeded:
        return "not known: the preview failed"
    if not account.changes:
        unknown = [part.condition for part in account.parts if part.in_sync is None]
        return "; ".join(["not known", *dict.fromkeys(unknown)]) if unknown else "in sync"
    reasons = {part.condition for part in account.parts if part.change}
    why = "; ".join(sorted(reasons - {"current"}))
    return f"{account.changes} to change" + (f": {why}" if why else "")
