"""
A canary after a publication: a workflow of the repository that uses the secret, and how it ended. HTTP only.
"""

from __future__ import annotations

import logging

from ..rotation import CURRENT
from .api import Forgejo
from .state import SecretState, SecretWanted

_log = logging.getLogger(__name__)


def ask_canary(forgejo: Forgejo, wanted: SecretWanted) -> str:
    """
    Let a workflow use the secret, where the settings name one, and return how that ended; empty without one.
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
    Say how the canary ended when the secret was published last; without one there is nothing to say.
    """
    if state.canary is None or state.canary_end in ("", "success"):
        return CURRENT
    return f"canary {state.canary.workflow} ended with {state.canary_end}"
