"""
What the program asks of a place that is to hold the key, in any system.
"""

from __future__ import annotations

from ..settings.place import Place
from .claims import Identity
from .properties import Properties, Secret


class PlaceWanted(Properties, kw_only=True):
    """
    A place and the key in it.

    Args:
        value: the key; empty where a run left out the key's own resource before it existed.
        key_uuid: zot's uuid of that key, which may be shown.
    """

    given_later = ("value", "key_uuid")

    value: Secret[str] = ""
    key_uuid: str = ""

    @property
    def place(self) -> Place:
        """
        Where the place is, by its names in the settings.
        """
        raise NotImplementedError

    @property
    def names(self) -> list[Identity]:
        """
        The place's identities, by its name in the settings.
        """
        return [self.place.identity]

    @property
    def thing(self) -> str:
        """
        The place's name in messages.
        """
        return self.place.thing
