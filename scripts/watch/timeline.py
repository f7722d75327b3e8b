"""
The life of an account's keys as rows of spans on one axis of time. Pure; `drawing.py` makes a picture of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from .document import AccountStatus, Key, Run
from .memory import SeenKey

_DAY = timedelta(days=1)
_MARGIN = 7 * _DAY

# The kinds of spans, with their texts in the legend.
KINDS = {
    "used": "in use",
    "ahead": "until it rotates",
    "margin": "margin: expires at its end",
    "grace": "replaced, still alive",
    "ended": "ended",
}


@dataclass(frozen=True)
class Span:
    """
    A part of a key's life.
    """

    kind: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Row:
    """
    One key.
    """

    uuid: str
    spans: list[Span]
    text: str


@dataclass(frozen=True)
class Mark:
    """
    A moment with a name.
    """

    name: str
    at: datetime


@dataclass(frozen=True)
class Timeline:
    """
    An account's keys, oldest first, between two moments; *now* is the registry's where it was asked.
    """

    start: datetime
    end: datetime
    now: datetime
    rows: list[Row]
    marks: list[Mark]
    runs: list[Run]


def timeline(account: AccountStatus, looked_at: datetime, seen: list[SeenKey], runs: list[Run]) -> Timeline:
    """
    Return the account's known keys: the current one, older ones that are alive, and those that are revoked or expired,
    if earlier looks saw them.
    """
    key = account.key
    now = key.created_at + timedelta(days=key.age_days) if key and key.checked else looked_at
    alive = {key.uuid, *(stale.uuid for stale in key.stale)} if key else set()
    rows = [_ended(one) for one in seen if one.uuid not in alive and one.first_missed is not None]
    marks = [Mark("today", now)]
    if key:
        rows += [_stale(key, number) for number in range(len(key.stale))]
        rows.append(_current(key, now))
        marks += [Mark("rotates", key.rotates_at)] if key.rotates_at else []
        marks += [Mark("expires", key.expires_at)] if key.expires_at else []
    moments = [moment for row in rows for span in row.spans for moment in (span.start, span.end)]
    moments += [mark.at for mark in marks]
    start, end = min(moments) - _MARGIN, max(moments) + _MARGIN
    return Timeline(start, end, now, rows, marks, [run for run in runs if start <= run.started_at <= end])


def _current(key: Key, now: datetime) -> Row:
    spans = [Span("used", key.created_at, max(now, key.created_at))]
    rotates, expires = key.rotates_at, key.expires_at
    if rotates and rotates > now:
        spans.append(Span("ahead", now, min(rotates, expires) if expires else rotates))
    last = spans[-1].end
    if expires and expires > last:
        spans.append(Span("margin", last, expires))
    ends = f", expires {expires:%Y-%m-%d}" if expires else ", never expires"
    rotation = f", rotates {rotates:%Y-%m-%d}" if rotates else ", is not rotated"
    return Row(key.uuid, spans, f"current key, made {key.created_at:%Y-%m-%d}{rotation}{ends}")


def _stale(key: Key, number: int) -> Row:
    stale = key.stale[number]
    replaced = stale.replaced_at or key.created_at
    born = _begin_of(stale.created_on) if stale.created_on else replaced
    spans = [Span("used", min(born, replaced), replaced)]
    ends = ""
    if stale.ends_at:
        spans.append(Span("grace", replaced, max(stale.ends_at, replaced)))
        ends = f", revoked by the first up after {stale.ends_at:%Y-%m-%d}"
    if stale.waits and stale.used_at:
        latest = stale.ends_at_the_latest
        limit = f", at the latest on {latest:%Y-%m-%d}" if latest else ""
        ends = f", used on {stale.used_at:%Y-%m-%d %H:%M}, revoked once nothing has used it for 24 hours{limit}"
    used = ", something still uses it" if stale.still_used else ""
    return Row(stale.uuid, spans, f"older key, replaced {replaced:%Y-%m-%d}{ends}{used}")


def _ended(one: SeenKey) -> Row:
    missed = one.first_missed or one.last_seen
    text = f"ended between {one.last_seen:%Y-%m-%d} and {missed:%Y-%m-%d}, made {one.created_on:%Y-%m-%d}"
    return Row(one.uuid, [Span("ended", min(_begin_of(one.created_on), missed), missed)], text)


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
