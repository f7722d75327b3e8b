"""
The run of a canary after a publication, and the condition that follows from it. HTTP only.
"""

from __future__ import annotations

import logging

from ..rotation import CURRENT
from .api import Forgejo
from .state import SecretState, SecretWanted

_log = logging.getLogger(__name__)


def ask_canary(forgejo: Forgejo, wanted: SecretWanted) -> str:
    """
    Run the canary if the settings name one, and return its result; empty without a canary.
    """
    canary, repository = wanted.canary, wanted.repository
    if canary is None or repository is None:
        return ""
    end = forgejo.run_workflow(repository, canary.workflow, canary.ref, canary.timeout_seconds)
    level = logging.INFO if end == "success" else logging.WARNING
    _log.log(level, "Forgejo: canary %s of %s: %s", canary.workflow, repository, end)
    return end


def canary_condition(state: SecretState) -> str:
    """
    Return the condition after the canary's last run; `CURRENT` without a canary.
    """
    if state.canary is None or state.canary_end in ("", "success"):
        return CURRENT
    return f"canary {state.canary.workflow} ended with {state.canary_end}"
