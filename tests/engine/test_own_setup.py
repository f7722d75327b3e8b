"""
scripts/stack.py where people set the engine up as they like: how they choose a stack, where their settings stand, which
of the engine's variables they set, and in which locale.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

from scripts.watch.engine import HANDED_ON
from tests.choice import some
from tests.engine.stack import ROOT, Run, Stack
from tests.engine.test_stack_script import script
from tests.locales import latin_1 as latin_1
from tests.world import ITEM, VAULT, World

pytestmark = pytest.mark.embedded

READY = "ready: nothing that can be read stands in the way of the first `up` of test"


def unnamed(stack: Stack, *arguments: str, **env: str) -> Run:
    """
    Run the script without --stack.
    """
    link = stack.project / "scripts"
    if not link.exists():
        link.symlink_to(ROOT / "scripts")
    process = subprocess.run(
        [sys.executable, str(link / "stack.py"), *arguments],
        env=stack.env | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
    )
    return Run(process.returncode, process.stdout)


def stack_file(stack: Stack, name: str = "test") -> Path:
    """Where a stack's settings stand."""
    return stack.project / "stacks" / f"Pulumi.{name}.yaml"


def several_stacks(stack: Stack) -> None:
    """A second one, whose settings nobody could use."""
    stack_file(stack, "another").write_text("config:\n  zot-ci:zot: nonsense\n")


def into_the_project(stack: Stack, form: Callable[[Any], Any]) -> None:
    """Move every setting from the stack file into the project file, in one of its forms."""
    project = stack.project / "Pulumi.yaml"
    text = project.read_text()
    project.unlink()
    settings = yaml.safe_load(stack_file(stack).read_text())["config"]
    block = {key.removeprefix("zot-ci:"): form(value) for key, value in settings.items()}
    project.write_text(f"{text}\nconfig: {json.dumps(block)}\n")
    stack.configure({})


def encrypt(stack: Stack) -> None:
    """Somebody keeps the registry's address from readers of the file."""
    url = yaml.safe_load(stack_file(stack).read_text())["config"]["zot-ci:zot"]["url"]
    run = stack.by_passphrase().pulumi("config", "set", "--secret", "--path", "zot-ci:zot.url", url)
    assert run.code == 0, run.text
    assert "secure:" in stack_file(stack).read_text()


def write(stack: Stack, old: str, new: str) -> None:
    """Change the text of the stack file."""
    text = stack_file(stack).read_text()
    assert old in text
    stack_file(stack).write_text(text.replace(old, new))


def select(stack: Stack) -> None:
    """As `pulumi stack select` does; the next command has no --stack."""
    several_stacks(stack)
    assert stack.pulumi("stack", "select").code == 0


# Each form of a stack's settings: how it comes about, variables, and whether it can be used.
FORMS: dict[str, tuple[Callable[[Stack], object], dict[str, str], bool]] = {
    "the only one": (lambda stack: stack.pulumi("stack", "select"), {}, True),
    "selected among several": (select, {}, True),
    "PULUMI_STACK": (several_stacks, {"PULUMI_STACK": "test"}, True),
    "PULUMI_STACK with organization and project": (several_stacks, {"PULUMI_STACK": "organization/zot-ci/test"}, True),
    "in the project, with value": (
        lambda stack: into_the_project(stack, lambda value: {"value": value}),
        {"PULUMI_STACK": "test"},
        True,
    ),
    "an encrypted setting": (encrypt, {"PULUMI_STACK": "test"}, True),
    "an encrypted setting, no passphrase": (
        encrypt,
        {"PULUMI_STACK": "test", "PULUMI_CONFIG_PASSPHRASE": ""},
        False,
    ),
    "a secret of another namespace": (
        lambda stack: stack.pulumi("config", "set", "--secret", "aws:secretKey", "abc"),
        {"PULUMI_STACK": "test"},
        True,
    ),
    "keys without a namespace": (lambda stack: write(stack, "zot-ci:", ""), {"PULUMI_STACK": "test"}, True),
    "a date without quotes": (
        lambda stack: write(stack, '"username": "zot-ci"', '"username": "zot-ci", "rotation": 2026-01-01'),
        {"PULUMI_STACK": "test"},
        False,
    ),
    "yes, which is text to the engine": (
        lambda stack: write(stack, '"username": "zot-ci"', '"username": "zot-ci", "exclusive": yes'),
        {"PULUMI_STACK": "test"},
        False,
    ),
    "an address that YAML 1.1 reads as a number": (
        lambda stack: write(stack, '"username": "zot-ci"', '"username": "zot-ci", "rotation": 12:30'),
        {"PULUMI_STACK": "test"},
        True,
    ),
    "a mapping that takes over another": (
        lambda stack: write(stack, '"username": "zot-ci"', '<<: {"username": "a"}, "username": "zot-ci"'),
        {"PULUMI_STACK": "test"},
        True,
    ),
    "a mapping that takes over another twice": (
        lambda stack: write(stack, '"username": "zot-ci"', '<<: {}, <<: {}, "username": "zot-ci"'),
        {"PULUMI_STACK": "test"},
        False,
    ),
    "a key that is a list": (
        lambda stack: write(stack, '"username": "zot-ci"', '"username": "zot-ci", [1]: 2'),
        {"PULUMI_STACK": "test"},
        False,
    ),
    "a key that is there twice": (
        lambda stack: write(stack, '"username": "zot-ci"', '"username": "zot-ci", "username": "zot-ci"'),
        {"PULUMI_STACK": "test"},
        False,
    ),
}


@pytest.mark.parametrize("form", some("forms of the settings", {form: form for form in FORMS}, 6))
def test_check_and_preview_agree_on_every_form_of_the_settings(form: str, stack: Stack) -> None:
    """With the engine, and before it knows the stack, from the files; nothing encrypted is shown."""
    arrange, env, can_be_used = FORMS[form]
    arrange(stack)

    preview = unnamed(stack, "preview", **env)
    check = unnamed(stack, "check", **env)
    before = unnamed(stack, "check", **env | {"PULUMI_BACKEND_URL": "file:///nowhere", "PULUMI_STACK": "test"})

    assert (preview.code == 0) is can_be_used, preview.text
    assert (check.code == 0) is can_be_used, (preview.text, check.text)
    if "encrypted" in form:
        # What only the engine can read is named, and nothing is said of the rest.
        assert before.code == 1
        assert re.search(r"stacks/Pulumi.test.yaml: zot-ci:zot is encrypted \(`secure:`\)", before.text)
    else:
        assert (before.code == 0) is can_be_used, (preview.text, before.text)
    for run in (check, before):
        assert (READY in run.text) is (run.code == 0)
        assert "Traceback" not in run.text
        assert "v1:" not in run.text


def test_settings_that_only_the_project_has_are_found_before_there_is_a_stack(stack: Stack) -> None:
    """Each form of the block: the value itself, `value`, and the `default` of a typed one."""
    forms: list[Callable[[Any], Any]] = [
        lambda value: value if isinstance(value, list) else {"value": value},
        lambda value: (
            {"type": "array", "items": {"type": "object"}, "default": value}
            if isinstance(value, list)
            else {"value": value}
        ),
    ]
    settings = yaml.safe_load(stack_file(stack).read_text())["config"]
    text = (stack.project / "Pulumi.yaml").read_text()
    (stack.project / "Pulumi.yaml").unlink()
    stack.configure({})
    for form in forms:
        block = {key: form(value) for key, value in settings.items()}
        (stack.project / "Pulumi.yaml").write_text(f"{text}\nconfig: {json.dumps(block)}\n")

        run = script(stack, "check", PULUMI_BACKEND_URL="file:///nowhere")

        assert run.code == 0, run.text
        assert READY in run.text


def test_without_any_name_the_known_ones_are_said(stack: Stack) -> None:
    """Nothing is selected, and there are several."""
    several_stacks(stack)

    run = unnamed(stack, "check", PULUMI_BACKEND_URL="file:///nowhere")

    assert run.code == 1
    assert run.text == "stack: there are several stacks: name one with --stack: another, test\n"


def listed(stack: Stack) -> list[str]:
    """Every variable that this engine says it reads."""
    run = stack.pulumi("about", "env", streams="out")
    return re.findall(r"^(PULUMI_\w+)", run.text, re.MULTILINE)


def document(run: Run) -> Any:
    """The status document, without what another second changes."""
    assert run.code == 0, run.text
    found = json.loads(run.text)
    for account in found["accounts"]:
        del account["key"]["age_days"]
    del found["looked_at"]
    return found


def looks(stack: Stack, **env: str) -> list[Any]:
    """What the four commands that look say, without what another second changes."""
    summary, status = script(stack, "summary", **env), script(stack, "status", "--json", **env)
    metrics = script(stack, "metrics", **env)
    page = stack.folder / "page.html"
    report = script(stack, "report", "--html", str(page), **env)
    assert [run.code for run in (summary, status, metrics, report)] == [0, 0, 0, 0], (summary.text, status.text)
    names = [line.partition("{")[0] for line in metrics.text.splitlines()]
    return [summary.text, document(status), names, page.read_text(encoding="utf-8").count("in sync")]


def test_a_stream_of_previews_as_json_changes_nothing_that_is_said(in_sync: Stack) -> None:
    """The engine then prints one document a line."""
    assert looks(in_sync, PULUMI_ENABLE_STREAMING_JSON_PREVIEW="true") == looks(in_sync)


def test_no_variable_of_the_engine_s_own_changes_what_is_said(in_sync: Stack) -> None:
    """All that it lists and that do not say where the state is, at once: switched on, or with what nobody writes."""
    # One for each flag of each command, so that many are there more than once.
    assert len(listed(in_sync)) > 1000
    others = set(listed(in_sync)) - HANDED_ON
    assert {"PULUMI_OPTION_JSON", "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"} <= others
    plain = document(script(in_sync, "status", "--json"))

    for value in ("true", "nonsense"):
        assert document(script(in_sync, "status", "--json", **dict.fromkeys(others, value))) == plain


# What it reads and does not list, in one engine or the other; looked for in its source.
UNLISTED = {
    "PULUMI_CLOUD_SECRET_OVERRIDE",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PULUMI_CREDENTIALS_PATH",
    "PULUMI_PYTHON_CMD",
    "PULUMI_STACK",
    # The older names of PULUMI_DIY_BACKEND_…
    "PULUMI_SELF_MANAGED_STATE_GZIP",
    "PULUMI_SELF_MANAGED_STATE_LEGACY_LAYOUT",
    "PULUMI_SELF_MANAGED_STATE_ZSTD",
    # Of engines newer than 3.250.
    "PULUMI_CREDENTIAL_HELPER",
    "PULUMI_CREDENTIAL_HELPER_ARGS",
    "PULUMI_CREDENTIAL_STORE",
    "PULUMI_DEFAULT_ORGANIZATION",
    # Of engines older than 3.276.
    "PULUMI_DIY_BACKEND_LEGACY_LAYOUT",
}


def test_what_is_handed_on_are_variables_of_the_engine_s(stack: Stack) -> None:
    """No slip of the pen in the list, and none in the list of exceptions."""
    assert UNLISTED <= HANDED_ON
    assert HANDED_ON - set(listed(stack)) <= UNLISTED


FIELD = "Schlüssel → 🔑"


@pytest.mark.parametrize("by", ["the script", "the engine itself"])
def test_names_are_right_in_every_locale(by: str, world: World, stack: Stack, latin_1: dict[str, str]) -> None:
    """A field whose name that locale cannot write, from the settings to 1Password, the state and what is printed."""
    stack.configure(world.config(onepassword={"vault": VAULT, "item": ITEM, "field": FIELD}))
    stack.env |= latin_1

    up = script(stack, "up") if by == "the script" else stack.up()

    assert up.code == 0, up.text
    assert world.estate.onepassword.field(VAULT, ITEM, FIELD) == world.secret()
    stack.env = {name: value for name, value in stack.env.items() if name not in latin_1}
    assert_in_sync_in(stack)
    world.estate.onepassword.set_field(VAULT, ITEM, FIELD, "edited")
    stack.env |= latin_1
    drift = script(stack, "drift") if by == "the script" else stack.preview()
    assert drift.code == 7, drift.text
    assert f"1Password field {VAULT}/{ITEM}/{FIELD}: holds another value than the current key" in drift.text


def assert_in_sync_in(stack: Stack) -> None:
    """A preview in another locale has nothing to do."""
    preview = stack.preview()
    assert preview.code == 0, preview.text


def test_what_is_written_is_utf_8_in_every_locale(world: World, stack: Stack, latin_1: dict[str, str]) -> None:
    """Check, table, metrics and page, on both streams and in files."""
    stack.configure(world.config(onepassword={"vault": VAULT, "item": ITEM, "field": FIELD}))
    assert stack.up().code == 0
    world.estate.onepassword.set_field(VAULT, ITEM, FIELD, "edited")
    files = [stack.folder / name for name in ("metrics", "page.html", "summary.md")]

    check = script(stack, "check", **latin_1)
    summary = script(stack, "summary", GITHUB_STEP_SUMMARY=str(files[2]), **latin_1)
    metrics = script(stack, "metrics", "--output", str(files[0]), **latin_1)
    report = script(stack, "report", "--html", str(files[1]), **latin_1)

    assert [run.code for run in (check, summary, metrics, report)] == [1, 0, 0, 0], (check.text, summary.text)
    texts = [check.text, summary.text, *(file.read_text(encoding="utf-8") for file in files)]
    assert [FIELD in text for text in texts] == [True] * 5
