"""
README.md and docs/ against the code: what they must name is named, and what they name is there.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args, get_origin

import pulumi
import pydantic
import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types
from pydantic_core import PydanticUndefined

from components import registry_credential
from components.authentik.service_account import ServiceAccountProvider
from components.forgejo.actions_secret import ActionsSecretProvider
from components.http.errors import ReconcileError
from components.onepassword.item_field import ItemFieldProvider
from components.rotation import KeyFacts, Policy, condition, why_refused
from components.settings.model import Settings, SettingsError, load
from components.settings.systems import ForgejoServer
from components.zot.api_key import ApiKeyProvider
from components.zot.retired_keys import RetiredKeysProvider
from scripts.stack import COMMANDS, WATCHING
from tests.dynamic import wanted
from tests.dynamic.wanted import LABEL, made_by, outs_of
from tests.world import GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
# Indented ones, in lists, too.
_FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)

# The reader's own stack file, which the README has them make.
THEIRS = {"stacks/Pulumi.homelab.yaml"}


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def _prose(text: str) -> str:
    return _FENCED.sub("", text)


def _code(text: str) -> str:
    """What is set as code: fenced blocks and `spans`."""
    return "\n".join([*_FENCED.findall(text), *re.findall(r"`([^`\n]+)`", _prose(text))])


def _headings(path: Path) -> list[str]:
    return re.findall(r"^#+ (.*)$", _prose(path.read_text(encoding="utf-8")), re.MULTILINE)


def _table(header: str) -> dict[str, str]:
    """
    The rows of the table whose first column is *header*, in README or reference: the first cell's `spans` and the whole
    row.
    """
    lines = [*README.splitlines(), *REFERENCE.splitlines()]
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {header} |"))
    rows: dict[str, str] = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        for name in re.findall(r"`([^`]+)`", line.split("|")[1]):
            rows[name] = line
    return rows


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
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(registry_credential._summary)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "all"
    ]
    return {keyword.arg for call in calls for keyword in call.keywords if keyword.arg}


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
    below = [kind for kind in base.__subclasses__() if kind.__module__.startswith("components.")]
    return {base.__name__}.union(*(_errors(kind) for kind in below))


def _slug(heading: str) -> str:
    """A heading's anchor, as forges make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_the_walk_over_the_settings_finds_the_nested_ones() -> None:
    """Otherwise the next tests would pass for want of keys."""
    assert {"authentik.url", "accounts[].groups", "accounts[].forgejo[].secret"} <= SETTINGS.keys()


def test_every_setting_has_a_row_and_every_row_a_setting() -> None:
    """No key is missing from the table, and none is left in it after it went."""
    assert set(_table("Key")) >= SETTINGS.keys()
    assert {row.split("`")[1] for row in _table("Key").values()} == SETTINGS.keys()


@pytest.mark.parametrize("path", SETTINGS)
def test_a_setting_s_row_says_its_default(path: str) -> None:
    """The default itself, or that the key is required."""
    cell = _table("Key")[path].split("|")[3].strip()
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


def test_every_output_has_a_row_and_every_row_an_output() -> None:
    """The table is what `pulumi stack output accounts` shows."""
    assert "rotates_on" in _outputs()
    assert {row.split("`")[1] for row in _table("Output").values()} == _outputs()


def test_every_error_class_has_a_row_and_every_row_a_class() -> None:
    """The base is in the text below the table."""
    assert "`ReconcileError`" in REFERENCE
    assert set(_table("Class")) == {*_errors(), SettingsError.__name__} - {"ReconcileError"}


def test_every_environment_variable_that_is_read_has_a_row() -> None:
    """And no row names one that nobody reads, beside Pulumi's and the proxies'."""
    rows = _table("Environment variable")
    ours = {name for name in rows if not name.startswith("PULUMI_") and not name.endswith("_PROXY")}

    assert {"AUTHENTIK_TOKEN", "OP_CONNECT_HOST", "ZOT_CI_DEBUG"} <= _read_by_components()
    # Put together from a server's name.
    assert ForgejoServer("https://a.test", "<name>").variable in ours
    assert ours - {"FORGEJO_TOKEN_<NAME>"} == _read_by_components() | _read_by_the_script()


def test_the_variables_that_point_the_tests_at_real_servers_are_named() -> None:
    """All that tests/world.py knows."""
    named = {name for name in _variables(ROOT / "tests/world.py") if name.startswith("ZOT_CI_TEST_")}

    assert named
    assert {name for name in named if f"`{name}`" not in README} == set()


def test_every_resource_has_a_row() -> None:
    """The classes that the component makes."""
    called = {
        node.func.id
        for node in ast.walk(ast.parse(inspect.getsource(registry_credential.RegistryCredential)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id[0].isupper()
    }
    made = {name for name in called if issubclass(getattr(registry_credential, name), pulumi.Resource)}

    assert len(made) == 5
    assert set(_table("Resource")) == made


def _of_a_key(**facts: Any) -> str:
    """What is said of a key with these facts, by the policy of the reference."""
    known: dict[str, Any] = {
        "created_at": datetime(2026, 11, 24, tzinfo=UTC),
        "expires_at": datetime(2027, 3, 24, tzinfo=UTC),
        "age_days": 1.0,
    }
    return condition(KeyFacts(**(known | facts)), Policy(90, 120))


def _refused(expires: str, now: str) -> str:
    """What is said of a key that the registry refuses at that time."""
    return _of_a_key(refused=why_refused(datetime.fromisoformat(expires), datetime.fromisoformat(now)))


def _of_an_account(world: World, caplog: pytest.LogCaptureFixture, spoil: Callable[[], object]) -> str:
    """What a preview says of the account after *spoil*."""
    provider, news = ServiceAccountProvider(), wanted.account(world)
    olds = outs_of(provider.create(news))
    spoil()
    caplog.clear()
    wanted.planned(provider, "zot-ci", outs_of(provider.read("zot-ci", olds)), news)
    [record] = [record for record in caplog.records if record.levelname == "WARNING"]
    return record.getMessage().partition(": ")[2]


def _of_a_field(spoil: Callable[[], object]) -> str:
    """What a read says of the field after *spoil*."""
    olds = outs_of(ItemFieldProvider().create(wanted.field()))
    spoil()
    return str(outs_of(ItemFieldProvider().read("id", olds))["condition"])


def _of_a_secret(world: World, spoil: Callable[[], object], **olds: Any) -> str:
    """What a read says of the secret after *spoil*."""
    outs = outs_of(ActionsSecretProvider().create(wanted.secret(world)))
    spoil()
    return str(outs_of(ActionsSecretProvider().read("id", outs | olds))["condition"])


def _made_again(world: World) -> None:
    """Somebody deletes the item and makes it again."""
    vault = world.estate.onepassword.vault(VAULT)
    old = world.estate.onepassword.item(VAULT, ITEM)
    del vault.items[old.id]
    world.estate.onepassword.add_item(VAULT, ITEM)


def _published_later(world: World) -> None:
    """Somebody deletes the secret and publishes another value under its name."""
    forgejo = world.estate.forgejo
    forgejo.delete_value(OWNER, REPOSITORY, SECRET)
    forgejo.clock.advance(days=3)
    forgejo.set_value(OWNER, REPOSITORY, SECRET, "by hand")


def _stale(world: World) -> str:
    """What a read says of a key that a run which died has left."""
    current = made_by(world)
    world.estate.zot.mint("zot-ci", LABEL, age=timedelta(days=1))
    return str(outs_of(RetiredKeysProvider().read(LABEL, wanted.swept(world, current)))["condition"])


def _theirs(world: World) -> str:
    """What a read says of a key that somebody made for an exclusive account."""
    current = made_by(world)
    world.estate.zot.mint("zot-ci", "by hand")
    return str(outs_of(RetiredKeysProvider().read(LABEL, wanted.swept(world, current, exclusive=True)))["condition"])


def _newer(world: World) -> str:
    """What a read says of a key that an interrupted run made after the one in the state."""
    current = made_by(world)
    world.estate.zot.mint("zot-ci", LABEL)
    return str(outs_of(ApiKeyProvider().read(current["uuid"], current))["condition"])


# Each sentence as the reference has it, and the program's own.
CONDITIONS: dict[str, Callable[[World, pytest.LogCaptureFixture], str]] = {
    "gone: authentik shows no account zot-ci any more, or AUTHENTIK_TOKEN lacks view_user on it": (
        lambda world, log: _of_an_account(world, log, world.delete_account)
    ),
    "renamed to zot-ci-old": (
        lambda world, log: _of_an_account(world, log, lambda: world.change_account(username="zot-ci-old"))
    ),
    "left group artifact-workloads": lambda world, log: _of_an_account(world, log, lambda: world.leave(GROUP)),
    "is of type internal, not service_account": (
        lambda world, log: _of_an_account(world, log, lambda: world.change_account(type="internal"))
    ),
    "a newer key has our label: …": lambda world, _: _newer(world),
    "91 days old, rotates after 90": lambda *_: _of_a_key(age_days=91.00001),
    "expires on 2027-01-01, before it rotates on 2027-02-22": (
        lambda *_: _of_a_key(expires_at=datetime(2027, 1, 1, tzinfo=UTC))
    ),
    "refused by the registry: expired on 2027-03-24": (
        lambda *_: _refused("2027-03-24T00:00:00+00:00", "2027-03-25T00:00:00+00:00")
    ),
    "refused by the registry: revoked": (lambda *_: _refused("2027-03-24T00:00:00+00:00", "2026-12-01T00:00:00+00:00")),
    "can delete, which the settings do not expect": lambda *_: _of_a_key(may={"create": True, "delete": True}),
    "gone: the item has no field zot-ci-api any more": lambda world, _: _of_a_field(lambda: world.set_field(None)),
    "gone: another item has the name Forgejo Secrets now": lambda world, _: _of_a_field(lambda: _made_again(world)),
    "holds another value than the current key": lambda world, _: _of_a_field(lambda: world.set_field("another")),
    "gone: the repository has no such secret any more": (
        lambda world, _: _of_a_secret(world, lambda: world.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET))
    ),
    "deleted and made again elsewhere on 2026-11-24 12:35": (
        lambda world, _: _of_a_secret(world, lambda: _published_later(world))
    ),
    "canary canary.yaml ended with failure": (
        lambda world, _: _of_a_secret(world, lambda: None, canary={"workflow": "canary.yaml"}, canary_end="failure")
    ),
    "1 of others, and the account is exclusive: …": lambda world, _: _theirs(world),
    "1 more with our label: …": lambda world, _: _stale(world),
}


def test_every_condition_of_the_table_is_held_to_the_program() -> None:
    """No row is left out below, and none is checked that is not in the table."""
    assert set(CONDITIONS) == {row.split("`")[1] for row in _table("Sentence (example)").values()}


@pytest.mark.embedded
@pytest.mark.parametrize("sentence", CONDITIONS)
def test_a_condition_reads_as_in_the_table(sentence: str, signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """Word for word what a preview says. Here whole sentences are compared, and in no other test."""
    said = CONDITIONS[sentence](signed_in, caplog)

    if sentence.endswith("…"):
        assert said.startswith(sentence.removesuffix("…"))
    else:
        # A time of the embedded systems is the time of the test.
        time = r"\d{4}-\d\d-\d\d \d\d:\d\d"
        assert re.sub(time, "then", said) == re.sub(time, "then", sentence)


def test_the_example_of_a_stack_file_is_accepted() -> None:
    """As the engine hands it over: structured values as JSON. The single sign-on that comes later is added to it."""
    tokens, *example = _blocks("yaml")
    config = yaml.safe_load("".join(example))["config"]

    settings = load({key: json.dumps(value) for key, value in config.items()})

    assert settings.accounts[0].forgejo[0].secret == "ZOT_CI_API_KEY"
    assert settings.sso is not None
    assert settings.plain_http() == []
    with_tokens = load({key: json.dumps(value) for key, value in (config | yaml.safe_load(tokens)).items()})
    assert with_tokens.authentik is not None
    assert with_tokens.authentik.token == "op://blumeops/Authentik (blumeops)/api-token"
    assert with_tokens.forgejo is not None
    assert with_tokens.forgejo.token == "op://blumeops/Forgejo Secrets/api-token"


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
    example = yaml.safe_load((ROOT / "stacks/Pulumi.example.yaml").read_text(encoding="utf-8"))["config"]

    assert set(_named(example)) == {key.replace("[]", "") for key in SETTINGS}
    assert "stacks/Pulumi.example.yaml" in README


def _ids(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", DOCUMENTS, ids=_ids)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    """In code only: prose may make what it likes."""
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert {"demo", "test"} <= targets
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", _code(path.read_text(encoding="utf-8")))) - targets == set()


def test_every_command_of_the_script_is_in_the_readme_or_the_documents_and_every_one_named_exists() -> None:
    """scripts/stack.py's sub-commands, wherever they are set as code."""
    text = "\n".join(_code(path.read_text(encoding="utf-8")) for path in DOCUMENTS)
    named = set(re.findall(r"scripts/stack\.py (?:--stack \S+ )?([a-z]+)", text))

    assert named == {*COMMANDS, *WATCHING, "rotate"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=_ids)
def test_every_file_that_is_named_exists(path: Path) -> None:
    """Relative links, and paths set as code."""
    text = path.read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if "://" not in link}
    folders = "components|tests|stacks|tools|docs|scripts|bench|monitoring"
    paths = set(re.findall(rf"(?<![\w./-])(?:{folders})/[\w./-]+|__main__\.py", _code(text)))

    assert {link for link in links if not (path.parent / link).exists()} == set()
    assert {name.rstrip(".") for name in paths - THEIRS if not (ROOT / name.rstrip(".")).exists()} == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=_ids)
def test_every_heading_that_is_pointed_to_exists(path: Path) -> None:
    """Anchors, in this document and in others."""
    for target, anchor in re.findall(r"\]\(([\w./-]*)#([^)]+)\)", path.read_text(encoding="utf-8")):
        document = path.parent / target if target else path
        assert anchor in {_slug(heading) for heading in _headings(document)}, f"{target}#{anchor}"


def test_the_readme_names_every_document_and_every_picture_is_shown() -> None:
    """Nobody finds what nothing points to."""
    theirs = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    pictures = {f"docs/pictures/{path.name}" for path in (ROOT / "docs/pictures").iterdir()}

    assert theirs | {"CHANGELOG.md"} <= set(re.findall(r"\]\(([^)#]+)\)", README))
    assert pictures
    shown = set(re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README))
    for path in (ROOT / "docs").glob("*.md"):
        shown |= {f"docs/{link}" for link in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", path.read_text(encoding="utf-8"))}
    assert pictures == shown


def test_the_heading_that_the_demo_s_last_lines_name_exists() -> None:
    """Where a reader is sent after the demo."""
    (told,) = re.findall(r"README\.md, “(.*?)”", (ROOT / "tests/demo.py").read_text(encoding="utf-8"))

    assert told in _headings(ROOT / "README.md")
