"""
What can prevent a login.
"""

from __future__ import annotations

from ..http.errors import ReconcileError


class LoginBlockedError(ReconcileError):
    """
    The headless login met a challenge that it cannot, or must not, answer. The message names the challenge.
    """
