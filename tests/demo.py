"""
The whole story on the stack `demo`, with the real engine and the embedded systems: `make demo`.

Each step is announced by a line, then comes what matters of what Pulumi prints; VERBOSE=1 shows all of it. A step whose
outcome is not what the line says ends the demo with exit code 1.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from tests.engine.stack import ROOT, engine_environment
from tests.estate import Estate, PortTakenError
from tests.estate.core import stamp
from tests.image import push
from tests.shown import STYLES, shortened
from tests.world import FIELD, GROUP, ITEM, OWNER, REPOSITORY, SECRET, VAULT, World, credentials

# Those of stacks/Pulumi.demo.yaml.
PORTS = {"authentik": 29101, "zot": 29102, "onepassword": 29103, "forgejo": 29104}
DRIFT = 7
VERBOSE = bool(os.environ.get("VERBOSE"))
# The values that differ are long, and the sentences say the same.
DIFF = ("--diff",) if VERBOSE else ()
# Of the arguments, what makes the command another one; the rest is for a run without a person.
FOR_A_READER = {"--expect-no-changes"}

console = Console(highlight=False, soft_wrap=True)


class DemoError(Exception):
    """
    A step did not show what it should.
    """


class Demo:
    """
    The stack `demo` in this checkout, its state in *folder*, against a running estate.
    """

    def __init__(self, estate: Estate, folder: Path) -> None:
        self.world = World(estate, estate.env, is_embedded=True)
        self.env = engine_environment(folder) | credentials(self.world) | {"PULUMI_CONFIG_PASSPHRASE": "demo"}
        self.others = self._other_fields()
        (folder / "state").mkdir()
        self.pulumi("stack", "init", "demo", quiet=True)

    def pulumi(self, *arguments: str, code: int = 0, words: tuple[str, ...] = (), quiet: bool = False) -> None:
        """
        Run `pulumi`, show what it prints as it comes, and insist on its exit code and on *words* in its output.
        """
        color = ["--color", "always"] if console.is_terminal and VERBOSE else []
        if not quiet:
            said = shlex.join(arguments) if VERBOSE else " ".join(arguments[:1] + tuple(FOR_A_READER & {*arguments}))
            console.print(f"    [dim]$ pulumi {said}[/dim]")
        process = subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", *color],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        kept: list[str] = []
        lines = _kept(process.stdout, kept)
        if VERBOSE and not quiet:
            for line in lines:
                if line.strip():
                    print("   ", line, end="", flush=True)
        for found in shortened(lines):
            if not quiet:
                console.print(Text("    " + found.text, style=STYLES[found.kind]))
        text = "".join(kept)
        if process.wait() != code:
            raise DemoError(f"pulumi {arguments[0]} ended with {process.returncode}, not {code}:\n{text}")
        missing = [word for word in words if word not in text]
        if missing:
            raise DemoError(f"pulumi {arguments[0]} did not say: {'; '.join(missing)}\n{text}")

    def up(self, *words: str) -> None:
        self.pulumi("up", "--stack", "demo", "--yes", "--skip-preview", "--suppress-progress", words=words)

    def preview(self, *words: str, drift: bool) -> None:
        arguments = ("--stack", "demo", *DIFF, "--expect-no-changes", "--suppress-outputs", "--suppress-progress")
        self.pulumi("preview", *arguments, code=DRIFT if drift else 0, words=words)
        console.print(f"    exit code {DRIFT}: something to do" if drift else "    exit code 0: in sync")

    def push(self, key: str | None, tag: str) -> int:
        return push(self.world.zot_url, self.world.username, key or "", "demo/image", tag)

    def break_four_things(self) -> None:
        """
        What happens to an estate when nobody looks.
        """
        key = self.world.field() or ""
        (uuid,) = self.world.ours(key, "demo")
        self.world.leave(GROUP)
        self.world.revoke(key, uuid)
        self.world.set_field("edited by hand")
        self.world.estate.forgejo.delete_value(OWNER, REPOSITORY, SECRET)

    def tell(self) -> None:
        """
        The story.
        """
        step(
            "1. An empty estate. One `pulumi up` makes the account, logs it in, and makes, stores and publishes a key."
        )
        self.up()
        insist(self.push(self.world.secret(), "one") == 201, "CI pushes demo/image:one with the published key")

        step("2. Nothing to do: the preview is empty.")
        self.preview(drift=False)

        step("3. Four things are broken by hand: group left, key revoked, field edited, secret deleted.")
        self.break_four_things()
        words = ("refused by the registry: revoked", "holds another value", "has no such secret any more", GROUP)
        self.preview(*words, drift=True)
        step("4. One `pulumi up` reconciles all four.")
        self.up()
        insist(self.push(self.world.secret(), "two") == 201, "CI pushes demo/image:two")

        step("5. The key grows 91 days old.")
        # And not the registry's clock, of which the program would warn.
        for key in self.world.estate.zot.of(self.world.username):
            key.created_at = stamp(self.world.estate.clock.now() - timedelta(days=91))
        old = self.world.secret()
        self.preview("91 days old, rotates after 90", drift=True)
        step("6. `pulumi up` rotates: the old key makes the new one, and nobody logs in.")
        self.up()
        insist(self.push(self.world.secret(), "three") == 201, "CI pushes demo/image:three with the new key")
        insist(self.push(old, "four") == 401, "the old key is refused")
        self.preview(drift=False)

    def destroy(self) -> None:
        step("7. `pulumi destroy` takes away what was made, and nothing else.")
        self.pulumi("destroy", "--stack", "demo", "--yes", "--skip-preview", "--suppress-progress")
        insist(self.world.secret() is None and self.world.account() is None, "secret and account are gone")
        insist(self._other_fields() == self.others, "the other fields of the shared item are what they were")

    def _other_fields(self) -> list[dict[str, Any]]:
        return self.world.estate.onepassword.other_fields(VAULT, ITEM, FIELD)


def step(line: str) -> None:
    """
    Announce a step.
    """
    console.print(f"\n[bold cyan]{line}[/bold cyan]")


def _kept(lines: Iterable[str], kept: list[str]) -> Iterator[str]:
    """
    Yield the lines, and keep each.
    """
    for line in lines:
        kept.append(line)
        yield line


def insist(fact: bool, line: str) -> None:
    """
    Say a fact that was just seen, or stop.
    """
    if not fact:
        raise DemoError(f"not so: {line}")
    console.print(f"    [bold green]seen:[/bold green] {line}")


def keep(env: Mapping[str, str], folder: Path) -> None:
    """
    Leave everything up, and say how to go on by hand.
    """
    names = ("PULUMI_BACKEND_URL", "PULUMI_HOME", "PULUMI_CONFIG_PASSPHRASE")
    console.print("\nThe systems stay up until Ctrl-C. In another terminal, in this folder:\n")
    console.print("  . .venv/bin/activate")
    for name in (*names, "AUTHENTIK_TOKEN", "FORGEJO_TOKEN", "OP_CONNECT_HOST", "OP_CONNECT_TOKEN"):
        console.print(f"  export {name}={shlex.quote(env[name])}")
    console.print("  export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true")
    console.print("  pulumi preview --stack demo --diff")
    console.print("  # 91 days pass:")
    console.print(f"""  curl -X POST http://127.0.0.1:{PORTS["zot"]}/_estate/clock -d '{{"days": 91}}'\n""")
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def main() -> int:
    """
    Tell the story; exit code 0 if all of it was seen.
    """
    started = time.monotonic()
    staying = bool(os.environ.get("KEEP"))
    try:
        with tempfile.TemporaryDirectory() as name, Estate.start(ports=PORTS) as estate:
            demo = Demo(estate, Path(name))
            demo.tell()
            if staying:
                keep(demo.env, Path(name))
            else:
                demo.destroy()
    except (DemoError, PortTakenError) as exc:
        print(f"demo: {exc}", file=sys.stderr)
        return 1
    seconds = time.monotonic() - started
    console.print("\nFor your own estate: README.md, “Quick start”.")
    told = "first key, empty preview, four drifts reconciled, a rotation" + ("" if staying else ", a clean destroy")
    console.print(f"demo: {told}, in {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
