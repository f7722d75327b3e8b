"""
What the program asks of a place that is to hold the key, whatever its system.
"""

from __future__ import annotations

from ..settings.place import Place
from .claims import Identity
from .properties import Properties, Secret


class PlaceWanted(Properties, kw_only=True):
    """
    A place and the key in it.

    Args:
        value: the key; empty where a run left the key's own resource out before it was made.
        key_uuid: zot's uuid of that key, which may be shown.
    """

    value: Secret[str] = ""
    key_uuid: str = ""

    @property
    def place(self) -> Place:
        """
        Where it is, as the settings call it.
        """
        raise NotImplementedError

    @property
    def names(self) -> list[Identity]:
        """
        What the settings call the place.
        """
        return [self.place.identity]

    @property
    def thing(self) -> str:
        """
        What messages call it.
        """
        return self.place.thing
