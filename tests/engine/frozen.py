"""
A stack's state with the names of one run left open: as a file that later versions read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.engine.stack import Stack

# What a state says of the engine and the machine that wrote it, and not of this program.
_NOT_OURS = ("created", "modified", "sourcePosition", "stackTrace")
# How the engine marks a secret in an export.
_SECRET = "4dabf18193072939515e22adb298388d"


def frozen(stack: Stack, values: Mapping[str, Any]) -> str:
    """
    Return the state of *stack*, its secrets in clear, with `{name}` in the place of each of the *values*.
    """
    exported = json.loads(stack.pulumi("stack", "export", "--show-secrets", streams="out").text)
    deployment = exported["deployment"]
    deployment["manifest"] |= {"magic": "", "time": "2026-11-25T00:00:00Z", "version": ""}
    for kept in [name for name in deployment if name not in ("manifest", "metadata", "resources")]:
        del deployment[kept]
    for resource in deployment["resources"]:
        for name in _NOT_OURS:
            resource.pop(name, None)
    text = json.dumps(exported, indent=1, sort_keys=True) + "\n"
    # The longest first: one may be a part of another.
    for name, value in sorted(values.items(), key=lambda item: -len(str(item[1]))):
        if name == "pk":
            text = re.sub(rf'"pk": {value}\b', '"pk": "{pk}"', text)
        elif value:
            text = text.replace(str(value), f"{{{name}}}")
    return text


def shape(state: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """
    Return, for each type of resource in an exported *state*, what its inputs and outputs are called, with the type of
    each: what a version may add to and must be able to read for ever.
    """
    return {
        resource["type"]: {
            part: sorted(f"{name}: {_kind(value)}" for name, value in resource.get(part, {}).items())
            for part in ("inputs", "outputs", "propertyDependencies")
        }
        for resource in state["deployment"]["resources"]
    }


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "secret" if _SECRET in value else "{" + ", ".join(sorted(value)) + "}"
    return type(value).__name__ if not isinstance(value, list) else "list"
