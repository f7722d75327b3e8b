"""
The message about a fault in the settings: one line with the key's path and the rule, never the value, which could be a
secret in the wrong place.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, get_args, get_origin

import pydantic


def fault_line(fault: Any, model: type[pydantic.BaseModel], namespace: str) -> str:
    """
    Return the line for one of pydantic's faults in *model*: the path of the key, and the rule that it breaks.
    """
    suggestion = _nearest(fault["loc"], model) if fault["type"] == "extra_forbidden" else ""
    return f"  {namespace}:{path_of(fault['loc'])} {rule_of(fault)}{suggestion}"


def path_of(loc: Iterable[int | str]) -> str:
    """
    Return the place of one of pydantic's faults as a path, such as `accounts[0].groups`; empty for the whole settings.
    """
    path = ""
    for part in loc:
        # pydantic's mark for a fault in the key itself.
        if part == "[key]":
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.lstrip(".")


def rule_of(fault: Any) -> str:
    """
    Return the rule that one of pydantic's faults breaks, in our words.
    """
    text = str(fault["msg"]).removeprefix("Value error, ")
    rules = {
        "missing": "is missing",
        "extra_forbidden": "is not a setting",
        "model_type": "must be a mapping",
        "too_short": "must not be empty",
        "string_too_short": "must not be empty",
        "list_type": "must be a list",
        "string_type": "must be text",
        "float_type": "must be a number",
        "bool_type": "must be true or false",
        "bool_parsing": "must be true or false",
        "literal_error": text.replace("Input should be", "must be"),
        # Our own sentences are not changed; pydantic's begin with a capital letter.
        "value_error": text,
    }
    return rules.get(fault["type"], text[:1].lower() + text[1:])


def _nearest(loc: tuple[int | str, ...], root: type[pydantic.BaseModel]) -> str:
    """
    Suggest the known key at that place that is most similar to the unknown one.
    """
    model: Any = root
    names_follow = False
    for part in loc[:-1]:
        if isinstance(part, str) and not names_follow:
            by_alias = {field.alias: field.annotation for field in model.model_fields.values()}
            model = by_alias[part]
        # In a mapping by name, such as forgejoServers, the next part of the path is a name and no setting.
        names_follow = get_origin(model) is dict
        while get_args(model):
            model = get_args(model)[-1 if get_origin(model) is dict else 0]
    known = [field.alias for field in model.model_fields.values()]
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known here: {', '.join(known)}"
