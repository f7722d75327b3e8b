"""
What can be wrong with a key, or with a place that is to hold one.
"""

from __future__ import annotations

from ..http.errors import ReconcileError


class LaterStateError(ReconcileError):
    """
    A later version of this program wrote the state. Nothing was asked or changed.
    """


class StateUnfitError(ReconcileError):
    """
    The state cannot be read, since somebody edited it by hand. Nothing was asked or changed.
    """


class InputsUnfitError(ReconcileError):
    """
    A program gives a resource a value of the wrong type. Nothing was changed.
    """


class NotOursError(ReconcileError):
    """
    The thing of that name looks like somebody else's, and adopting it could destroy it.
    """


class CollisionError(ReconcileError):
    """
    Two settings name the same place by two names. Nothing was written to it.
    """


class KeyUnfitError(ReconcileError):
    """
    A new key failed its test (refused, cannot create, can delete), or the registry capped its life or changed its
    label. The new key was revoked; the previous key stays.
    """


class KeyRefusedError(ReconcileError):
    """
    The registry refuses the key that was to be written to a place. The place keeps what it holds, perhaps a live key.
    """


class KeyUncheckedError(ReconcileError):
    """
    The registry has not said whether it accepts the key that was to be written to a place, which may hold a newer one.
    """


class KeyStillHeldError(ReconcileError):
    """
    A key that is to be revoked is still in a place that the program has.
    """
