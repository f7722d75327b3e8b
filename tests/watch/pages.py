"""
A page that shows all that a page can show, for tests and for docs/pictures/report.png.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from scripts.watch.document import Status
from scripts.watch.memory import Seen, SeenKey
from tests.watch.said import BORN, NOW, OLDER, Said

ENDED = "9c1f0a77-5a07-4f0e-8a4e-0c1df0b6a001"
MIRROR = "c0a8f7de-2d1b-4f1c-9a55-6ed1a1d9b112"
WHY = "not found: the repository has no such secret any more"


def document() -> Status:
    """
    Two accounts: one in sync with an older key in its grace, one out of sync.
    """
    sweep = {
        "stale": [{"key": f"{OLDER} created 2026-09-02", "succeeded_days_ago": 40.0}],
        "still_used": [f"{OLDER} was used on 2027-01-09, after its successor was published"],
        "retire_after_days": 45,
    }
    facts: dict[str, dict[str, Any]] = {
        "zot:RetiredKeys": sweep,
        "zot:ApiKey": {"age_days": 40.0, "other_keys": ["by hand (a5f1…), created 2026-12-24, never expires"]},
    }
    wanted = {"zot:RetiredKeys": {"retire_after_days": 45}}
    return (
        Said()
        .account("zot-ci", facts=facts, wanted=wanted)
        .account(
            "zot-mirror",
            changes={"forgejo:ActionsSecret": "update"},
            facts={
                "onepassword:ItemField": {"field": "mirror-key", "key_uuid": MIRROR},
                "forgejo:ActionsSecret": {"condition": WHY, "secret": "MIRROR_KEY", "key_uuid": MIRROR},
                "zot:ApiKey": {"age_days": 40.0, "uuid": MIRROR},
            },
        )
        .up(days_ago=130, replace=1)
        .up(days_ago=100)
        .up(days_ago=40, replace=2)
        .up(days_ago=19)
        .up(days_ago=12)
        .up(days_ago=5, result="failed")
        .status()
    )


def remembered() -> Seen:
    """
    What earlier pages saw of the first account.
    """
    born, gone = (BORN - timedelta(days=180)).date(), NOW - timedelta(days=125)
    return {"zot-ci": [SeenKey(ENDED, born, gone - timedelta(days=1), gone)]}
