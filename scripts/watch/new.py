"""
Makes a repository with everything that a stack needs, and with the addresses and names of the user's systems.

The package is on no index, so a requirement by its name could one day install a stranger's package. `requirements.txt`
therefore has the wheel by file or URL with its hash, and its dependencies by the lock that it was tested with.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from .engine import CALLED, IS_CHECKOUT, ROOT, StackError
from .wheel import Wheel, chosen

_TEMPLATES = Path(__file__).with_name("repository")
# Files that are copied there when the package is built; a checkout has them in their own places.
_KEPT = Path(__file__).with_name("kept")
_WORKFLOWS = ("drift", "preview", "up", "verify")
# The engine's rule for a stack's name (3.250 and 3.276, measured).
_STACK = re.compile(r"[A-Za-z0-9_.-]{1,100}")
# Replaces `make tools` and `make venv` in a checkout's workflows.
_INSTALL = "python3 -m venv .venv && .venv/bin/pip install --quiet --require-hashes -r requirements.txt"


@dataclass(frozen=True)
class Question:
    """
    A value that is needed. *default* makes it from known values; None if the user has to give it.
    """

    name: str
    text: str
    default: Callable[[Mapping[str, str]], str] | None = None

    @property
    def option(self) -> str:
        """
        Its option on the command line.
        """
        return f"--{self.name.replace('_', '-')}"


QUESTIONS = (
    Question("stack", "the stack's name; part of each key's label", lambda _: "homelab"),
    Question("authentik", "authentik's URL"),
    Question("zot", "the registry's URL"),
    Question("oidc_provider", "the registry's name for authentik", lambda _: "oidc"),
    Question("forgejo", "the forge's URL"),
    Question("username", "the account that pushes", lambda _: "zot-ci"),
    Question("group", "the account's group in authentik"),
    Question("vault", "the 1Password vault of the key"),
    Question("item", "the item in it"),
    Question("field", "the field in that", lambda known: f"{known['username']}-api"),
    Question("repository", "the repository whose CI gets the key, as owner/name"),
    Question(
        "secret",
        "the Actions secret's name there",
        lambda known: re.sub(r"\W", "_", f"{known['username']}_API_KEY").upper(),
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Add the arguments of `new` to its parser.
    """
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="a new folder, or an empty one; nothing is overwritten"
    )
    for question in QUESTIONS:
        parser.add_argument(question.option, dest=f"new_{question.name}", metavar="TEXT", help=question.text)
    parser.add_argument("--wheel", metavar="FILE|URL", help="the package; the installed one's own file if left out")
    parser.add_argument("--sha256", metavar="HEX", help="what the wheel's hash must be; needed with a URL")
    parser.add_argument(
        "--extras", action="store_true", help="with what single features need: notices, metrics, a service account"
    )


def new(options: argparse.Namespace) -> int:
    """
    Make the repository and print what to do next; return 0. On a terminal, ask for values without an option.

    Changed outside: the folder, which has to be new or empty.

    Raises:
        StackError: the folder, a name, an address or the wheel is invalid; nothing was written.
    """
    folder: Path = options.folder
    _insist_on_an_empty_folder(folder)
    answers = {question.name: getattr(options, f"new_{question.name}") for question in QUESTIONS}
    _insist_on_a_stack_name(answers["stack"])
    wheel = chosen(options.wheel, options.sha256)
    known = _answered(answers)
    _insist_on_a_stack_name(known["stack"])
    texts = _texts(known, wheel, "requirements-extras.lock" if options.extras else "requirements.lock")
    _insist_on_settings(texts[f"stacks/Pulumi.{known['stack']}.yaml"])
    _write(folder, texts, wheel)
    print(f"made {folder}: {len(texts)} files{f' and {wheel.file.name}' if wheel.file else ''}; next:")
    print(f"  cd {folder} && python3 -m venv .venv && . .venv/bin/activate")
    print("  pip install --require-hashes -r requirements.txt")
    print(f"  zot-ci --stack {known['stack']} check")
    return 0


def _insist_on_an_empty_folder(folder: Path) -> None:
    try:
        # A newly made git repository counts as empty.
        there = sorted(path.name for path in folder.iterdir() if path.name != ".git")
    except FileNotFoundError:
        return
    except OSError as exc:
        msg = f"{folder} cannot be used as a folder: {exc.strerror}; name another one"
        raise StackError(msg) from None
    if there:
        msg = f"{folder} is not empty, it has {there[0]}: nothing is overwritten; name a new folder"
        raise StackError(msg)


def _insist_on_a_stack_name(stack: str | None) -> None:
    if stack is not None and not _STACK.fullmatch(stack):
        msg = f"{stack!r} is no stack's name: Pulumi takes up to 100 letters, digits, '-', '_' and '.'"
        raise StackError(msg)


def _answered(given: Mapping[str, str | None]) -> dict[str, str]:
    """
    Return a value for every question: the *given* one, or a person's answer on a terminal.
    """
    known: dict[str, str] = {}
    asks = sys.stdin.isatty()
    missing = []
    for question in QUESTIONS:
        said = given[question.name]
        if said is None and asks:
            default = question.default(known) if question.default else ""
            said = _ask(f"{question.text}{f' [{default}]' if default else ''}: ", default)
        if said is None and question.default:
            said = question.default(known)
        if not said:
            missing.append(question.option)
        known[question.name] = said or ""
    if missing:
        msg = f"nothing was made, say these too: {', '.join(missing)} (`{CALLED} new --help` says what they are)"
        raise StackError(msg)
    return known


def _ask(text: str, default: str) -> str:
    try:
        return input(text).strip() or default
    except EOFError:
        print()
        return default


def _texts(known: Mapping[str, str], wheel: Wheel, lock: str) -> dict[str, str]:
    """
    Return every file's text by its path.
    """
    # Quoted as JSON, which is valid YAML, any name stays one text.
    quoted = {name: json.dumps(value, ensure_ascii=False) for name, value in known.items()} | {"stack": known["stack"]}
    stack = Template(_template("stack.yaml")).substitute(quoted)
    return {
        "Pulumi.yaml": _template("Pulumi.yaml"),
        "__main__.py": _template("__main__.py.txt"),
        ".gitignore": _template("gitignore"),
        "README.md": Template(_template("README.md")).substitute(known),
        "requirements.txt": f"{wheel.requirement}\n{_kept(lock)}",
        f"stacks/Pulumi.{known['stack']}.yaml": stack,
        **{
            f".forgejo/workflows/{name}.yaml": _workflow(_kept(f"examples/workflows/{name}.yaml"), known["stack"])
            for name in _WORKFLOWS
        },
    }


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _kept(path: str) -> str:
    file = ROOT / path if IS_CHECKOUT else _KEPT / Path(path).name
    return file.read_text(encoding="utf-8")


def _workflow(text: str, stack: str) -> str:
    """
    Return a checkout's workflow, adapted to a repository without a checkout.
    """
    text = re.sub(r"^# To use it, copy it to .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r" If yours does not, see docs/ci\.md\.", "", text)
    text = re.sub(r"^  STACK: .*$", f"  STACK: {stack}", text, flags=re.MULTILINE)
    text = re.sub(r"- run: make (tools|venv)$", f"- run: {_INSTALL}", text, flags=re.MULTILINE)
    text = text.replace("requirements.lock", "requirements.txt").replace('"tools/**"', '"wheels/**"')
    return text.replace("scripts/stack.py", ".venv/bin/zot-ci")


def _insist_on_settings(stack_file: str) -> None:
    """
    Check the settings in the text of a stack file.

    Raises:
        StackError: the program would refuse them; with a line for each fault.
    """
    # Imported here, since they need packages.
    import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

    from zot_ci.settings.model import SettingsError, load

    try:
        config = yaml.safe_load(stack_file)["config"]
    except yaml.YAMLError as exc:
        msg = f"an answer has a character that a stack file cannot have: {getattr(exc, 'reason', 'no YAML')}"
        raise StackError(msg) from None
    try:
        load({key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()})
    except SettingsError as exc:
        # Without the first line, which is about a stack file that does not exist yet.
        raise StackError("\n".join(line.strip() for line in str(exc).splitlines()[1:])) from None


def _write(folder: Path, texts: Mapping[str, str], wheel: Wheel) -> None:
    try:
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            with (folder / path).open("x", encoding="utf-8") as out:
                out.write(text)
        if wheel.file:
            (folder / "wheels").mkdir()
            shutil.copyfile(wheel.file, folder / "wheels" / wheel.file.name)
    except OSError as exc:
        msg = f"{exc.filename or folder} cannot be written: {exc.strerror}"
        raise StackError(msg) from None
