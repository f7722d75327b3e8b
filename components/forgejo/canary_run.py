"""
A canary after a publication: a workflow of the repository that uses the secret, and how it ended. HTTP only.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from ..rotation import CURRENT
from .api import Forgejo

_log = logging.getLogger(__name__)


def ask_canary(forgejo: Forgejo, wanted: Mapping[str, Any]) -> str:
    """
    Let a workflow use the secret, where the settings name one, and return how that ended; empty without one.
    """
    canary = wanted.get("canary")
    if not canary:
        return ""
    repository = wanted["repository"]
    end = forgejo.run_workflow(repository, canary["workflow"], canary["ref"], float(canary["timeout_seconds"]))
    level = logging.INFO if end == "success" else logging.WARNING
    _log.log(level, "Forgejo: canary %s of %s: %s", canary["workflow"], repository, end)
    return end


def canary_condition(props: Mapping[str, Any]) -> str:
    """
    Say how the canary ended when the secret was published last; without one there is nothing to say.
    """
    end = props.get("canary_end")
    return CURRENT if end in (None, "", "success") else f"canary {props['canary']['workflow']} ended with {end}"
