"""
Accounts in a separate file, for stacks with many accounts: the engine passes a stack's whole configuration in one
environment variable, and Linux starts no program with a variable above 128 KiB, which is some 600 accounts (engine
3.250, measured).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

_SUFFIXES = (".yaml", ".yml", ".json")
# A mapping can take over several others.
_MERGE = "tag:yaml.org,2002:merge"


class AccountsFileError(Exception):
    """
    The file cannot be used. The message says why, and shows none of its content.
    """


def accounts_in(value: object) -> object:
    """
    Return the setting's *value*, or the accounts in the file that it names. The path is relative to the folder of
    `Pulumi.yaml`, in which the engine starts the program and its providers.

    Raises:
        AccountsFileError: there is no such file, it is no YAML (JSON is YAML), or a mapping has a key twice.
    """
    if not isinstance(value, str) or not value.strip().endswith(_SUFFIXES):
        return value
    file = Path(value.strip())
    try:
        return _read(file, Path.cwd(), file.stat().st_mtime_ns)
    except OSError as exc:
        why = (exc.strerror or "no such file").lower()
        msg = f"{file} cannot be read ({why}); the path is one from the folder of Pulumi.yaml"
        raise AccountsFileError(msg) from None


def place_of(fault: Exception) -> str:
    """
    Return the line where a file is no YAML, as the end of a clause. The text around it, which *fault* has, is not
    shown.
    """
    where = getattr(fault, "problem_mark", None)
    return f", line {where.line + 1}" if where else ""


# Each of a process's five providers reads the file.
@lru_cache(1)
def _read(file: Path, _folder: Path, _changed: int) -> object:
    # Imported here, since few stacks need it.
    import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(file.read_text(encoding="utf-8"))
        try:
            root = loader.get_single_node()
            if again := _key_again(root):
                msg = f"{file} has a key twice, line {again.start_mark.line + 1}; take one of them out"
                raise AccountsFileError(msg)
            return root and loader.construct_document(root)
        finally:
            loader.dispose()
    except (ValueError, yaml.YAMLError) as exc:
        msg = f"{file} is no YAML{place_of(exc)}; correct it"
        raise AccountsFileError(msg) from None


def _key_again(root: Any) -> Any:
    """
    Return the second one of two equal keys of a mapping below *root*, a node; None if there is none. YAML would take
    the value of the last one, and a list of places before it would silently count for nothing.
    """
    nodes, seen = [root], set[int]()
    while nodes:
        node = nodes.pop()
        if id(node) in seen or not isinstance(getattr(node, "value", None), list):
            continue
        # An alias is the same node again.
        seen.add(id(node))
        keys = set[tuple[str, str]]()
        for part in node.value:
            if isinstance(part, tuple):
                key, value = part
                name = (key.tag, str(key.value))
                if name in keys and key.tag != _MERGE:
                    return key
                keys.add(name)
                nodes.append(value)
            else:
                nodes.append(part)
    return None
