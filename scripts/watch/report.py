"""
The page: one HTML file with its style and pictures in it, and without scripts. It shows a status document, and the keys
that earlier versions of the page saw. Pure, except that the style is read from the file beside this one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from .advice import advice
from .document import AccountStatus, Credential, Key, Part, PlaceStatus, Status, System
from .drawing import drawing
from .memory import Seen, seen_by, written
from .timeline import KINDS, timeline

_STYLE = Path(__file__).with_name("page.css")
_VERDICTS = {True: ("good", "in sync"), False: ("bad", "out of sync"), None: ("warn", "not known")}


def page(status: Status, before: Seen) -> str:
    """
    Return the page; *before* are the keys that its earlier version remembers.
    """
    seen = seen_by(status, before)
    title = f"{status.stack}: registry keys of CI"
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        # The browser loads nothing and runs no script.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(title)}</title>",
        f"<style>\n{_STYLE.read_text(encoding='utf-8')}</style>",
        "</head>",
        "<body>",
        f"<h1>{escape(title)}</h1>",
        _head(status),
        _todo(status),
        _legend(),
        *(_account(account, status, seen) for account in status.accounts),
        _systems(status.systems),
        _credentials(status.credentials),
        _known(),
        written(seen),
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _verdict(state: bool | None) -> str:
    colour, words = _VERDICTS[state]
    return f'<strong class="{colour}">{words}</strong>'


def _head(status: Status) -> str:
    last = status.last_up
    up = "no up is recorded"
    if last:
        colour = "good" if last.result == "succeeded" else "bad"
        up = f'last up on {last.started_at:%Y-%m-%d %H:%M} UTC: <span class="{colour}">{escape(last.result)}</span>'
    looked = f"looked at on {status.looked_at:%Y-%m-%d %H:%M} UTC"
    return f'<p>{_verdict(status.in_sync)} <span class="quiet">· {looked} · {up}</span></p>'


def _todo(status: Status) -> str:
    lines = advice(status)
    items = "".join(f"<li>{_prose(line)}</li>" for line in lines)
    errors = "".join(f"<li><code>{escape(line)}</code></li>" for line in status.errors)
    todo = f"<ul>{items}</ul>" if lines else "<p>Nothing.</p>"
    return f'<div class="todo"><h2>What to do</h2>{todo}{f"<ul>{errors}</ul>" if errors else ""}</div>'


def _prose(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _account(account: AccountStatus, status: Status, seen: Seen) -> str:
    name = escape(account.username)
    parts = [f"<section><h2>{name} {_verdict(account.in_sync)}</h2>"]
    line = timeline(account, status.looked_at, seen.get(account.username, []), status.ups)
    if line.rows:
        spoken = "; ".join(f"{row.uuid[:8]}: {row.text}" for row in line.rows)
        parts += [
            '<div class="wide" tabindex="0">',
            drawing(line, f"Keys of {account.username}: {spoken}"),
            "</div>",
        ]
    parts.append(_facts(account.key) if account.key else "<p>There is no key yet.</p>")
    parts.append(_places(account))
    if account.key and account.key.other_keys:
        items = "".join(f"<li>{escape(one)}</li>" for one in account.key.other_keys)
        fate = "which an up revokes, since the account is exclusive" if account.exclusive else "never touched"
        parts.append(f"<h3>Keys with other labels, {fate}</h3><ul>{items}</ul>")
    return "\n".join([*parts, "</section>"])


def _legend() -> str:
    box = (
        '<svg viewBox="0 0 24 12" aria-hidden="true"><rect class="{}" x="1" y="1" width="22" height="10" rx="2"/></svg>'
    )
    items = [f"<li>{box.format(kind)}{text}</li>" for kind, text in KINDS.items()]
    shapes = {
        "an up": '<circle class="up" cx="12" cy="6" r="3"/>',
        "an up that replaced a key or another part": '<path class="rotation" d="M12 0l6 6l-6 6l-6 -6z"/>',
        "an up that failed": '<path class="failed" d="M8 2l8 8m0 -8l-8 8"/>',
    }
    items += [
        f'<li><svg viewBox="0 0 24 12" aria-hidden="true">{shape}</svg>{text}</li>' for text, shape in shapes.items()
    ]
    return f'<ul class="legend">{"".join(items)}</ul>'


def _facts(key: Key) -> str:
    rotates = f"{key.rotates_at:%Y-%m-%d}" if key.rotates_at else "never: rotation is paused"
    expires = f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never"
    accepted = {True: "yes", False: "no", None: "not asked"}[key.accepted]
    rights = {True: "as expected", False: "not as expected", None: "not known"}[key.rights_fit]
    rows = [
        ("key", key.uuid),
        ("made", f"{key.created_at:%Y-%m-%d}, {int(key.age_days)} days ago"),
        ("rotates", rotates),
        ("expires", expires),
        ("last used", key.last_used.isoformat() if key.last_used else "never"),
        ("accepted", accepted),
        ("rights", f"{rights}: {key.rights}" if key.rights else rights),
    ]
    return f"<table>{''.join(f'<tr><th>{name}</th><td>{escape(text)}</td></tr>' for name, text in rows)}</table>"


def _places(account: AccountStatus) -> str:
    named: list[tuple[str, Part]] = [("account in authentik", account.identity)] if account.identity else []
    named += [("key", account.key_status)] if account.key_status else []
    named += [(f"{place.system} {place.name}", place) for place in account.places]
    named += [("older keys", account.sweep)] if account.sweep else []
    rows = [
        (escape(name), _verdict(part.in_sync), escape("; ".join(part.why)), escape(_seen_to_work(part)))
        for name, part in named
    ]
    return f"<h3>Parts</h3>{_table(('part', 'is', 'why not', 'seen to work in CI'), rows)}"


def _table(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """
    Return a table of these cells, which are HTML. Each has its column's name, for the list that a narrow window shows.
    """
    head = "".join(f"<th>{name}</th>" for name in names)
    body = [
        "".join(f'<td data-name="{name}">{cell}</td>' for name, cell in zip(names, row, strict=True)) for row in rows
    ]
    lines = "".join(f"<tr>{line}</tr>" for line in [head, *body])
    return f'<div class="wide" tabindex="0"><table>{lines}</table></div>'


def _seen_to_work(part: Part) -> str:
    """
    Return when a canary last succeeded in a place, and with which key; empty if none did.
    """
    if not isinstance(part, PlaceStatus):
        return ""
    by_verify = part.verified.proven if part.verified else None
    proofs = {"verify": by_verify, "an up": part.proven_by_up}
    return "; ".join(
        f"by {what} on {proof.at:%Y-%m-%d}" + (f", key {proof.key_uuid[:8]}" if proof.key_uuid else "")
        for what, proof in proofs.items()
        if proof
    )


def _systems(systems: list[System]) -> str:
    answers = {True: ("good", "answered"), False: ("bad", "gave no answer"), None: ("warn", "not known")}
    rows = []
    for system in systems:
        colour, words = answers[system.answered] if system.asked else ("quiet", "not asked")
        answer = f'<span class="{colour}">{words}</span>'
        rows.append((escape(system.name), escape(system.address), answer, escape("; ".join(system.why))))
    return f"<section><h2>Systems</h2>{_table(('system', 'where', 'this time', 'why'), rows)}</section>"


def _credentials(credentials: list[Credential]) -> str:
    if not credentials:
        return ""
    rows = []
    for one in credentials:
        doubt = "" if one.is_certain else " or later: it may be another token of the same user"
        colour = "warn" if one.warning else "good"
        ends = f'<span class="{colour}">{one.expires_at:%Y-%m-%d}{doubt}</span>'
        rows.append((escape(one.name), escape(one.system), escape(one.address), ends))
    table = _table(("credential", "for", "where", "expires"), rows)
    return f"<section><h2>Credentials of this program</h2>{table}</section>"


def _known() -> str:
    return (
        '<p class="quiet">What is known: the registry lists keys that are alive, and the state has the current one. '
        "Keys that have ended are listed nowhere. They are shown as far as earlier versions of this page saw them "
        "alive, so the day of their end is known to within two looks. Ups come from the state's history. Times of keys "
        "are by the registry's clock, times of ups by that of the machine that ran them; all are UTC.</p>"
    )
