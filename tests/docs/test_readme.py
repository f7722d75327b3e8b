"""
README.md: short, whole, and true. That its commands work is shown by tests/engine/test_readme.py.
"""

from __future__ import annotations

import ast
import inspect
import json
import re

import pulumi
import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

from tests.docs.pages import ROOT, blocks, headings, read, table
from zot_ci import registry_credential
from zot_ci.settings.model import load

README = read("README.md")


def test_the_readme_is_short() -> None:
    """Somebody has five minutes. What is looked up has a page of its own in docs/."""
    assert len(README.split()) <= 800
    assert len(README.splitlines()) <= 150


def test_the_readme_names_every_document() -> None:
    """Nobody finds what nothing points to."""
    theirs = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    around = {path.name for path in ROOT.glob("*.md")} - {"README.md"}

    assert theirs | around | {"LICENSE"} <= set(re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README))


def test_every_resource_has_a_row_in_readme_and_reference() -> None:
    """The classes that the component makes."""
    called = {
        node.func.id
        for node in ast.walk(ast.parse(inspect.getsource(registry_credential.RegistryCredential)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id[0].isupper()
    }
    made = {name for name in called if issubclass(getattr(registry_credential, name), pulumi.Resource)}

    assert len(made) == 5
    assert set(table("README.md", "Resource")) == made
    assert set(table("docs/reference.md", "Resource")) == made


def test_the_stack_file_of_the_readme_is_accepted() -> None:
    """As the engine hands it over: structured values as JSON. Also with what other pages add to it."""
    (example,) = blocks("README.md", "yaml")
    assert len(example.splitlines()) <= 12
    config = yaml.safe_load(example)["config"]

    settings = load({key: json.dumps(value) for key, value in config.items()})

    assert settings.accounts[0].forgejo[0].secret == "ZOT_CI_API_KEY"
    assert settings.plain_http() == []
    for page in ("docs/onepassword.md", "docs/single-sign-on.md"):
        (more,) = blocks(page, "yaml")
        config |= yaml.safe_load(more)
    settings = load({key: json.dumps(value) for key, value in config.items()})
    assert settings.sso is not None
    assert settings.authentik is not None
    assert settings.authentik.token == "op://blumeops/Authentik (blumeops)/api-token"
    assert settings.forgejo is not None
    assert settings.forgejo.token == "op://blumeops/Forgejo Secrets/api-token"


def test_the_heading_that_the_demo_s_last_lines_name_exists() -> None:
    """Where a reader is sent after the demo."""
    (told,) = re.findall(r"README\.md, “(.*?)”", read("tests/demo.py"))

    assert told in headings(ROOT / "README.md")
