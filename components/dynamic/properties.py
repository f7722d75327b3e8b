"""
What a resource keeps, as typed classes: what the program asks of it, and what its provider records. No Pulumi.

Each resource has two, in its folder's `state.py`: one has the inputs, the other one adds the rest. `border.py` makes
them of what the engine hands over, and turns them back; between, nothing is asked for by a string.

**A value that is not known yet**, in a preview, is `UNKNOWN` there, and in the program it is an output. It equals
nothing, and so differs from whatever was recorded; what does more with it than compare asks `is_known` first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum, auto
from functools import cache
from typing import Annotated, Any, ClassVar, Self, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from ..rotation import CURRENT
from .claims import Identity

_T = TypeVar("_T")


class Trait(Enum):
    """
    What is special about a property.
    """

    NAMES = auto()
    REPLACES = auto()
    APART = auto()
    SECRET = auto()
    VOLATILE = auto()
    EMPTY = auto()


# `names` and `thing` look at it.
Naming = Annotated[_T, Trait.NAMES]
# Another value makes another thing of it, by a replacement.
Replacing = Annotated[_T, Trait.REPLACES]
# An input that no `diff` compares.
Apart = Annotated[_T, Trait.APART]
# Shown by nothing; a secret in the state.
Secret = Annotated[_T, Trait.SECRET]
# Moves by itself, as an age does: not recorded anew while nothing else has changed.
Volatile = Annotated[_T, Trait.VOLATILE]
# None is recorded as an empty text, so that a program sees it: the engine keeps no property without a value.
OrEmpty = Annotated[_T | None, Trait.EMPTY]
# A time without its zone could not be compared.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _Unknown:
    def __eq__(self, _: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Any = _Unknown()


def is_known(value: object) -> bool:
    """
    Whether a property has a value already.
    """
    return not isinstance(value, _Unknown)


class Properties(msgspec.Struct, kw_only=True):
    """
    What every resource has.

    Args:
        condition: what is out of sync, in a sentence; wanted is always `CURRENT`.
        shape: the number of the state's shape (`state_shape.py`); a state without one is of the first.
    """

    # What comes from another resource of this program, and so is not known in a first preview.
    given_later: ClassVar[tuple[str, ...]] = ()

    condition: str = CURRENT
    shape: Apart[int] = 1

    @property
    def names(self) -> list[Identity]:
        """
        What the settings call the things that the resource manages.
        """
        raise NotImplementedError

    @property
    def thing(self) -> str:
        """
        What messages call it.
        """
        raise NotImplementedError

    @property
    def known_names(self) -> list[Identity]:
        """
        The *names*; none if they are not known yet, as where another program's settings come from a resource that does
        not exist.
        """
        return self.names if all(is_known(getattr(self, name)) for name in having(type(self), Trait.NAMES)) else []

    @property
    def can_be_looked_for(self) -> bool:
        """
        Whether all is known that a look before the first `up` needs: a resource of another program that does not exist
        yet may give a server's URL.
        """
        return all(is_known(getattr(self, name)) for name in self.__struct_fields__ if name not in self.given_later)

    def without_volatile(self) -> Self:
        """
        Return what would be recorded anew if it had changed.
        """
        return msgspec.structs.replace(self, **dict.fromkeys(having(type(self), Trait.VOLATILE)))

    def taking(self, news: Properties) -> Self:
        """
        Return the same with all that the program asks in *news*.
        """
        return msgspec.structs.replace(self, **msgspec.structs.asdict(news))

    def __repr__(self) -> str:
        """
        Show no value: one of them can be a key, and whoever adds another need not think of this.
        """
        return f"{type(self).__name__}(…)"


_P = TypeVar("_P", bound=Properties)


@cache
def types_of(kind: type[Properties]) -> Mapping[str, Any]:
    """
    Return the properties of a class, each with its type.
    """
    hints = get_type_hints(kind, include_extras=True)
    return {name: hints[name] for name in kind.__struct_fields__}


@cache
def having(kind: type[Properties], trait: Trait) -> tuple[str, ...]:
    """
    Return the names of the properties of a class that have that trait.
    """
    return tuple(name for name, type_ in types_of(kind).items() if trait in _traits(type_))


@cache
def required_of(kind: type[Properties]) -> tuple[str, ...]:
    """
    Return the names of the properties of a class that have no default. Asked once: the library reads all annotations
    anew for it, which takes longer than to read a whole state.
    """
    return tuple(field.name for field in msgspec.structs.fields(kind) if field.required)


def changed(olds: Properties, news: Properties, names: Iterable[str]) -> list[str]:
    """
    Return which of the properties *names* differ. A value that is not known yet differs.
    """
    return [name for name in names if getattr(olds, name) != getattr(news, name)]


def inherited(kind: type[_P], state: _P) -> dict[str, Any]:
    """
    Return of the properties in *state* those of its base class *kind*, for the class that adds to them.
    """
    return {name: getattr(state, name) for name in kind.__struct_fields__}


def _traits(type_: Any) -> tuple[Any, ...]:
    return get_args(type_)[1:] if get_origin(type_) is Annotated else ()
