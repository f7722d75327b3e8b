"""
`new`: a repository of one's own, made of a few answers; and what it says of answers that cannot be.
"""

from __future__ import annotations

import builtins
import hashlib
import json
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

from scripts.stack import main
from scripts.watch.engine import StackError
from scripts.watch.new import QUESTIONS
from scripts.watch.wheel import chosen
from tests.test_workflows import _lint
from zot_ci.settings.model import load

ROOT = Path(__file__).resolve().parents[2]
NAME = "zot_ci-0.2.0-py3-none-any.whl"
URL = f"https://forge.example.test/releases/{NAME}"
SHA256 = hashlib.sha256(b"a wheel").hexdigest()
SAID = {
    "authentik": "https://authentik.example.test",
    "zot": "https://registry.example.test",
    "forgejo": "https://forge.example.test",
    "group": "artifact-workloads",
    "vault": "blumeops",
    "item": "Forgejo Secrets",
    "repository": "eblume/blumeops",
}


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A file of the right name."""
    file = tmp_path / "downloads" / NAME
    file.parent.mkdir()
    file.write_bytes(b"a wheel")
    return file


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    # It may go on in a checkout's own environment, and this process is not to be another.
    monkeypatch.setattr("scripts.watch.command_line.use_own_python", lambda: None)


def _new(folder: Path, *arguments: str, **said: str) -> int:
    options = [f"--{name.replace('_', '-')}={value}" for name, value in (SAID | said).items()]
    return main(["new", str(folder), *options, *arguments])


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_repository_has_what_a_stack_needs(tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The settings are as they were said, the project is ours by its name, and the next commands are told."""
    assert _new(tmp_path / "own", f"--wheel={wheel}", stack="home") == 0

    files = _files(tmp_path / "own")
    workflows = {f".forgejo/workflows/{name}.yaml" for name in ("drift", "preview", "up", "verify")}
    around = {
        "Pulumi.yaml",
        "__main__.py",
        "requirements.txt",
        "README.md",
        ".gitignore",
        f"wheels/{NAME}",
    }
    assert set(files) == {*workflows, *around, "stacks/Pulumi.home.yaml"}
    # A part of every URN: a stack can move between a checkout and this.
    ours, theirs = (yaml.safe_load(text) for text in ((ROOT / "Pulumi.yaml").read_bytes(), files["Pulumi.yaml"]))
    assert theirs == ours
    config = yaml.safe_load(files["stacks/Pulumi.home.yaml"])["config"]
    settings = load({key: json.dumps(value) for key, value in config.items()})
    (account,) = settings.accounts
    assert (account.username, account.groups) == ("zot-ci", ["artifact-workloads"])
    assert str(account.onepassword[0].field) == "zot-ci-api"
    assert account.forgejo[0].secret == "ZOT_CI_API_KEY"
    assert settings.doubts == []
    assert "zot-ci --stack home check" in capsys.readouterr().out
    assert len(files["__main__.py"].splitlines()) < 10
    assert len([line for line in files["README.md"].splitlines() if line]) <= 14


def test_what_is_installed_is_named_by_hash_every_package_of_it(tmp_path: Path, wheel: Path) -> None:
    """A pin by name alone would one day be a stranger's: the package is on no index."""
    assert _new(tmp_path / "own", f"--wheel={wheel}") == 0
    assert _new(tmp_path / "other", f"--wheel={URL}", f"--sha256={SHA256}", "--extras") == 0

    own, other = ((tmp_path / name / "requirements.txt").read_text() for name in ("own", "other"))
    assert own == f"./wheels/{NAME} --hash=sha256:{SHA256}\n{(ROOT / 'requirements.lock').read_text()}"
    lock = (ROOT / "requirements-extras.lock").read_text()
    assert other == f"zot-ci @ {URL} --hash=sha256:{SHA256}\n{lock}"
    assert (tmp_path / "own/wheels" / NAME).read_bytes() == b"a wheel"
    assert not (tmp_path / "other/wheels").exists()


def test_the_workflows_run_the_installed_command(tmp_path: Path, wheel: Path) -> None:
    """And nothing of a checkout is left in them."""
    assert _new(tmp_path / "own", f"--wheel={wheel}", stack="home") == 0

    for path in sorted((tmp_path / "own/.forgejo/workflows").iterdir()):
        text = path.read_text()
        for gone in ("make ", "scripts/", "docs/", "tools/", "requirements.lock", "blumeops"):
            assert gone not in text, path.name
        assert yaml.safe_load(text)["env"]["STACK"] == "home"
        assert '.venv/bin/zot-ci --stack "$STACK" ' in text
        assert "--require-hashes -r requirements.txt" in text
        run = _lint(path)
        assert run.returncode == 0, run.stdout


def test_what_was_not_said_is_asked_for_on_a_terminal(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what is usual in brackets: Return takes it."""
    asked: list[str] = []

    def answer(text: str) -> str:
        asked.append(text)
        name = next(question.name for question in QUESTIONS if text.startswith(question.text))
        return {**SAID, "username": "ci-talos"}.get(name, "")

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(builtins, "input", answer)

    assert main(["new", str(tmp_path / "own"), f"--wheel={wheel}", "--stack=home"]) == 0

    assert len(asked) == len(QUESTIONS) - 1
    assert "the Actions secret's name there [CI_TALOS_API_KEY]: " in asked
    (account,) = yaml.safe_load((tmp_path / "own/stacks/Pulumi.home.yaml").read_text())["config"]["zot-ci:accounts"]
    assert (account["username"], account["onepassword"]["field"]) == ("ci-talos", "ci-talos-api")
    assert account["forgejo"][0]["secret"] == "CI_TALOS_API_KEY"


def test_a_name_is_text_whatever_it_looks_like(tmp_path: Path, wheel: Path) -> None:
    """YAML would read some as a number, a truth value or a comment."""
    names = {"vault": "0x10", "item": "yes: # $stack", "field": 'a "quoted" ü', "group": "1:30"}
    assert _new(tmp_path / "own", f"--wheel={wheel}", **names) == 0

    (account,) = yaml.safe_load((tmp_path / "own/stacks/Pulumi.homelab.yaml").read_text())["config"]["zot-ci:accounts"]
    assert {**account["onepassword"], "group": account["groups"][0]} == names


def _full(folder: Path) -> None:
    folder.mkdir()
    (folder / "theirs").write_text("theirs")


# By what is wrong: what is arranged, the arguments, and what the line must say.
BAD: dict[str, tuple[Callable[[Path], object], list[str], list[str]]] = {
    "not empty": (_full, [], ["is not empty, it has theirs", "name a new folder"]),
    "a file": (lambda folder: folder.write_text("theirs"), [], ["cannot be used as a folder: Not a directory"]),
    "a stack's name": (lambda _: None, ["--stack=a b"], ["'a b' is no stack's name", "letters, digits"]),
    "no https": (lambda _: None, ["--zot=registry"], ["zot-ci:zot", "url"]),
    "a repository's name": (lambda _: None, ["--repository=blumeops"], ["repository must be owner/name"]),
    "no such wheel": (lambda _: None, [f"--wheel=nowhere/{NAME}"], ["cannot be read: No such file", "--wheel"]),
    "another's wheel": (lambda _: None, ["--wheel=other-1-py3-none-any.whl"], ["is no wheel of zot-ci"]),
    "a wheel's hash": (
        lambda _: None,
        [f"--sha256={'0' * 64}"],
        ["another file than was meant", SHA256],
    ),
    "no hash": (lambda _: None, ["--sha256=abc"], ["is no SHA-256", "SHA256SUMS"]),
    "a URL without its hash": (lambda _: None, [f"--wheel={URL}"], ["needs --sha256", "SHA256SUMS"]),
    "a URL with a password": (
        lambda _: None,
        ["--wheel=https://me:secret@forge.example.test/" + NAME, f"--sha256={SHA256}"],
        ["https URL without credentials"],
    ),
    "plain http": (
        lambda _: None,
        [f"--wheel=http://forge.example.test/{NAME}", f"--sha256={SHA256}"],
        ["https URL without credentials"],
    ),
    "no text for a stack file": (lambda _: None, ["--vault=a\x7fb"], ["a character that a stack file cannot have"]),
    "an answer too few": (lambda _: None, ["--vault="], ["say these too: --vault"]),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_is_one_line_and_nothing_is_written(
    what: str, tmp_path: Path, wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says what to change; what is there stays as it is."""
    arrange, arguments, words = BAD[what]
    folder = tmp_path / "own"
    arrange(folder)
    before = (folder.exists(), _files(tmp_path))

    assert _new(folder, f"--wheel={wheel}", *arguments) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("stack: ")
    assert said.err.count("\n") == 1, said.err
    assert [word for word in words if word not in said.err] == []
    assert "secret@" not in said.err
    assert (folder.exists(), _files(tmp_path)) == before


def test_a_new_clone_of_an_empty_repository_is_empty(tmp_path: Path, wheel: Path) -> None:
    """What git keeps there is nobody's work yet."""
    (tmp_path / "own/.git").mkdir(parents=True)

    assert _new(tmp_path / "own", f"--wheel={wheel}") == 0


class _Told:
    """What the installer has recorded of this package."""

    def __init__(self, url: str | None, sha256: str = SHA256) -> None:
        self._text = None if url is None else json.dumps({"url": url, "archive_info": {"hashes": {"sha256": sha256}}})

    def read_text(self, _: str) -> str | None:
        """The one file that is asked for."""
        return self._text


def test_the_installed_package_knows_its_own_wheel(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pip records it (PEP 610): a file, as long as it is that one, or a URL."""

    def told(found: _Told) -> None:
        monkeypatch.setattr("scripts.watch.wheel.distribution", lambda _: found)

    told(_Told(wheel.as_uri()))
    assert chosen(None, None).requirement == f"./wheels/{NAME} --hash=sha256:{SHA256}"
    told(_Told(URL))
    assert chosen(None, None).requirement == f"zot-ci @ {URL} --hash=sha256:{SHA256}"
    told(_Told(wheel.as_uri(), "0" * 64))
    with pytest.raises(StackError, match="another file than was meant"):
        chosen(None, None)
    told(_Told(None))
    with pytest.raises(StackError, match="name one with --wheel"):
        chosen(None, None)

    def nothing(_: str) -> None:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr("scripts.watch.wheel.distribution", nothing)
    with pytest.raises(StackError, match="name one with --wheel"):
        chosen(None, None)
