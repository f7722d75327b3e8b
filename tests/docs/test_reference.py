"""
docs/reference.md against the code: every setting, output, error and variable is there, and none is about something
that is gone.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pydantic
import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types
from pydantic_core import PydanticUndefined

from tests.docs.pages import ROOT, read, table
from zot_ci import registry_credential
from zot_ci.http.errors import ReconcileError
from zot_ci.settings.model import Settings, SettingsError
from zot_ci.settings.server import ForgejoServer

REFERENCE = read("docs/reference.md")


def _model(annotation: Any) -> tuple[type[pydantic.BaseModel] | None, str]:
    """The settings model inside an annotation, and what is between its key and the keys in it."""
    if inspect.isclass(annotation) and issubclass(annotation, pydantic.BaseModel):
        return annotation, ""
    for part in get_args(annotation):
        model, between = _model(part)
        if model:
            return model, between or {list: "[]", dict: ".<name>"}.get(get_origin(annotation) or str, "")
    return None, ""


def _settings(model: type[pydantic.BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of the stack file that is no mapping, with its default."""
    for field in model.model_fields.values():
        inner, between = _model(field.annotation)
        path = f"{prefix}{field.alias}"
        if inner:
            yield from _settings(inner, f"{path}{between}.")
        else:
            yield path, field.default


SETTINGS = dict(_settings())


def _outputs() -> set[str]:
    """The keys of the stack's output for one account."""
    tree = ast.parse(inspect.getsource(registry_credential._in_words))
    [words] = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    assert isinstance(words, ast.Dict)
    return {ast.literal_eval(key) for key in words.keys if key}


def _variables(path: Path) -> set[str]:
    """The strings of a module that can be the name of an environment variable."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", text)}


def _read_by_components() -> set[str]:
    return {name for path in (ROOT / "components").rglob("*.py") for name in _variables(path)}


def _read_by_the_script() -> set[str]:
    paths = [ROOT / "scripts/stack.py", *(ROOT / "scripts/watch").glob("*.py")]
    return {name for path in paths for name in _variables(path) if name.startswith("ZOT_CI_")}


def _errors(base: type[Exception] = ReconcileError) -> set[str]:
    """The names of an error class and of the program's classes below it; the import above has loaded them all."""
    below = [kind for kind in base.__subclasses__() if kind.__module__.startswith("zot_ci.")]
    return {base.__name__}.union(*(_errors(kind) for kind in below))


def _listed(heading: str) -> list[str]:
    """The names with which the items of the list after that line begin."""
    below = re.split(rf"^(?:## )?{heading}:?$", REFERENCE, flags=re.MULTILINE)[1]
    (items, *_) = re.findall(r"(?:^- `.*\n(?:  .*\n)*)+", below, re.MULTILINE)
    starts = re.findall(r"^- ([^:]+):", items, re.MULTILINE)
    return [name for start in starts for name in re.findall(r"`([^`]+)`", start)]


def test_the_walk_over_the_settings_finds_the_nested_ones() -> None:
    """Otherwise the next tests would pass for want of keys."""
    assert {"authentik.url", "accounts[].groups", "accounts[].forgejo[].secret"} <= SETTINGS.keys()


def test_every_setting_has_a_row_and_every_row_a_setting() -> None:
    """No key is missing from the table, and none is left in it after it went."""
    # The list as a whole has a row, too: it may be in a file.
    wanted = {*SETTINGS, "accounts"}
    assert set(table("docs/reference.md", "Key")) == wanted


@pytest.mark.parametrize("path", SETTINGS)
def test_a_setting_s_row_says_its_default(path: str) -> None:
    """The default itself, or that the key is required."""
    cell = table("docs/reference.md", "Key")[path].split("|")[2].strip()
    default = SETTINGS[path]

    if default is None:
        assert cell not in ("", "required")
    elif default is PydanticUndefined:
        assert cell == "required"
    elif isinstance(default, list):
        assert cell == f"`[{', '.join(default)}]`"
    elif isinstance(default, bool):
        assert cell == f"`{str(default).lower()}`"
    else:
        assert cell == (f"`{default:g}`" if isinstance(default, float) else f"`{default}`")


def test_every_output_has_an_entry_and_every_entry_an_output() -> None:
    """The list is what `pulumi stack output accounts` shows."""
    assert "rotates_on" in _outputs()
    assert set(_listed("Outputs")) == _outputs()


def test_every_error_class_has_an_entry_and_every_entry_a_class() -> None:
    """The base is in the text below the list."""
    assert "`ReconcileError`" in REFERENCE
    assert set(_listed("Errors")) == {*_errors(), SettingsError.__name__} - {"ReconcileError"}


def test_every_environment_variable_that_is_read_has_an_entry() -> None:
    """And none is of one that nobody reads, beside Pulumi's and the proxies'."""
    ours = {
        name
        for name in _listed("Environment variables")
        if not name.startswith("PULUMI_") and not name.endswith("_PROXY")
    }

    assert {"AUTHENTIK_TOKEN", "OP_CONNECT_HOST", "ZOT_CI_DEBUG"} <= _read_by_components()
    # Put together from a server's name.
    assert ForgejoServer("https://a.test", "<name>").variable in ours
    assert ours - {"FORGEJO_TOKEN_<NAME>"} == _read_by_components() | _read_by_the_script()


def test_the_variables_that_point_the_tests_at_real_servers_are_named() -> None:
    """All that tests/world.py knows."""
    named = {name for name in _variables(ROOT / "tests/world.py") if name.startswith("ZOT_CI_TEST_")}

    assert named
    assert {name for name in named if f"`{name}`" not in read("CONTRIBUTING.md")} == set()


def _named(value: Any, path: str = "") -> Iterator[str]:
    """Every key of a stack file's configuration that is no mapping, as the reference has it."""
    if path in ("", *_INNER) and isinstance(value, dict):
        for name, inner in value.items():
            step = "<name>" if path == "forgejoServers" else name.removeprefix("zot-ci:")
            yield from _named(inner, f"{path}.{step}".lstrip("."))
    elif path in _INNER and isinstance(value, list):
        for inner in value:
            yield from _named(inner, path)
    else:
        yield path


# The keys that hold others: a list's are those of its elements.
_INNER = {key.replace("[]", "")[: end.start()] for key in SETTINGS for end in re.finditer(r"\.", key.replace("[]", ""))}


def test_the_example_of_a_stack_file_shows_every_setting() -> None:
    """And nothing that is none; it is loaded in tests/settings/test_taken.py."""
    example = yaml.safe_load(read("stacks/Pulumi.example.yaml"))["config"]

    assert set(_named(example)) == {key.replace("[]", "") for key in SETTINGS}
    assert "(stacks/Pulumi.example.yaml)" in read("README.md")
