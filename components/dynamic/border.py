"""
From what the engine hands over to typed properties, and back.

A property that is null, or that the class does not know, is none at all. A fault names the resource and each property,
and shows no value: one of them can be a key.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from pulumi.output import contains_unknowns

from .errors import InputsUnfitError, StateUnfitError
from .properties import UNKNOWN, Properties, Trait, having, required_of, types_of
from .state_shape import refuse_a_later_shape

# What the engine hands to a provider and gets back.
Props = dict[str, Any]

_P = TypeVar("_P", bound=Properties)


def recorded(kind: type[_P], props: Mapping[str, Any], what: str) -> _P:
    """
    Read what the state has of a resource.

    Args:
        what: the resource, as an error calls it.

    Raises:
        LaterStateError: a later version has written it.
        StateUnfitError: a property is missing, or has another type.
    """
    refuse_a_later_shape(props, what)
    if (fitting := _fitting(kind, props)) is not None:
        return fitting
    values, faults = _values(kind, props)
    if faults:
        hint = "if it was edited by hand, put back one from before that (`pulumi stack export --version`, `… import`)"
        msg = f"the state of {what}: {'; '.join(faults)}; nothing was asked or changed; {hint}"
        raise StateUnfitError(msg)
    return kind(**values)


def asked(kind: type[_P], props: Mapping[str, Any], what: str) -> _P:
    """
    Read what the program asks of a resource; in a preview, what is not known yet is `UNKNOWN`.

    Raises:
        InputsUnfitError: a property is missing, or has another type.
    """
    if (fitting := _fitting(kind, props)) is not None:
        return fitting
    values, faults = _values(kind, props)
    if faults:
        msg = f"what the program asks of {what}: {'; '.join(faults)}; nothing was changed; correct it there"
        raise InputsUnfitError(msg)
    return kind(**values)


def _fitting(kind: type[_P], props: Mapping[str, Any]) -> _P | None:
    """
    Return the properties at once where all of them are known and fit, as nearly always; else None. One by one they take
    several times as long.
    """
    empty = having(kind, Trait.EMPTY)
    values = {
        name: None if value == "" and name in empty else _whole(value)
        for name, value in props.items()
        if value is not None
    }
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError:
        return None


def _values(kind: type[Properties], props: Mapping[str, Any]) -> tuple[Props, list[str]]:
    """
    Return the properties of a class as they are in *props*, and what is wrong with them.
    """
    empty = having(kind, Trait.EMPTY)
    values: Props = {}
    faults: list[str] = []
    for name, type_ in types_of(kind).items():
        value = props.get(name)
        if contains_unknowns(value):
            values[name] = UNKNOWN
        elif value == "" and name in empty:
            values[name] = None
        elif value is not None:
            try:
                values[name] = msgspec.convert(_whole(value), type_)
            except msgspec.ValidationError as exc:
                faults.append(f"{name} is not what it should be ({exc})")
    faults += [f"{name} is missing" for name in required_of(kind) if props.get(name) is None]
    return values, faults


def _whole(value: Any) -> Any:
    # The engine hands every number over as a float.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def written(properties: Properties) -> Props:
    """
    Return the properties as the engine keeps them: plain values, and none that is None.
    """
    empty = having(type(properties), Trait.EMPTY)
    plain = {name: plain_value(value) for name, value in msgspec.structs.asdict(properties).items()}
    return {name: "" if value is None else value for name, value in plain.items() if value is not None or name in empty}


def plain_value(value: Any) -> Any:
    """
    Return a value as the engine takes it. Where a class has None, there is no property; an output stays one.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, msgspec.Struct):
        return _given(msgspec.structs.asdict(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _given(vars(value))
    if isinstance(value, Mapping):
        return {name: plain_value(one) for name, one in value.items()}
    return [plain_value(one) for one in value] if isinstance(value, list | tuple) else value


def _given(values: Mapping[str, Any]) -> Props:
    return {name: plain_value(value) for name, value in values.items() if value is not None}
