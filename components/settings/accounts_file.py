"""
Accounts in a file of their own, for a stack of many: the engine hands a stack's whole configuration over in one
variable of the environment, and Linux starts no program with one above 128 KiB, some 600 accounts (engine 3.250,
measured).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

_SUFFIXES = (".yaml", ".yml", ".json")


class AccountsFileError(Exception):
    """
    The file cannot be used. The message says why, and has nothing of what is in it.
    """


def accounts_in(value: object) -> object:
    """
    Return the accounts that are the setting's *value*, or in the file that it names. A path is one from the folder of
    `Pulumi.yaml`, in which the engine starts the program and its providers.

    Raises:
        AccountsFileError: there is no such file, or it is no YAML. JSON is.
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
    Return where a file is no YAML, as the end of a clause: the line alone, since the *fault* shows the text around it.
    """
    where = getattr(fault, "problem_mark", None)
    return f", line {where.line + 1}" if where else ""


# Each of the five providers of a process asks.
@lru_cache(1)
def _read(file: Path, _folder: Path, _changed: int) -> object:
    # Here and not above: few stacks need it.
    import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

    try:
        return yaml.load(file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except (ValueError, yaml.YAMLError) as exc:
        msg = f"{file} is no YAML{place_of(exc)}; correct it"
        raise AccountsFileError(msg) from None
