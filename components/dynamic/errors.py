"""
What can be wrong with a key, or with a place that is to hold one.
"""

from __future__ import annotations

from ..http.errors import ReconcileError


class LaterStateError(ReconcileError):
    """
    A later version of this program has written what the state holds. Nothing was asked or changed.
    """


class StateUnfitError(ReconcileError):
    """
    What the state holds cannot be read: somebody has edited it by hand. Nothing was asked or changed.
    """


class InputsUnfitError(ReconcileError):
    """
    A program gives a resource something of another type than it takes. Nothing was changed.
    """


class NotOursError(ReconcileError):
    """
    What was found under the name looks like somebody else's, and taking it over could destroy it.
    """


class CollisionError(ReconcileError):
    """
    Two settings name one place, under two names. Nothing was written to it.
    """


class KeyUnfitError(ReconcileError):
    """
    A new key failed its test (refused, cannot create, can delete), or the registry has capped its life or changed its
    label. It was revoked again; the previous key stays.
    """


class KeyRefusedError(ReconcileError):
    """
    The registry refuses the key that a place was to be given. The place is left as it is: it may hold one that lives.
    """
