"""
Accounts in a separate file, for stacks with many accounts: the engine passes a stack's whole configuration in one
environment variable, and Linux starts no program with a variable above 128 KiB, which is some 600 accounts (engine
3.250, measured).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

_SUFFIXES = (".yaml", ".yml", ".json")


class AccountsFileError(Exception):
    """
    The file cannot be used. The message says why, and shows none of its content.
    """


def accounts_in(value: object) -> object:
    """
    Return the setting's *value*, or the accounts in the file that it names. The path is relative to the folder of
    `Pulumi.yaml`, in which the engine starts the program and its providers.

    Raises:
        AccountsFileError: there is no such file, or it is no YAML (JSON is YAML).
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
        return yaml.load(file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except (ValueError, yaml.YAMLError) as exc:
        msg = f"{file} is no YAML{place_of(exc)}; correct it"
        raise AccountsFileError(msg) from None
