"""
Between the engine and a provider's own work a property is an attribute of a class, which mypy sees, and no string.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "components"
# What turns the engine's dicts into the classes, and back; and the number of the shape, which is looked at before.
BORDER = {"dynamic/border.py", "dynamic/state_shape.py", "dynamic/provider.py"}


@cache
def modules() -> dict[str, ast.Module]:
    """Each file of the rooms that hold resources, by its path."""
    return {
        path.relative_to(FOLDER).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for room in ("authentik", "dynamic", "forgejo", "onepassword", "zot")
        for path in sorted((FOLDER / room).glob("*.py"))
    }


def knows_properties(path: str, module: ast.Module) -> bool:
    """Whether a file has to do with what a resource keeps: it imports a room's `state`, or the base of its classes."""
    imported = {node.module or "" for node in ast.walk(module) if isinstance(node, ast.ImportFrom)}
    if path in ("dynamic/properties.py", "dynamic/state_shape.py"):
        return True
    bases = {"state", "properties", "provider", "border"}
    return any(name.split(".")[-1] in bases for name in imported)


LOOKED_AT = [path for path, module in modules().items() if knows_properties(path, module)]


def accesses(tree: ast.AST) -> Iterator[str]:
    """Each access by a string, and each dict of properties that is handed on."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(slice=ast.Constant(value=str(key))):
                yield f"line {node.lineno}: {key}"
            case ast.Subscript(slice=ast.JoinedStr()):
                yield f"line {node.lineno}: a name that is made up"
            case ast.Call(func=ast.Attribute(attr="get" | "pop"), args=[ast.Constant(value=str(key)), *_]):
                yield f"line {node.lineno}: {key}"
            case ast.Name(id="Props"):
                yield f"line {node.lineno}: a dict of properties"
            case ast.arg(
                annotation=ast.Subscript(
                    value=ast.Name(id="Mapping" | "dict"), slice=ast.Tuple(elts=[_, ast.Name(id="Any")])
                )
            ):
                yield f"line {node.lineno}: {node.arg} is a dict of anything"


@pytest.mark.parametrize("path", LOOKED_AT)
def test_no_property_is_asked_for_by_a_string(path: str) -> None:
    """But at the border, where each file does it, or it would not be one of them."""
    found = list(accesses(modules()[path]))

    assert bool(found) is (path in BORDER), found


def test_every_file_that_has_to_do_with_properties_is_looked_at() -> None:
    """Each file that has a provider, and what takes its class; and nothing else has dicts by the engine's names."""
    assert {
        "authentik/drift.py",
        "authentik/service_account.py",
        "forgejo/actions_secret.py",
        "forgejo/canary_run.py",
        "forgejo/secret_facts.py",
        "onepassword/item_field.py",
        "zot/api_key.py",
        "zot/order.py",
        "zot/in_use.py",
        "zot/key_facts.py",
        "zot/last_keys.py",
        "zot/retired_keys.py",
        "zot/stale_keys.py",
        *BORDER,
    } <= set(LOOKED_AT)
    for path in modules().keys() - set(LOOKED_AT):
        names = {node.arg for node in ast.walk(modules()[path]) if isinstance(node, ast.arg)}
        assert not names & {"props", "olds", "news"}, path


@pytest.mark.parametrize(
    "text",
    [
        'def f(olds): return olds["mark"]',
        'def f(olds): return olds.get("mark")',
        'def f(olds, part): return olds[f"{part}_id"]',
        "def f(given: Props) -> None: ...",
        "def f(found: Mapping[str, Any]) -> None: ...",
    ],
)
def test_such_an_access_is_found(text: str) -> None:
    """The search can fail."""
    assert list(accesses(ast.parse(text)))
