"""
A stack's configuration as the engine passes it to the program: from the engine if it has the stack, else from the
files. Needs the program's packages.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Hashable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

from .engine import ROOT, StackError, ask, json_of


def configuration_of(stack: str | None) -> tuple[str, dict[str, str]]:
    """
    Return the name of a stack and its configuration: full keys, structured values as JSON. Only the program's own
    settings are decrypted, and nothing is changed.

    Args:
        stack: its name; None for the one that the environment or the engine has selected.

    Raises:
        StackError: no stack is selected, or its configuration is invalid.
    """
    found = _from_engine(stack)
    if found:
        return found
    return _from_files(stack or os.environ.get("PULUMI_STACK"))


def _from_engine(stack: str | None) -> tuple[str, dict[str, str]] | None:
    """
    Ask the engine; return None if there is no engine, or if it does not have the stack, as before `stack init`.
    """
    try:
        named = ask(stack, "stack", "--show-name")
    except StackError:
        return None
    if named.returncode:
        return None
    # --open: a preview also gets the values of an ESC environment that the stack imports.
    run = ask(stack, "config", "--json", "--open")
    if run.returncode:
        raise StackError(_one_line(run.stderr))
    given: dict[str, dict[str, Any]] = json_of(run.stdout, "config", "--json")
    config = {key: str(one["value"]) for key, one in given.items() if not one["secret"]}
    config |= {key: _decrypted(stack, key) for key, one in given.items() if one["secret"] and _is_ours(key)}
    return named.stdout.strip().rpartition("/")[2], config


def _decrypted(stack: str | None, key: str) -> str:
    """
    Return a setting that is encrypted in the stack file.

    Raises:
        StackError: the engine has no passphrase for it here.
    """
    run = ask(stack, "config", "get", key, "--json")
    if run.returncode:
        msg = f"{key} is encrypted (`secure:`), and the engine cannot read it here: {_one_line(run.stderr)}"
        raise StackError(msg)
    return str(json_of(run.stdout, "config", "--json")["value"])


def _from_files(stack: str | None) -> tuple[str, dict[str, str]]:
    project = _read(ROOT / "Pulumi.yaml")
    folder = ROOT / str(project.get("stackConfigDir") or ".")
    names = sorted(file.stem.removeprefix("Pulumi.") for file in folder.glob("Pulumi.*.yaml"))
    name = stack.rpartition("/")[2] if stack else names[0] if len(names) == 1 else None
    where = _shown(folder)
    if name not in names:
        which = f"{where}Pulumi.{name}.yaml is not there" if name else "there are several stacks"
        msg = f"{which}: name one with --stack: {', '.join(names) or f'{where or ROOT.name} has no file yet'}"
        raise StackError(msg)
    file = folder / f"Pulumi.{name}.yaml"
    found = _read(file)
    own, default = found.get("config"), _of_project(project.get("config"))
    if not isinstance(own, dict) and not default:
        msg = f"{_shown(file)} has no `config:` with settings below it; begin with stacks/Pulumi.example.yaml"
        raise StackError(msg)
    config = default | {_whole(str(key)): value for key, value in (own if isinstance(own, dict) else {}).items()}
    ours = {key: value for key, value in config.items() if _is_ours(key)}
    encrypted = sorted(key for key, value in ours.items() if _has_secure(value))
    if encrypted:
        msg = f"{_shown(file)}: {', '.join(encrypted)} is encrypted (`secure:`), which only the engine can read"
        raise StackError(
            f"{msg}: run `pulumi stack init` first, or write it in plain, since no setting is a credential"
        )
    if found.get("environment"):
        print(f"{_shown(file)} imports an environment, whose values only the engine knows: they are left out here")
    return str(name), {key: _as_text(value) for key, value in ours.items()}


def _of_project(block: Any) -> dict[str, Any]:
    """
    Return the settings in the project file, each of which is a plain value, or a mapping with `value` or `default`.
    """
    found = {}
    for key, one in block.items() if isinstance(block, dict) else ():
        value = one.get("value", one.get("default")) if isinstance(one, dict) else one
        if value is not None:
            found[_whole(str(key))] = value
    return found


def _read(file: Path) -> dict[str, Any]:
    try:
        found = yaml.load(file.read_text(encoding="utf-8"), _AsTheEngine)  # noqa: S506 - a safe one
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as exc:
        from zot_ci.settings.accounts_file import place_of

        msg = f"{_shown(file)} cannot be read as YAML{place_of(exc)}; correct it"
        raise StackError(msg) from None
    return found if isinstance(found, dict) else {}


class _AsTheEngine(yaml.SafeLoader):  # type: ignore[misc]  # yaml has no types
    """
    Reads YAML as the engine does (3.250 and 3.276, measured): `yes`, `on` and `1:30` are text, a date without quotes
    becomes Go's text for it, and a key that exists twice is a fault.
    """


_IN_YAML_1_1_ONLY = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_AsTheEngine.yaml_implicit_resolvers = {
    letter: [one for one in resolvers if one[0] not in _IN_YAML_1_1_ONLY]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _letters in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _AsTheEngine.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_letters))


_MERGE = "tag:yaml.org,2002:merge"


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    keys = [key for key, _ in node.value]
    own = [key.value if key.tag == _MERGE else loader.construct_object(key, deep=True) for key in keys]
    if not all(isinstance(key, Hashable) for key in own):
        raise yaml.constructor.ConstructorError(None, None, "a key is no plain value", node.start_mark)
    if len(set(own)) < len(own):
        raise yaml.constructor.ConstructorError(None, None, "a key is there twice", node.start_mark)
    # What it takes over from others (`<<`) gives way to its own.
    loader.flatten_mapping(node)
    return {loader.construct_object(key): loader.construct_object(value, deep=True) for key, value in node.value}


def _int(loader: Any, node: Any) -> int:
    # The library does not read `0o17` as a number.
    node.value = re.sub("^([-+]?0)o", r"\1", node.value)
    return int(loader.construct_yaml_int(node))


_AsTheEngine.add_constructor("tag:yaml.org,2002:map", _mapping)
_AsTheEngine.add_constructor("tag:yaml.org,2002:int", _int)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return _go_time(value) if isinstance(value, date) else json.dumps(value, default=_go_time)


def _go_time(value: date) -> str:
    """
    Return a YAML date in the engine's form, which the settings refuse since it differs from the written text.
    """
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    zone = f"{moment:%z}" if moment.tzinfo and moment.utcoffset() else "+0000"
    return f"{moment:%Y-%m-%d %H:%M:%S} {zone} {zone if zone != '+0000' else 'UTC'}"


def _whole(key: str) -> str:
    """
    Return a key with its namespace, which is the project's for a key without one.
    """
    namespace, _, name = key.rpartition(":")
    return f"{namespace.removesuffix(':config') or 'zot-ci'}:{name}"


def _is_ours(key: str) -> bool:
    return key.startswith("zot-ci:")


def _has_secure(value: Any) -> bool:
    if isinstance(value, dict):
        return list(value) == ["secure"] or any(map(_has_secure, value.values()))
    return isinstance(value, list) and any(map(_has_secure, value))


def _one_line(text: str) -> str:
    return " ".join(line.strip() for line in text.splitlines() if line.strip()).removeprefix("error: ")


def _shown(path: Path) -> str:
    """
    Return a path relative to the project's folder; a folder with a slash at its end.
    """
    shown = path.relative_to(ROOT).as_posix()
    return ("" if shown == "." else f"{shown}/") if path.is_dir() else shown
